import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { ScoreJob, ScoreResult } from '../../protocol/inference.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import { MAX_MARGIN } from '../../protocol/sampling/margin.ts'
import { quantizeLogits } from '../../protocol/sampling/quantize.ts'
import { createSampler } from '../../protocol/sampling/sampler.ts'
import { writeScores } from '../../protocol/sampling/scores.ts'
import type { EndDetector } from './end-detector.ts'
import type { Sequence } from './sequence.ts'

export interface ScoreComponents {
  readonly sequence: Sequence
  readonly end: EndDetector
  readonly vocabularySize: number
}

/** Teacher-forced: the given output is fed as it is, and each of its tokens is judged by the logits before it. */
export async function scoreTokens(
  { sequence, end, vocabularySize }: ScoreComponents,
  job: ScoreJob,
  signal: AbortSignalLike,
): Promise<Omit<ScoreResult, 'numericClass'>> {
  const { prompt, output } = job
  const sampler = createSampler(job.sampling, job.samplingSeed, job.choice, vocabularySize)
  const scores = new Uint8Array(output.length * SCORE_BYTES)
  const view = new DataView(scores.buffer)
  const margins = new Int32Array(output.length)
  let ending = 'open' as ScoreResult['ending']
  let position = 0
  const judge = (logits: Float32Array): void => {
    const token = output[position] as number
    const quantized = quantizeLogits(logits)
    writeScores(quantized, token, view, position * SCORE_BYTES)
    // Behind its end an output has no right token.
    margins[position] = ending === 'open' ? sampler.margin(quantized, token) : MAX_MARGIN
    sampler.accept(token)
    ending = ending === 'open' ? (end.accept(token) ?? 'open') : ending
    position += 1
  }
  if (output.length > 0) {
    await sequence.feed([...prompt, ...output.slice(0, -1)], output.length, judge, signal)
  }
  return { scores, margins, ending }
}
