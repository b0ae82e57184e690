/**
 * What the device does, seen at the ports that the host computes through: a lost GPU, too little memory, model files that are not what
 * their digests say. Invariant: a watched port behaves as the port itself; a fault stands until the same thing succeeded again, or
 * the tab in which it happened is gone.
 */
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import type { BackendKind, ComputePort, DeviceReport, RaceListener } from '../../protocol/compute.ts'
import type { InferencePort } from '../../protocol/inference.ts'

export type DevicePlace = 'tab' | 'here'

export interface DeviceFaults {
  /** A lost GPU: what computes instead. */
  readonly lost: BackendKind | 'none' | undefined
  /** The model that did not fit. */
  readonly memory: string | undefined
  readonly damaged: { readonly model: string; readonly file: string } | undefined
}

const DAMAGED: readonly string[] = ['damaged_model', 'source_mismatch']

interface PlaceFaults {
  /** A GPU that computed exactly was seen here. */
  hadGpu: boolean
  lost: BackendKind | 'none' | undefined
  readonly memory: Set<string>
  /** By model: the file. */
  readonly damaged: Map<string, string>
}

export class DeviceWatch {
  readonly #places: Record<DevicePlace, PlaceFaults> = { tab: noFaults(), here: noFaults() }
  readonly #listeners = new Set<(model: string) => void>()

  compute(place: DevicePlace, port: ComputePort): ComputePort {
    return {
      ...generationOf(port),
      probe: async (signal) => {
        const report = await port.probe(signal)
        this.#probed(place, report)
        return report
      },
      race: async (job, listener, signal) => {
        try {
          return await port.race(job, this.#listener(place, listener), signal)
        } catch (error) {
          this.#noteLoss(place, error)
          throw error
        }
      },
      check: (job, signal) => port.check(job, signal),
      findOne: (job, signal) => port.findOne(job, signal),
    }
  }

  inference(place: DevicePlace, port: InferencePort): InferencePort {
    const watched = async <T>(model: string, work: Promise<T>): Promise<T> => {
      try {
        const result = await work
        this.#places[place].memory.delete(model)
        return result
      } catch (error) {
        this.#failed(place, model, error)
        throw error
      }
    }
    return {
      ...generationOf(port),
      load: async (model, signal) => {
        const report = await watched(model, port.load(model, signal))
        this.#places[place].damaged.delete(model)
        return report
      },
      generate: (job, listener, signal) => watched(job.model, port.generate(job, listener, signal)),
      score: (job, signal) => watched(job.model, port.score(job, signal)),
    }
  }

  /** The tab is gone, or another one computes. */
  forgetTab(): void {
    this.#places.tab = noFaults()
  }

  faults(): DeviceFaults {
    const { tab, here } = this.#places
    const [memory] = [...tab.memory, ...here.memory]
    const [damaged] = [...tab.damaged, ...here.damaged]
    return {
      lost: tab.lost ?? here.lost,
      memory,
      damaged: damaged && { model: damaged[0], file: damaged[1] },
    }
  }

  /** The files of this model are right again, here and for the tab that reads them from here. */
  repaired(model: string): void {
    this.#places.tab.damaged.delete(model)
    this.#places.here.damaged.delete(model)
  }

  /** Called with each model whose files here turned out to be damaged. @returns unsubscribe */
  onDamaged(listener: (model: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #listener(place: DevicePlace, listener: RaceListener): RaceListener {
    return {
      onFinds: (nonces) => listener.onFinds(nonces),
      onProgress: (progress) => {
        const faults = this.#places[place]
        if (faults.lost !== undefined) {
          faults.lost = progress.backend === 'webgpu' ? undefined : progress.backend
        }
        listener.onProgress(progress)
      },
      onNotice: (code) => {
        if (code === 'device_lost') {
          this.#places[place].lost ??= 'none'
        }
        listener.onNotice(code)
      },
    }
  }

  #probed(place: DevicePlace, { backends }: DeviceReport): void {
    const faults = this.#places[place]
    const has = (wanted: BackendKind) => backends.some(({ kind, conformant }) => kind === wanted && conformant)
    if (has('webgpu')) {
      faults.hadGpu = true
      faults.lost = undefined
    } else if (faults.hadGpu) {
      faults.lost = has('cpu') ? 'cpu' : 'none'
    }
  }

  #noteLoss(place: DevicePlace, error: unknown): void {
    if (errorCode(error) === 'device_lost') {
      this.#places[place].lost ??= 'none'
    }
  }

  #failed(place: DevicePlace, model: string, error: unknown): void {
    const code = errorCode(error)
    if (code === 'out_of_memory') {
      this.#places[place].memory.add(model)
    }
    if (DAMAGED.includes(code)) {
      const file = error instanceof CodedError ? error.fields.file : undefined
      this.#places[place].damaged.set(model, typeof file === 'string' ? file.slice(0, 256) : '')
      for (const listener of [...this.#listeners]) {
        listener(model)
      }
    }
  }
}

function noFaults(): PlaceFaults {
  return { hadGpu: false, lost: undefined, memory: new Set(), damaged: new Map() }
}

function generationOf(port: Pick<ComputePort, 'generation'>): Pick<ComputePort, 'generation'> {
  return port.generation === undefined ? {} : { generation: () => port.generation?.() ?? 0 }
}
