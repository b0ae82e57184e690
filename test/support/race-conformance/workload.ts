/** Which attempts are compared: the vector files, and attempts drawn from a run seed so that a run can be repeated. */
import { concatBytes, fromHex, u64be, utf8 } from '../../../src/lib/bytes.ts'
import { sha256 } from '../../../src/lib/sha256.ts'
import type { ShapeName } from '../../../src/race/shapes.ts'
import type { ConformanceJob } from './subject.ts'

/** A case of test/vectors/race-<shape>.json: what an attempt gives, as the second implementation wrote it down. */
export interface VectorCase {
  readonly epochSeed: string
  readonly host: string
  readonly nonce: string
  readonly digest: string
  readonly stages: readonly { readonly name: string; readonly head: string; readonly sha256: string }[]
}

export interface Workload {
  readonly vectors: readonly { readonly shape: ShapeName; readonly cases: readonly VectorCase[] }[]
  readonly jobs: readonly ConformanceJob[]
  /** Jobs of which the first attempt is compared stage by stage. */
  readonly tracedJobs: number
}

/** Where a carry or a sign goes wrong first: ends of the words that a nonce is made of. */
const EDGES: readonly bigint[] = [0n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 31n]

/**
 * `attempts` attempts over `seeds` epoch seeds with a host each. A third of the nonces of a seed are consecutive, as a race visits them, the
 * rest lie anywhere; one edge comes in each.
 */
export function drawJobs(
  runSeed: Uint8Array,
  shape: ShapeName,
  wanted: { readonly attempts: number; readonly seeds: number },
): ConformanceJob[] {
  const seeds = Math.min(wanted.seeds, wanted.attempts)
  return Array.from({ length: seeds }, (_, index) => {
    const draw = createDraw(concatBytes(runSeed, utf8(`${shape} ${index}`)))
    const count = Math.floor(wanted.attempts / seeds) + (index < wanted.attempts % seeds ? 1 : 0)
    const epochSeed = draw()
    const host = draw().slice(0, 20)
    const start = toU64(draw())
    const row = Math.floor(count / 3)
    const nonces = Array.from({ length: count }, (_, at) =>
      at === 0
        ? (EDGES[index % EDGES.length] as bigint)
        : at <= row
          ? BigInt.asUintN(64, start + BigInt(at))
          : toU64(draw()),
    )
    return { shape, epochSeed, host, nonces }
  })
}

/** The attempt of a vector as a job. */
export function jobOfVector(shape: ShapeName, entry: VectorCase): ConformanceJob {
  return { shape, epochSeed: fromHex(entry.epochSeed), host: fromHex(entry.host), nonces: [BigInt(entry.nonce)] }
}

function createDraw(key: Uint8Array): () => Uint8Array {
  let counter = 0n
  return () => sha256(concatBytes(key, u64be(counter++)))
}

function toU64(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0)
}
