/** The built-in model as the engine takes it, and jobs on it. */
import { readFileSync } from 'node:fs'
import type { ModelManifest } from '../../../src/models/manifest.ts'
import { decodeManifest } from '../../../src/models/manifest.ts'
import { createModelText } from '../../../src/models/text.ts'
import type { SamplingParams } from '../../../src/protocol/gen/tailrace/v1/work.ts'

export const WHALE = 'whale-0.9m'
export const MODELS_FOLDER = new URL('../../../models/', import.meta.url)

export function readModelFile(path: string, model: string = WHALE): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`${model}/${path}`, MODELS_FOLDER)))
}

export interface WhaleFiles {
  readonly manifest: ModelManifest
  readonly graph: Uint8Array
  readonly text: ReturnType<typeof createModelText>
}

export function loadWhale(): WhaleFiles {
  const decoder = new TextDecoder()
  const manifest = decodeManifest(decoder.decode(readModelFile('manifest.json')))
  const text = createModelText(
    decoder.decode(readModelFile(manifest.tokenizer)),
    decoder.decode(readModelFile(manifest.tokenizerConfig)),
  )
  return { manifest, graph: readModelFile(manifest.graph), text }
}

const ONE = 65_536

/** Parameters in plain numbers: temperature and the rest as people write them. */
export function samplingOf(options: { temperature?: number; topK?: number; topP?: number } = {}): SamplingParams {
  return {
    temperature: Math.round((options.temperature ?? 0) * ONE),
    topK: options.topK ?? 0,
    topP: Math.round((options.topP ?? 1) * ONE),
    frequencyPenalty: 0,
    presencePenalty: 0,
    logitBias: [],
  }
}
