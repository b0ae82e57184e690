import { toHex } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { createArbiter } from '../race/arbiter.ts'
import { knownAnswers } from '../race/known-answers.ts'
import type { RaceModel } from '../race/model.ts'
import { createRaceModel } from '../race/model.ts'
import type { RaceOracle } from '../race/oracle.ts'
import { createOracle } from '../race/oracle.ts'
import type { ShapeName } from '../race/shapes.ts'
import { RACE_SHAPES } from '../race/shapes.ts'
import { createFastOracle } from '../race/wasm-oracle.ts'
import { CpuBackend } from './cpu-backend.ts'
import type { AdapterDescription, BackendKind, RaceBackend } from './race-engine.ts'
import type { GateVerdict } from './race-gate.ts'
import { checkKnownAnswers } from './race-gate.ts'

/** What the GPU offers to a worker that has one; entry-browser.ts passes it, Node has none. */
export interface GpuSource {
  /** Undefined where there is no adapter. Reopens after a loss. */
  adapter(): Promise<AdapterDescription | undefined>
  /** A backend on the current device, not started. @throws CodedError `no_backend`. */
  createBackend(model: RaceModel): Promise<RaceBackend>
  /** Changes with every device that is opened: a verdict of the gate holds for one device. */
  readonly deviceNumber: number
  close(): void
}

interface CachedModel {
  readonly key: string
  readonly model: RaceModel
  readonly oracle: RaceOracle
  /** The TypeScript oracle, made where it is first needed. */
  reference: RaceOracle | undefined
}

/** A verifier checks one epoch while it races in the next. */
const MAX_MODELS = 2
const MAX_VERDICTS = 16

/** Models, oracles and gated backends of one worker. Backends belong to whoever opened them. */
export class BackendPool {
  readonly #gpu: GpuSource | undefined
  readonly #models: CachedModel[] = []
  readonly #verdicts = new Map<string, GateVerdict>()

  constructor(gpu: GpuSource | undefined) {
    this.#gpu = gpu
  }

  get gpu(): GpuSource | undefined {
    return this.#gpu
  }

  model(shape: ShapeName, epochSeed: Uint8Array): RaceModel {
    return this.#cached(shape, epochSeed).model
  }

  /** The fast oracle of an epoch. Its buffers are shared by all users, who run it in one turn each. */
  oracle(shape: ShapeName, epochSeed: Uint8Array): RaceOracle {
    return this.#cached(shape, epochSeed).oracle
  }

  /** What recomputes the claims of one job whose backend is, from attempt to attempt, of the kind that `claimant` says. */
  arbiter(shape: ShapeName, epochSeed: Uint8Array, claimant: () => BackendKind): RaceOracle {
    const entry = this.#cached(shape, epochSeed)
    const reference = (): RaceOracle => {
      entry.reference ??= createOracle(entry.model)
      return entry.reference
    }
    return createArbiter({ shape, fast: entry.oracle, reference, claimant })
  }

  /** A started backend. @throws CodedError `no_backend`, `not_conformant`, `device_lost`, `gpu_error`. */
  async open(kind: BackendKind, model: RaceModel): Promise<RaceBackend> {
    const verdict = await this.gate(kind, model.shape.name)
    if (!verdict.conformant) {
      throw new CodedError('not_conformant', verdict.firstDifference ?? 'the backend differs from the oracle')
    }
    return this.#start(kind, model)
  }

  /** A hardware GPU where there is one that conforms, else the oracle. */
  async openFastest(model: RaceModel): Promise<RaceBackend> {
    const adapter = await this.#gpu?.adapter()
    if (adapter !== undefined && !adapter.isSoftware && (await this.gate('webgpu', model.shape.name)).conformant) {
      return this.open('webgpu', model)
    }
    return this.open('cpu', model)
  }

  /** Runs the known answers once per device and shape; `isAgain` runs them anew, whatever they came to before. */
  async gate(kind: BackendKind, shape: ShapeName, isAgain = false): Promise<GateVerdict> {
    if (kind === 'webgpu') {
      await this.#gpu?.adapter()
    }
    const key = `${kind} ${shape} ${kind === 'webgpu' ? this.#gpu?.deviceNumber : 0}`
    const known = this.#verdicts.get(key)
    if (known !== undefined && !isAgain) {
      return known
    }
    const backend = await this.#start(kind, createRaceModel(RACE_SHAPES[shape], knownAnswers(shape).epochSeed))
    try {
      const verdict = await checkKnownAnswers(backend, shape)
      if (this.#verdicts.size >= MAX_VERDICTS) {
        this.#verdicts.clear()
      }
      this.#verdicts.set(key, verdict)
      return verdict
    } finally {
      await backend.stop()
    }
  }

  close(): void {
    this.#models.length = 0
    this.#gpu?.close()
  }

  async #start(kind: BackendKind, model: RaceModel): Promise<RaceBackend> {
    const backend = kind === 'cpu' ? new CpuBackend(model) : await this.#createOnGpu(model)
    try {
      await backend.start()
      return backend
    } catch (error) {
      await backend.stop()
      throw error
    }
  }

  async #createOnGpu(model: RaceModel): Promise<RaceBackend> {
    if (this.#gpu === undefined) {
      throw new CodedError('no_backend', 'there is no WebGPU here')
    }
    return this.#gpu.createBackend(model)
  }

  #cached(shape: ShapeName, epochSeed: Uint8Array): CachedModel {
    const key = `${shape} ${toHex(epochSeed)}`
    const index = this.#models.findIndex((entry) => entry.key === key)
    const found = this.#models[index]
    if (found !== undefined) {
      this.#models.splice(index, 1)
      this.#models.unshift(found)
      return found
    }
    const model = createRaceModel(RACE_SHAPES[shape], epochSeed)
    const oracle = createFastOracle(model.shape, model.epochSeed)
    const entry: CachedModel = { key, model, oracle, reference: undefined }
    this.#models.unshift(entry)
    this.#models.length = Math.min(this.#models.length, MAX_MODELS)
    return entry
  }
}
