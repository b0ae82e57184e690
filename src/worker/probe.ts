import { equalBytes } from '../lib/bytes.ts'
import { errorCode, errorMessage } from '../lib/coded-error.ts'
import type { Clock } from '../lib/runtime.ts'
import { knownAnswers } from '../race/known-answers.ts'
import type { ShapeName } from '../race/shapes.ts'
import type { BackendPool } from './backend-pool.ts'
import { createBatchSizer } from './batch-sizer.ts'
import type { ComputeBackendReport } from './contract.ts'
import type { BackendKind, RaceBackend } from './race-engine.ts'
import { EVERY_DIGEST, nonceRange } from './race-engine.ts'
import { firstDifferentStage } from './race-gate.ts'

export interface ProbeComponents {
  readonly pool: BackendPool
  readonly clock: Clock
}

const MEASURE_MS = 300
const BATCH_MS = 60
const MAX_TEXT = 512
/** Attempts whose digests are compared with the oracle besides the known answers; `std` costs a third of a second each. */
const COMPARED: Readonly<Record<ShapeName, number>> = { dev: 32, std: 1 }

const CPU_ADAPTER = { vendor: '', architecture: '', description: 'CPU', isSoftware: false }

/** A GPU that can choose its kernels by measurement (webgpu/gpu-source.ts). */
interface TunableGpu {
  tune(shape: ShapeName, clock: Clock, signal: AbortSignal): Promise<void>
}

/**
 * Tries every backend there is: kernels are chosen where that is still to be done, then known answers, then speed. A backend that fails is
 * reported, not thrown.
 */
export async function probeBackends(
  components: ProbeComponents,
  shape: ShapeName,
  signal: AbortSignal,
): Promise<ComputeBackendReport[]> {
  const reports: ComputeBackendReport[] = []
  const adapter = await components.pool.gpu?.adapter()
  if (adapter !== undefined) {
    reports.push({ kind: 'webgpu', adapter, ...(await probeBackend(components, 'webgpu', shape, signal)) })
  }
  reports.push({ kind: 'cpu', adapter: CPU_ADAPTER, ...(await probeBackend(components, 'cpu', shape, signal)) })
  return reports
}

async function probeBackend(
  components: ProbeComponents,
  kind: BackendKind,
  shape: ShapeName,
  signal: AbortSignal,
): Promise<Omit<ComputeBackendReport, 'kind' | 'adapter'>> {
  const { pool, clock } = components
  try {
    if (kind === 'webgpu' && isTunable(pool.gpu)) {
      await pool.gpu.tune(shape, clock, signal)
    }
    // Somebody asks how the device is now: memory goes bad and drivers are updated.
    const verdict = await pool.gate(kind, shape, true)
    if (!verdict.conformant) {
      return { ...verdict, ...shortened(verdict.firstDifference) }
    }
    const backend = await pool.open(kind, pool.model(shape, knownAnswers(shape).epochSeed))
    try {
      const difference = await compareWithOracle(components, backend, signal)
      if (difference !== undefined) {
        return { ...verdict, conformant: false, ...shortened(difference) }
      }
      return { ...verdict, attemptsPerSecond: await measureRate(clock, backend, signal) }
    } finally {
      await backend.stop()
    }
  } catch (error) {
    signal.throwIfAborted()
    return { conformant: false, ...shortened(`${errorCode(error)}: ${errorMessage(error)}`) }
  }
}

function isTunable(gpu: unknown): gpu is TunableGpu {
  return typeof gpu === 'object' && gpu !== null && 'tune' in gpu
}

function shortened(difference: string | undefined): { firstDifference?: string } {
  return difference === undefined ? {} : { firstDifference: difference.slice(0, MAX_TEXT) }
}

/** A whole batch at once, as racing does it: known answers are single attempts. */
async function compareWithOracle(
  { pool }: ProbeComponents,
  backend: RaceBackend,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { shape, epochSeed } = backend.model
  const oracle = pool.arbiter(shape.name, epochSeed, () => backend.kind)
  const host = new Uint8Array(20).fill(1)
  const nonces = nonceRange(1n << 63n, COMPARED[shape.name])
  const found = await backend.run({ host, target: EVERY_DIGEST, nonces }, signal)
  for (const [index, nonce] of nonces.entries()) {
    const digest = found[index]?.digest
    if (digest === undefined || !equalBytes(digest, oracle.attempt(host, nonce))) {
      return `attempt ${index} of a batch: ${await firstDifferentStage(backend, backend.model, host, nonce)}`
    }
  }
  return undefined
}

/** Attempts per second over about MEASURE_MS of growing batches; the first, smallest ones count as warm-up. */
async function measureRate(clock: Clock, backend: RaceBackend, signal: AbortSignal): Promise<number> {
  const sizer = createBatchSizer({ targetMs: BATCH_MS, maxAttempts: backend.maxAttempts })
  const host = new Uint8Array(20)
  const target = new Uint8Array(32)
  const beganMs = clock.nowMs()
  let next = 0n
  let best = 0
  do {
    const nonces = nonceRange(next, sizer.next())
    const startMs = clock.nowMs()
    await backend.run({ host, target, nonces }, signal)
    const elapsedMs = Math.max(clock.nowMs() - startMs, 0.01)
    sizer.record(nonces.length, elapsedMs)
    next += BigInt(nonces.length)
    best = Math.max(best, (nonces.length * 1000) / elapsedMs)
    await clock.sleep(0, signal)
  } while (clock.nowMs() - beganMs < MEASURE_MS)
  return best
}
