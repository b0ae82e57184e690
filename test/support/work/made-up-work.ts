import type { WorkData } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { SCORE_BYTES } from '../../../src/protocol/inference.ts'

/** Request, tokens and scores of the right form, computed by no model. */
export interface MadeUpWork {
  readonly request: NonNullable<WorkData['request']>
  readonly prompt: number[]
  readonly output: number[]
  readonly scores: Uint8Array
}

export function madeUpWork(model: string, promptTokens: number, outputTokens: number): MadeUpWork {
  return {
    request: {
      model,
      maxTokens: outputTokens,
      sampling: {
        temperature: 0,
        topK: 0,
        topP: 65_536,
        frequencyPenalty: 0,
        presencePenalty: 0,
        logitBias: [],
      },
      stop: [],
      choice: 0,
    },
    prompt: Array.from({ length: promptTokens }, (_, index) => index + 1),
    output: Array.from({ length: outputTokens }, (_, index) => index + 2),
    scores: new Uint8Array(outputTokens * SCORE_BYTES).fill(7),
  }
}
