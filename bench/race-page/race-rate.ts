import { createBatchSizer } from '../../src/worker/batch-sizer.ts'
import type { FoundAttempt, RaceBackend } from '../../src/worker/race-engine.ts'
import { nonceRange } from '../../src/worker/race-engine.ts'

/** Whole attempts as a race makes them: as many batches under way as the backend wants, and no find. */
export interface RaceRunner {
  readonly attemptsPerBatch: number
  /** Attempts a second over about `forMs` between the ends of two batches. */
  measure(forMs: number): Promise<number>
}

/** Nothing lies below it. */
const NO_DIGEST = new Uint8Array(32)
const BATCH_MS = 80
const SIZING_ROUNDS = 8

/** Sizes the batch as a session does, then keeps it. */
export async function createRaceRunner(backend: RaceBackend, host: Uint8Array): Promise<RaceRunner> {
  const attemptsPerBatch = await chooseBatch(backend, host)
  let next = 1n << 32n

  function runBatch(): Promise<readonly FoundAttempt[]> {
    const nonces = nonceRange(next, attemptsPerBatch)
    next += BigInt(attemptsPerBatch)
    return backend.run({ host, target: NO_DIGEST, nonces })
  }

  return {
    attemptsPerBatch,
    async measure(forMs) {
      const flights = Array.from({ length: backend.batchesInFlight }, runBatch)
      await flights.shift()
      const startedMs = performance.now()
      let batches = 0
      let endedMs = startedMs
      do {
        flights.push(runBatch())
        await flights.shift()
        batches++
        endedMs = performance.now()
      } while (endedMs - startedMs < forMs)
      await Promise.all(flights)
      return (batches * attemptsPerBatch * 1_000) / (endedMs - startedMs)
    },
  }
}

async function chooseBatch(backend: RaceBackend, host: Uint8Array): Promise<number> {
  const sizer = createBatchSizer({ targetMs: BATCH_MS, maxAttempts: backend.maxAttempts })
  for (let round = 0; round < SIZING_ROUNDS; round++) {
    const nonces = nonceRange(0n, sizer.next())
    const startedMs = performance.now()
    await backend.run({ host, target: NO_DIGEST, nonces })
    sizer.record(nonces.length, performance.now() - startedMs)
  }
  return sizer.next()
}
