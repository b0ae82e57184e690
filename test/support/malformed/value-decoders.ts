/** The decoders of values between threads and from private files: messages of the two workers, and the small files of a data folder. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeDeveloperKey, storedDeveloperKey } from '../../../src/main/developer-key.ts'
import { loadOrCreateHostKeys } from '../../../src/main/host-keys.ts'
import { readRunningInstance, writeRunningInstance } from '../../../src/main/screen/running-instance.ts'
import { SYSTEM_RNG } from '../../../src/main/system.ts'
import { decodeOwnerMessage, decodeReply, decodeWorkerMessage, requestIdOf } from '../../../src/worker/contract.ts'
import {
  decodeOwnerMessage as decodeInferenceOwner,
  decodeReply as decodeInferenceReply,
  decodeWorkerMessage as decodeInferenceWorker,
  decodeNodeInit,
  decodePageInit,
} from '../../../src/worker/inference/contract.ts'
import { bentText, bentValue } from './bend-values.ts'
import type { Decoder } from './decode-many.ts'

const SOURCE = { shape: 'dev', epochSeed: new Uint8Array(32).fill(1), host: new Uint8Array(20).fill(2) }
const TARGET = new Uint8Array(32).fill(3)
const RACE = { ...SOURCE, raceId: 'epoch 3', target: TARGET, startNonce: 7n, dutyPpm: 100_000, backend: 'cpu' }
const PROGRESS = { raceId: 'r', attempts: 5, finds: 1, faultyFinds: 0, attemptsPerSecond: 2.5, backend: 'cpu' }
const OWNER = [
  { kind: 'request', id: 1, type: 'probe', body: { shape: 'std' } },
  { kind: 'request', id: 2, type: 'startRace', body: RACE },
  { kind: 'request', id: 4, type: 'verify', body: { ...SOURCE, nonces: [0n, 7n] } },
  { kind: 'request', id: 6, type: 'findOne', body: { ...SOURCE, target: TARGET, startNonce: 0n } },
  { kind: 'cancel', id: 4 },
]
const WORKER = [
  { kind: 'event', type: 'progress', body: PROGRESS },
  { kind: 'event', type: 'finds', body: { raceId: 'r', nonces: [1n, 2n], digests: [TARGET, TARGET] } },
  { kind: 'event', type: 'deviceLost', body: { raceId: 'r', reason: 'unplugged', continuesOn: 'cpu' } },
  { kind: 'event', type: 'failed', body: { raceId: 'r', code: 'gpu_error', message: 'no memory' } },
  { kind: 'reply', id: 3, body: { digests: [TARGET] } },
  { kind: 'failure', id: 3, error: { code: 'gpu_error', message: 'no memory' } },
]
const SAMPLING = {
  temperature: 65_536,
  topK: 40,
  topP: 60_000,
  frequencyPenalty: -131_072,
  presencePenalty: 131_072,
  logitBias: [{ token: 7, bias: -65_536 }],
}
const JOB = {
  model: 'whale-0.9m',
  prompt: [1, 2, 3],
  sampling: SAMPLING,
  samplingSeed: new Uint8Array(32),
  choice: 0,
  stop: ['.'],
}
const INFERENCE_OWNER = [
  { kind: 'request', id: 1, type: 'load', body: { model: 'whale-0.9m' } },
  { kind: 'request', id: 2, type: 'generate', body: { ...JOB, maxTokens: 16 } },
  { kind: 'request', id: 3, type: 'score', body: { ...JOB, output: [4, 5], engine: 'reference' } },
  { kind: 'ack', id: 2 },
]
const INFERENCE_WORKER = [
  { kind: 'tokens', id: 2, tokens: [9], scores: new Uint8Array(48) },
  { kind: 'reply', id: 2, body: { finish: 'length', outputTokens: 3 } },
]
const REPLIES = [
  { numericClass: 'fp32-webgpu', scores: new Uint8Array(96), margins: Int32Array.of(0, 7), ending: 'open' },
  { finish: 'length', outputTokens: 3 },
]

function values(name: string, valid: readonly unknown[], decode: (value: unknown) => unknown): Decoder {
  return { name, codes: ['invalid_message'], decode, input: (random) => bentValue(random, valid) }
}

export const VALUE_DECODERS: readonly Decoder[] = [
  values('order to the race worker', OWNER, (value) => {
    requestIdOf(value)
    return decodeOwnerMessage(value)
  }),
  values('word of the race worker', WORKER, decodeWorkerMessage),
  values('digests of the race worker', [{ digests: [TARGET, TARGET] }], (value) => decodeReply('verify', value)),
  values('order to the inference worker', INFERENCE_OWNER, decodeInferenceOwner),
  values('word of the inference worker', INFERENCE_WORKER, decodeInferenceWorker),
  values('scores of the inference worker', REPLIES, (value) => decodeInferenceReply('score', value)),
  values('start of the inference worker', [{ modelsFolder: '/x', numThreads: 1 }], decodeNodeInit),
  values('start in a page', [{ modelsUrl: 'http://x' }], decodePageInit),
]

/** Reads one file of a data folder, whatever stands in it. */
interface FileReader {
  readonly name: string
  readonly file: string
  /** Writes a valid one. */
  readonly write: (home: string) => void
  readonly read: (home: string) => unknown
}

const READERS: readonly FileReader[] = [
  {
    name: 'keys of a host',
    file: 'keys.json',
    write: (home) => void loadOrCreateHostKeys(home, SYSTEM_RNG),
    read: (home) => loadOrCreateHostKeys(home, SYSTEM_RNG),
  },
  {
    name: 'API key of a developer',
    file: 'api-key.json',
    write: (home) => storeDeveloperKey(home, { apiKey: 'tr-x', payer: 'tail1' }),
    read: storedDeveloperKey,
  },
  {
    name: 'running instance',
    file: 'endpoints.json',
    write: (home) =>
      writeRunningInstance(home, {
        pid: 7,
        rpc: 'http://127.0.0.1:1',
        screen: 'http://127.0.0.1:2',
        p2p: ['/ip4/127.0.0.1/tcp/1'],
        openai: 'http://127.0.0.1:3/v1',
        apiKey: 'tr-x',
        control: 'ab'.repeat(32),
      }),
    read: readRunningInstance,
  },
]

export interface FileDecoders {
  readonly decoders: readonly Decoder[]
  /** What lies in the folders besides the files that were put there: a damaged file is never replaced or joined by another. */
  strays(): readonly string[]
  remove(): void
}

export function createFileDecoders(): FileDecoders {
  const root = mkdtempSync(join(tmpdir(), 'tailrace-files-'))
  const decoders = READERS.map(({ name, file, write, read }, index): Decoder => {
    const home = join(root, String(index))
    mkdirSync(home)
    write(home)
    const path = join(home, file)
    const valid = JSON.parse(readFileSync(path, 'utf8')) as unknown
    return {
      name,
      codes: ['damaged_file', 'file_too_large', 'newer_data', 'wallet_needed'],
      // Two files are written and read for each.
      every: 4,
      input: (random) => bentText(random, [valid]),
      decode: (text: string) => {
        writeFileSync(path, text)
        try {
          return read(home)
        } finally {
          if (readFileSync(path, 'utf8') !== Buffer.from(text).toString('utf8')) {
            // biome-ignore lint/correctness/noUnsafeFinally: a replaced file is worse than whatever was thrown
            throw new Error('the file was replaced')
          }
        }
      },
    }
  })
  return {
    decoders,
    strays: () =>
      READERS.flatMap(({ file }, index) => readdirSync(join(root, String(index))).filter((name) => name !== file)),
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
