/**
 * Writes models/<id>/manifest.json of the models that come with the app, from their files: shape from config.json, end tokens from
 * generation_config.json, hashes from the bytes. `--check` only compares. What the files do not say stands here.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { ModelFile, ModelManifest } from '../src/models/manifest.ts'
import { decodeManifest, encodeManifest } from '../src/models/manifest.ts'
import { isMain, repoRoot } from './files.ts'

export interface ModelDescription {
  readonly id: string
  readonly contextTokens: number
  readonly defaultMaxTokens: number
  /** Beside those of generation_config.json. */
  readonly moreEosTokens: readonly number[]
  readonly chunkBytes: number
  readonly licence: string
  readonly notice: string
}

const BUILT_IN: readonly ModelDescription[] = [
  {
    id: 'whale-0.9m',
    // Trained on windows of this length; config.json allows positions beyond.
    contextTokens: 256,
    defaultMaxTokens: 128,
    // <|im_end|>, with which its chat template ends every turn.
    moreEosTokens: [2],
    chunkBytes: 1024 * 1024,
    licence: 'Apache-2.0',
    notice: 'demo model, it babbles',
  },
]

const PATHS = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx']

const configSchema = z.looseObject({
  vocab_size: z.number(),
  num_hidden_layers: z.number(),
  num_key_value_heads: z.number(),
  head_dim: z.number(),
  torch_dtype: z.literal('float32'),
})
const generationSchema = z.looseObject({ eos_token_id: z.union([z.number(), z.array(z.number())]) })

/** The manifest of the model whose files lie in `folder`. @throws CodedError `invalid_manifest`, and what reading files throws */
export function buildManifest(folder: string, description: ModelDescription): ModelManifest {
  const readJson = (path: string): unknown => JSON.parse(readFileSync(join(folder, path), 'utf8'))
  const config = configSchema.parse(readJson('config.json'))
  const { eos_token_id: eosTokens } = generationSchema.parse(readJson('generation_config.json'))
  const { moreEosTokens, ...described } = description
  const manifest: ModelManifest = {
    ...described,
    eosTokens: [...new Set([eosTokens, moreEosTokens].flat())],
    vocabularySize: config.vocab_size,
    layers: config.num_hidden_layers,
    keyValueHeads: config.num_key_value_heads,
    headSize: config.head_dim,
    precision: 'fp32',
    graph: 'onnx/model.onnx',
    tokenizer: 'tokenizer.json',
    tokenizerConfig: 'tokenizer_config.json',
    files: PATHS.map((path) => describeFile(path, readFileSync(join(folder, path)), description.chunkBytes)),
  }
  return decodeManifest(encodeManifest(manifest))
}

function describeFile(path: string, bytes: Uint8Array, chunkBytes: number): ModelFile {
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    sha256Hex(bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes)),
  )
  return { path, sizeBytes: bytes.length, sha256: sha256Hex(bytes), chunks }
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The text of each built-in model's manifest.json, by its path. */
export function builtInManifests(root: string): ReadonlyMap<string, string> {
  return new Map(
    BUILT_IN.map((description) => {
      const folder = join(root, 'models', description.id)
      const canonical: unknown = JSON.parse(encodeManifest(buildManifest(folder, description)))
      return [join(folder, 'manifest.json'), `${JSON.stringify(canonical, null, 2)}\n`]
    }),
  )
}

if (isMain(import.meta.url)) {
  for (const [file, text] of builtInManifests(repoRoot)) {
    const isFresh = existsSync(file) && readFileSync(file, 'utf8') === text
    if (!isFresh && process.argv.includes('--check')) {
      console.error(`${file} does not fit the files beside it: run scripts/model-manifest.ts`)
      process.exitCode = 1
    } else if (!isFresh) {
      writeFileSync(file, text)
      console.log(`wrote ${file}`)
    }
  }
}
