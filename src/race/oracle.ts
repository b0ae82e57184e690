import { SHA256_SCHEDULE_WORDS, sha256Compress, sha256StateBytes } from '../lib/sha256.ts'
import { ForwardPass } from './forward.ts'
import { checkNonce, createHostKeys } from './keys.ts'
import type { RaceModel } from './model.ts'
import type { Stage } from './stages.ts'
import { stageBytes, stagesOf } from './stages.ts'

/** A stage of a traced pass with its bytes (int8, or int32 little endian for the residual stream). */
export interface TracedStage {
  readonly stage: Stage
  readonly bytes: Uint8Array
}

/** The reference: what the chain and every verifier compare with. Not reentrant; its buffers are reused. */
export interface RaceOracle {
  /** Digest of one attempt, 32 bytes. @throws CodedError `invalid_host`, `invalid_nonce`. */
  attempt(host: Uint8Array, nonce: bigint): Uint8Array
  /** The same pass with a copy of every stage: for vectors and for finding where another implementation differs. */
  trace(host: Uint8Array, nonce: bigint): { readonly stages: readonly TracedStage[]; readonly digest: Uint8Array }
}

export function createOracle(model: RaceModel): RaceOracle {
  const { shape, epochSeed } = model
  const pass = new ForwardPass(model)
  const digest = createDigest(pass.hidden.subarray(pass.hidden.length - shape.width))
  const keysOf = createHostKeys(shape, epochSeed)

  function run(host: Uint8Array, nonce: bigint, observe?: (name: string) => void): Uint8Array {
    checkNonce(nonce)
    const keys = keysOf(host)
    const low = Number(nonce & 0xffffffffn) | 0
    const high = Number(nonce >> 32n) | 0
    pass.run(keys.stream, low, high, observe)
    return digest(keys.midstate, low, high)
  }

  return {
    attempt: (host, nonce) => run(host, nonce),
    trace(host, nonce) {
      const byName = new Map(stagesOf(shape).map((stage) => [stage.name, stage]))
      const stages: TracedStage[] = []
      const result = run(host, nonce, (name) => {
        const stage = byName.get(name)
        if (stage !== undefined) {
          stages.push({ stage, bytes: stageBytes(shape, stage, pass.tensorBytes(stage.tensor)) })
        }
      })
      return { stages, digest: result }
    },
  }
}

/** SHA-256 from the midstate over nonce (big endian) ‖ state (int16 big endian each): words are fed without a byte buffer. */
function createDigest(state: Int32Array): (midstate: Int32Array, low: number, high: number) => Uint8Array {
  const hash = new Int32Array(8)
  const schedule = new Int32Array(SHA256_SCHEDULE_WORDS)
  const messageWords = 2 + (state.length >> 1)
  // One word of padding start, two of length: rounded up to whole blocks of 16 words.
  const totalWords = (messageWords + 3 + 15) & ~15
  const bitLength = (64 << 3) + (messageWords << 5)

  function messageWord(index: number, low: number, high: number): number {
    if (index < 2) {
      return index === 0 ? high : low
    }
    if (index < messageWords) {
      const pair = (index - 2) << 1
      return ((state[pair] as number) << 16) | ((state[pair + 1] as number) & 0xffff)
    }
    if (index === messageWords) {
      return -0x80000000
    }
    return index === totalWords - 1 ? bitLength : 0
  }

  return (midstate, low, high) => {
    hash.set(midstate)
    for (let block = 0; block < totalWords; block += 16) {
      for (let i = 0; i < 16; i++) {
        schedule[i] = messageWord(block + i, low, high)
      }
      sha256Compress(hash, schedule)
    }
    return sha256StateBytes(hash)
  }
}
