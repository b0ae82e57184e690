import type { AbortSignalLike, Clock } from '../../../src/lib/runtime.ts'
import type { GenerateJob, GenerateListener, GenerateResult, InferencePort } from '../../../src/protocol/inference.ts'
import { SCORE_BYTES } from '../../../src/protocol/inference.ts'
import type { ToyOptions } from '../checking/toy-inference.ts'
import { createToyInference, toyGenerate } from '../checking/toy-inference.ts'

/** The toy model at a pace of the clock, one token after the other: real sampling, real margins, noise of its own. */
export function createPacedToy(clock: Clock, options: ToyOptions & { readonly stepMs?: number } = {}): InferencePort {
  const { stepMs = 50 } = options
  const toy = createToyInference(options)

  async function generate(
    job: GenerateJob,
    listener: GenerateListener,
    signal: AbortSignalLike,
  ): Promise<GenerateResult> {
    const { tokens, scores, finish } = toyGenerate(job, options)
    for (const [index, token] of tokens.entries()) {
      try {
        await clock.sleep(stepMs, signal)
      } catch {
        // The order was ended.
        return { finish: 'cancelled', outputTokens: index }
      }
      const chunk = { tokens: [token], scores: scores.slice(index * SCORE_BYTES, (index + 1) * SCORE_BYTES) }
      await listener.onTokens(chunk)
      if (signal.aborted) {
        return { finish: 'cancelled', outputTokens: index + 1 }
      }
    }
    return { finish, outputTokens: tokens.length }
  }

  return {
    load: (model, signal) => toy.load(model, signal),
    generate,
    score: (job, signal) => toy.score(job, signal),
  }
}
