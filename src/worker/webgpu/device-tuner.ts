import { toHex, utf8 } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/runtime.ts'
import { sha256 } from '../../lib/sha256.ts'
import { knownAnswers } from '../../race/known-answers.ts'
import type { RaceModel } from '../../race/model.ts'
import { createRaceModel } from '../../race/model.ts'
import type { RaceShape } from '../../race/shapes.ts'
import { nonceRange } from '../race-engine.ts'
import { checkKnownAnswers } from '../race-gate.ts'
import type { TuningTrial } from './autotune.ts'
import { chooseTuning } from './autotune.ts'
import type { GpuContext } from './gpu-context.ts'
import { kernelSources } from './race-kernels.ts'
import type { RaceTuning } from './race-tuning.ts'
import { listTunings, tuningName } from './race-tuning.ts'
import type { TuningCache } from './tuning-cache.ts'
import type { WebgpuBackend } from './webgpu-backend.ts'

/** Time for a choice: what a person waits for when a device is checked. A software adapter spends most of it on compiling. */
const BUDGET_MS = { software: 2_000, gpu: 4_000 } as const
/** Batches of a trial: large enough for a GPU, small enough in memory. */
const TRIAL_ATTEMPTS = 256

export interface DeviceTunerComponents {
  readonly cache: TuningCache
  /** Of the browser: its compiler of shaders changes with it, and a page hears of the driver through little else. */
  readonly userAgent: string
  /** A backend that is not started. */
  createBackend(context: GpuContext, model: RaceModel, tuning: RaceTuning, mostAttempts: number): WebgpuBackend
}

/** The tunings of devices: measured once, remembered by adapter, browser, engine and shape. */
export class DeviceTuner {
  readonly #components: DeviceTunerComponents
  /** By context, as the sources of all kernels go into it. */
  readonly #keys = new WeakMap<GpuContext, Map<RaceShape, string>>()

  constructor(components: DeviceTunerComponents) {
    this.#components = components
  }

  /** What was chosen for this device and can run on it; undefined where nothing was. */
  async remembered(context: GpuContext, shape: RaceShape): Promise<RaceTuning | undefined> {
    const name = await this.#components.cache.find(this.#keyOf(context, shape))
    return name === undefined ? undefined : listTunings(context, shape).find((tuning) => tuningName(tuning) === name)
  }

  /** Chooses by measurement and remembers. @throws CodedError `device_lost`; the signal's reason. */
  async tune(context: GpuContext, shape: RaceShape, clock: Clock, signal: AbortSignal): Promise<void> {
    const { cache, createBackend } = this.#components
    const model = createRaceModel(shape, knownAnswers(shape.name).epochSeed)
    const open = (tuning: RaceTuning): Promise<TuningTrial> =>
      openTrial(createBackend(context, model, tuning, TRIAL_ATTEMPTS), clock)
    const budgetMs = context.adapter.isSoftware ? BUDGET_MS.software : BUDGET_MS.gpu
    const { tuning } = await chooseTuning(listTunings(context, shape), open, { clock, budgetMs, signal })
    await cache.keep(this.#keyOf(context, shape), tuningName(tuning))
  }

  /** Adapter, browser, engine (the very kernels), shape. */
  #keyOf(context: GpuContext, shape: RaceShape): string {
    const known = this.#keys.get(context) ?? new Map<RaceShape, string>()
    this.#keys.set(context, known)
    const { vendor, architecture, description, details } = context.adapter
    const key =
      known.get(shape) ??
      deviceKey([vendor, architecture, details?.device ?? '', description, this.#components.userAgent], context, shape)
    known.set(shape, key)
    return key
  }
}

function deviceKey(device: readonly string[], context: GpuContext, shape: RaceShape): string {
  const sources = listTunings(context, shape).map((tuning) => JSON.stringify(kernelSources(shape, tuning)))
  return toHex(sha256(utf8([...device, shape.name, ...sources].join('|'))))
}

async function openTrial(backend: WebgpuBackend, clock: Clock): Promise<TuningTrial> {
  try {
    await backend.start()
  } catch (error) {
    await backend.stop()
    throw error
  }
  return {
    isConformant: async () => (await checkKnownAnswers(backend, backend.model.shape.name)).conformant,
    measure: (forMs) => measureTrial(backend, clock, forMs),
    end: () => backend.stop(),
  }
}

/** The best rate of batches that grow while they are short. */
async function measureTrial(backend: WebgpuBackend, clock: Clock, forMs: number): Promise<number> {
  const host = new Uint8Array(20)
  const target = new Uint8Array(32)
  const endMs = clock.nowMs() + forMs
  let attempts = 1
  let best = 0
  do {
    const startMs = clock.nowMs()
    await backend.run({ host, target, nonces: nonceRange(0n, attempts) })
    const tookMs = Math.max(clock.nowMs() - startMs, 0.01)
    best = Math.max(best, (attempts * 1000) / tookMs)
    attempts = Math.min(backend.maxAttempts, tookMs < forMs / 4 ? 4 * attempts : attempts)
  } while (clock.nowMs() < endMs)
  return best
}
