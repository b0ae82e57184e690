/**
 * What a model is, in one small document: its shape for the engine, its limits for the gateway, and the SHA-256 of every chunk of every
 * file. Invariant: whoever holds a manifest's hash can check each byte of the model, wherever it came from; nothing else about a
 * download is trusted. Equal manifests have equal canonical JSON, so `manifestHash` names the model.
 * Read next: model-store.ts (keeps verified chunks), hub-source.ts (fetches them), text.ts (tokens and text).
 */
import { z } from 'zod'
import { utf8 } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { schemaVerdict } from '../lib/schema-verdict.ts'
import { sha256 } from '../protocol/hash.ts'

export const MANIFEST_LIMITS = {
  textBytes: 8 * 1024 * 1024,
  files: 64,
  /** One file is read into one buffer, and a graph is one protobuf: 2 GiB is the end of both. */
  fileBytes: 2 ** 31 - 1,
  minChunkBytes: 4 * 1024,
  maxChunkBytes: 16 * 1024 * 1024,
  chunks: 65_536,
  pathCharacters: 160,
  /** Of an error's message. */
  reasonCharacters: 300,
  eosTokens: 16,
} as const

/** Folders and names of letters, digits, dot, dash and underscore; no name starts with a dot, so none leads out of a folder. */
const PATH = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/
const MODEL_ID = /^[a-z0-9][a-z0-9.-]{0,62}[a-z0-9]$/

const path = z.string().max(MANIFEST_LIMITS.pathCharacters).regex(PATH)
const hash = z.string().regex(/^[0-9a-f]{64}$/)
const count = (most: number) => z.number().int().min(1).max(most)

const fileSchema = z.strictObject({
  path,
  sizeBytes: count(MANIFEST_LIMITS.fileBytes),
  sha256: hash,
  chunks: z.array(hash).min(1).max(MANIFEST_LIMITS.chunks).readonly(),
})

const manifestSchema = z
  .strictObject({
    id: z.string().regex(MODEL_ID),
    contextTokens: count(1_048_576),
    defaultMaxTokens: count(1_048_576),
    eosTokens: z.array(z.number().int().min(0).max(4_194_303)).min(1).max(MANIFEST_LIMITS.eosTokens).readonly(),
    vocabularySize: count(4_194_304),
    layers: count(1_024),
    keyValueHeads: count(1_024),
    headSize: count(4_096),
    precision: z.literal('fp32'),
    graph: path,
    tokenizer: path,
    tokenizerConfig: path,
    chunkBytes: count(MANIFEST_LIMITS.maxChunkBytes).min(MANIFEST_LIMITS.minChunkBytes),
    files: z.array(fileSchema).min(1).max(MANIFEST_LIMITS.files).readonly(),
    licence: z.string().min(1).max(256),
    notice: z.string().max(512),
  })
  .superRefine((manifest, context) => {
    for (const problem of manifestProblems(manifest)) {
      context.addIssue(problem)
    }
  })

export interface ModelFile {
  /** Relative to the model's folder, with `/`. */
  readonly path: string
  readonly sizeBytes: number
  /** SHA-256 of the whole file, hex: what hubs list. */
  readonly sha256: string
  /** SHA-256 of each piece of `chunkBytes` (the last may be shorter), hex. */
  readonly chunks: readonly string[]
}

export interface ModelManifest {
  readonly id: string
  /** Prompt and output together. */
  readonly contextTokens: number
  /** Output tokens where a request does not say. */
  readonly defaultMaxTokens: number
  /** Any of them ends an output. */
  readonly eosTokens: readonly number[]
  /** Width of the logits. */
  readonly vocabularySize: number
  readonly layers: number
  readonly keyValueHeads: number
  readonly headSize: number
  readonly precision: 'fp32'
  /** Paths of three of the files: the ONNX graph, tokenizer.json, tokenizer_config.json. */
  readonly graph: string
  readonly tokenizer: string
  readonly tokenizerConfig: string
  readonly chunkBytes: number
  readonly files: readonly ModelFile[]
  readonly licence: string
  /** For people: what to expect of it. */
  readonly notice: string
}

/** True for what may stand as a path in a manifest: it leads nowhere out of the model's folder. */
export function isModelPath(text: string): boolean {
  return path.safeParse(text).success
}

/** @throws CodedError `invalid_manifest` for anything outside the schema, its bounds, or chunks that do not add up. */
export function decodeManifest(text: string): ModelManifest {
  if (text.length > MANIFEST_LIMITS.textBytes) {
    throw new CodedError('invalid_manifest', 'the manifest is too long', { fields: { characters: text.length } })
  }
  const parsed = schemaVerdict(manifestSchema, parseJson(text))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const what = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a manifest'}`
    // The words may repeat names of the document, which can be as long as it likes.
    throw new CodedError('invalid_manifest', what.slice(0, MANIFEST_LIMITS.reasonCharacters))
  }
  return parsed.data
}

/** Canonical JSON: keys in the order of ModelManifest, no spaces. decode(encode(m)) = m. */
export function encodeManifest(manifest: ModelManifest): string {
  return JSON.stringify(manifestSchema.parse(manifest))
}

/** SHA-256 of the canonical JSON, 32 bytes: the model's name for the network. */
export function manifestHash(manifest: ModelManifest): Uint8Array {
  return sha256(utf8(encodeManifest(manifest)))
}

function manifestProblems(manifest: ModelManifest): string[] {
  const paths = manifest.files.map((file) => file.path)
  const chunks = manifest.files.reduce((sum, file) => sum + file.chunks.length, 0)
  const problems = [manifest.graph, manifest.tokenizer, manifest.tokenizerConfig]
    .filter((named) => !paths.includes(named))
    .map((named) => `${named} is not among the files`)
  if (chunks > MANIFEST_LIMITS.chunks) {
    problems.push('too many chunks')
  }
  if (paths.some((one, i) => paths.some((other, j) => i !== j && (one === other || other.startsWith(`${one}/`))))) {
    problems.push('two files have one path')
  }
  if (manifest.files.some((file) => file.chunks.length !== Math.ceil(file.sizeBytes / manifest.chunkBytes))) {
    problems.push('a file has too many or too few chunks for its size')
  }
  if (manifest.files.some((file) => file.chunks.length === 1 && file.chunks[0] !== file.sha256)) {
    problems.push('a file of one chunk has another hash than its chunk')
  }
  if (manifest.defaultMaxTokens >= manifest.contextTokens) {
    problems.push('defaultMaxTokens leaves no room for a prompt')
  }
  if (manifest.eosTokens.some((token) => token >= manifest.vocabularySize)) {
    problems.push('an end token is outside the vocabulary')
  }
  return problems
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The schema then refuses undefined.
    return undefined
  }
}
