/**
 * One check of the built-in model whose reference scores are known: the same bytes in Node and in the browser, or arbiters could not agree.
 * The hash was made by `onnxruntime-web` 1.30.0's plain WASM build; another version of it, or another model, needs another hash.
 */
import type { ScoreJob } from '../../../src/protocol/inference.ts'

export const REFERENCE_SCORES_SHA256 = '1b9d350bd4e947e211800d1bd26b49e75f38ed5d66a1945132290c86ba9ee7f9'

export const REFERENCE_CHECK: ScoreJob = {
  model: 'whale-0.9m',
  prompt: Array.from({ length: 37 }, (_, index) => (index * 271 + 5) % 1024),
  output: Array.from({ length: 150 }, (_, index) => ((index * 397 + 11) % 1023) + 1),
  sampling: { temperature: 65_536, topK: 0, topP: 65_536, frequencyPenalty: 0, presencePenalty: 0, logitBias: [] },
  samplingSeed: new Uint8Array(32).fill(7),
  choice: 0,
  stop: [],
  engine: 'reference',
}
