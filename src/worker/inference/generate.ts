import type { AbortSignalLike } from '../../lib/runtime.ts'
import type {
  GeneratedTokens,
  GenerateFinish,
  GenerateJob,
  GenerateListener,
  GenerateResult,
} from '../../protocol/inference.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import { quantizeLogits } from '../../protocol/sampling/quantize.ts'
import { createSampler } from '../../protocol/sampling/sampler.ts'
import { writeScores } from '../../protocol/sampling/scores.ts'
import type { EndDetector } from './end-detector.ts'
import type { Sequence } from './sequence.ts'

export interface GenerateComponents {
  readonly sequence: Sequence
  readonly end: EndDetector
  readonly vocabularySize: number
}

/**
 * The decode loop: bound sampling on each row of logits, one token at a time. At most `maxTokens` of `job` and `room` tokens.
 * A cancel is an outcome, not an error, and ends the output before the next token.
 */
export async function generateTokens(
  { sequence, end, vocabularySize }: GenerateComponents,
  job: GenerateJob,
  room: number,
  listener: GenerateListener,
  signal: AbortSignalLike,
): Promise<GenerateResult> {
  const sampler = createSampler(job.sampling, job.samplingSeed, job.choice, vocabularySize)
  const most = Math.min(job.maxTokens, room)
  let next = job.prompt
  let outputTokens = 0
  let finish: GenerateFinish | undefined
  while (finish === undefined) {
    const quantized = await feedUnlessAborted(sequence, next, signal)
    if (quantized === undefined) {
      return { finish: 'cancelled', outputTokens }
    }
    const token = sampler.choose(quantized)
    const scores = new Uint8Array(SCORE_BYTES)
    writeScores(quantized, token, new DataView(scores.buffer), 0)
    sampler.accept(token)
    outputTokens += 1
    if (!(await report(listener, { tokens: [token], scores }, signal))) {
      return { finish: 'cancelled', outputTokens }
    }
    if (end.accept(token) !== undefined) {
      finish = 'stop'
    } else if (outputTokens >= most) {
      finish = 'length'
    }
    next = [token]
  }
  return { finish, outputTokens }
}

/** False where the signal ended the wait for a slow receiver. */
async function report(listener: GenerateListener, chunk: GeneratedTokens, signal: AbortSignalLike): Promise<boolean> {
  try {
    await listener.onTokens(chunk)
    return true
  } catch (error) {
    if (signal.aborted) {
      return false
    }
    throw error
  }
}

/** Quantised logits behind the last token; undefined where the signal ended it. */
async function feedUnlessAborted(
  sequence: Sequence,
  tokens: readonly number[],
  signal: AbortSignalLike,
): Promise<Int32Array | undefined> {
  let quantized: Int32Array | undefined
  if (signal.aborted) {
    return undefined
  }
  try {
    await sequence.feed(tokens, 1, (logits) => (quantized = quantizeLogits(logits)), signal)
  } catch (error) {
    if (!signal.aborted) {
      throw error
    }
  }
  return signal.aborted ? undefined : quantized
}
