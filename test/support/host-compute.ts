/** Compute of a test host: the fast oracle at a pace of the virtual clock, so that a race takes blocks, not seconds. */

import { compareBytes } from '../../src/lib/bytes.ts'
import type { AbortSignalLike, Clock } from '../../src/lib/runtime.ts'
import type { BackendReport, CheckJob, ComputePort, RaceJob, RaceProgress } from '../../src/protocol/compute.ts'
import type { ShapeName } from '../../src/protocol/params.ts'
import type { RaceOracle } from '../../src/race/oracle.ts'
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import { createFastOracle } from '../../src/race/wasm-oracle.ts'

export interface OracleComputeOptions {
  /** Attempts in each step of `stepMs`. */
  readonly attemptsPerStep: number
  readonly stepMs: number
}

export const CPU_REPORT: BackendReport = {
  kind: 'cpu',
  adapter: 'test oracle',
  isSoftware: true,
  conformant: true,
  conformanceDigest: new Uint8Array(32).fill(1),
  attemptsPerSecond: 16,
}

/** One oracle for each model: the network's hosts share it, as they share the weights. */
const oracles = new Map<string, RaceOracle>()

function oracleOf(shape: ShapeName, epochSeed: Uint8Array): RaceOracle {
  const key = `${shape}/${epochSeed.join()}`
  const known = oracles.get(key)
  if (known !== undefined) {
    return known
  }
  const oracle = createFastOracle(RACE_SHAPES[shape], epochSeed)
  if (oracles.size >= 4) {
    oracles.clear()
  }
  oracles.set(key, oracle)
  return oracle
}

function isFindAt(job: RaceJob, nonce: bigint): boolean {
  return compareBytes(oracleOf(job.shape, job.epochSeed).attempt(job.host, nonce), job.target) < 0
}

export function createOracleCompute(
  clock: Clock,
  options: OracleComputeOptions = { attemptsPerStep: 8, stepMs: 500 },
): ComputePort {
  return {
    probe: async () => ({ backends: [CPU_REPORT] }),
    async race(job, listener, signal) {
      let progress: RaceProgress = {
        attempts: 0,
        finds: 0,
        attemptsPerSecond: (1_000 * options.attemptsPerStep) / options.stepMs,
        backend: job.backend,
        faultyFinds: 0,
      }
      let nonce = job.startNonce
      while (await sleeps(clock, options.stepMs, signal)) {
        const found: bigint[] = []
        for (const end = nonce + BigInt(options.attemptsPerStep); nonce < end; nonce++) {
          if (isFindAt(job, nonce)) {
            found.push(nonce)
          }
        }
        const attempts = progress.attempts + options.attemptsPerStep
        progress = { ...progress, attempts, finds: progress.finds + found.length }
        listener.onFinds(found)
        listener.onProgress(progress)
      }
      return progress
    },
    async check(job: CheckJob) {
      const oracle = oracleOf(job.shape, job.epochSeed)
      return job.nonces.map((nonce) => oracle.attempt(job.host, nonce))
    },
    async findOne(job) {
      let nonce = job.startNonce
      while (!isFindAt(job, nonce)) {
        nonce += 1n
      }
      return nonce
    },
  }
}

/** False where the signal ended the sleep. */
async function sleeps(clock: Clock, delayMs: number, signal: AbortSignalLike): Promise<boolean> {
  try {
    await clock.sleep(delayMs, signal)
    return !signal.aborted
  } catch {
    return false
  }
}
