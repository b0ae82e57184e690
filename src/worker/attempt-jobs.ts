import { equalBytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/runtime.ts'
import { isFind, targetFromBytes } from '../race/find.ts'
import type { RaceOracle } from '../race/oracle.ts'
import type { BackendPool } from './backend-pool.ts'
import { createBatchSizer } from './batch-sizer.ts'
import type { ReplyBody, RequestBody } from './contract.ts'
import type { FoundAttempt, RaceBackend } from './race-engine.ts'
import { EVERY_DIGEST, nonceRange } from './race-engine.ts'

/** Jobs beside the race: recomputing named attempts for a check, and searching the stamp of a registration. */

/** How long a job holds the thread or the device before other messages get a turn. */
const SLICE_MS = 50

export interface JobComponents {
  readonly pool: BackendPool
  readonly clock: Clock
}

/**
 * Digests of the named attempts. A GPU is used only where the target is known: then a digest that does not meet it, which
 * would become an accusation, is computed again by the arbiter before anybody sees it.
 */
export async function verifyAttempts(
  components: JobComponents,
  job: RequestBody<'verify'>,
  signal: AbortSignal,
): Promise<ReplyBody<'verify'>> {
  const { pool } = components
  const model = pool.model(job.shape, job.epochSeed)
  const backend = job.target === undefined ? await pool.open('cpu', model) : await pool.openFastest(model)
  const oracle = pool.arbiter(job.shape, job.epochSeed, () => backend.kind)
  const digests: Uint8Array[] = []
  try {
    const slices = createSlices(components, backend)
    while (digests.length < job.nonces.length) {
      const nonces = BigUint64Array.from(job.nonces.slice(digests.length, digests.length + slices.next()))
      const found = await slices.run(job.host, EVERY_DIGEST, nonces, signal)
      const byNonce = new Map(found.map((attempt) => [attempt.nonce, attempt.digest]))
      for (const nonce of nonces) {
        digests.push(trusted(byNonce.get(nonce), oracle, job, nonce))
      }
    }
  } finally {
    await backend.stop()
  }
  return { digests }
}

function trusted(
  digest: Uint8Array | undefined,
  oracle: RaceOracle,
  job: RequestBody<'verify'>,
  nonce: bigint,
): Uint8Array {
  const isAccusing = digest === undefined || (job.target !== undefined && !isFind(digest, job.target))
  return isAccusing ? oracle.attempt(job.host, nonce) : digest
}

/** Searches from `startNonce` upwards until a find is confirmed on the oracle; the signal is its only bound. */
export async function findFirst(
  components: JobComponents,
  job: RequestBody<'findOne'>,
  signal: AbortSignal,
): Promise<ReplyBody<'findOne'>> {
  targetFromBytes(job.target)
  const { pool } = components
  const model = pool.model(job.shape, job.epochSeed)
  const backend = await pool.openFastest(model)
  const oracle = pool.arbiter(job.shape, job.epochSeed, () => backend.kind)
  try {
    const slices = createSlices(components, backend)
    let next = job.startNonce
    for (;;) {
      const nonces = nonceRange(next, slices.next())
      for (const find of await slices.run(job.host, job.target, nonces, signal)) {
        if (equalBytes(oracle.attempt(job.host, find.nonce), find.digest)) {
          return find
        }
      }
      next = BigInt.asUintN(64, next + BigInt(nonces.length))
    }
  } finally {
    await backend.stop()
  }
}

interface Slices {
  next(): number
  run(
    host: Uint8Array,
    target: Uint8Array,
    nonces: BigUint64Array,
    signal: AbortSignal,
  ): Promise<readonly FoundAttempt[]>
}

/** Batches of about SLICE_MS, each followed by a turn of the event loop. */
function createSlices({ clock }: JobComponents, backend: RaceBackend): Slices {
  const sizer = createBatchSizer({ targetMs: SLICE_MS, maxAttempts: backend.maxAttempts })
  return {
    next: () => sizer.next(),
    async run(host, target, nonces, signal) {
      const startMs = clock.nowMs()
      const found = await backend.run({ host, target, nonces }, signal)
      sizer.record(nonces.length, clock.nowMs() - startMs)
      await clock.sleep(0, signal)
      return found
    },
  }
}
