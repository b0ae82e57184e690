import { CodedError } from '../../../src/lib/coded-error.ts'
import type { Clock } from '../../../src/lib/runtime.ts'
import { isFind } from '../../../src/race/find.ts'
import type { RaceModel } from '../../../src/race/model.ts'
import type { RaceOracle } from '../../../src/race/oracle.ts'
import { createOracle } from '../../../src/race/oracle.ts'
import type { GpuSource } from '../../../src/worker/backend-pool.ts'
import type { ComputeChannel } from '../../../src/worker/compute-channel.ts'
import type { FoundAttempt, RaceBackend, RaceBatch, RaceTrace } from '../../../src/worker/race-engine.ts'

/**
 * A GPU in virtual time whose devices are lost: the oracle at a pace, one batch after the other as a device queue has them. A loss takes the
 * batches under way with it, however far they are.
 */
export interface MortalGpu extends GpuSource {
  /** Devices lost so far. */
  losses(): number
}

export interface MortalGpuOptions {
  readonly clock: Clock
  readonly msPerAttempt: number
  /** Which batch a new device is lost at, 1 for its first one. */
  nextLoss(): number
  /** A stage that the device of this number computes with one wrong bit, as a bad driver would. Numbers count from 1. */
  brokenStage?(deviceNumber: number): string | undefined
}

interface Device {
  readonly lostAt: number
  readonly brokenStage: string | undefined
  batches: number
  isLost: boolean
}

const ADAPTER = { vendor: 'test', architecture: 'mortal', description: 'a device that is lost', isSoftware: false }

/** Batches on `gateSeed`, the known answers', lose nothing: losses are drawn among those of races. */
export function createMortalGpu(options: MortalGpuOptions, gateSeed: Uint8Array): MortalGpu {
  let device: Device | undefined
  let deviceNumber = 0
  let losses = 0

  function current(): Device {
    if (device === undefined || device.isLost) {
      deviceNumber += 1
      const brokenStage = options.brokenStage?.(deviceNumber)
      device = { lostAt: options.nextLoss(), brokenStage, batches: 0, isLost: false }
    }
    return device
  }

  function countBatch(on: Device, model: RaceModel): void {
    on.batches += model.epochSeed.join() === gateSeed.join() ? 0 : 1
    if (on.batches >= on.lostAt && !on.isLost) {
      on.isLost = true
      losses += 1
    }
  }

  return {
    get deviceNumber() {
      return deviceNumber
    },
    adapter: async () => {
      current()
      return ADAPTER
    },
    createBackend: async (model) => new MortalBackend(options, model, current(), countBatch),
    losses: () => losses,
    close: () => undefined,
  }
}

class MortalBackend implements RaceBackend {
  readonly kind = 'webgpu'
  readonly maxAttempts = 64
  readonly batchesInFlight = 2
  readonly model: RaceModel
  readonly #options: MortalGpuOptions
  readonly #device: Device
  readonly #oracle: RaceOracle
  readonly #countBatch: (device: Device, model: RaceModel) => void
  #queue: Promise<unknown> = Promise.resolve()

  constructor(
    options: MortalGpuOptions,
    model: RaceModel,
    device: Device,
    countBatch: (device: Device, model: RaceModel) => void,
  ) {
    this.#options = options
    this.model = model
    this.#oracle = createOracle(model)
    this.#device = device
    this.#countBatch = countBatch
  }

  async start(): Promise<void> {
    this.#check()
  }

  async run({ host, target, nonces }: RaceBatch): Promise<readonly FoundAttempt[]> {
    this.#countBatch(this.#device, this.model)
    this.#check()
    const before = this.#queue
    const work = (async () => {
      await before
      await this.#options.clock.sleep(nonces.length * this.#options.msPerAttempt)
      this.#check()
      return [...nonces]
        .map((nonce) => ({ nonce, digest: this.#bent(this.#oracle.attempt(host, nonce)) }))
        .filter(({ digest }) => isFind(digest, target))
    })()
    this.#queue = work.catch(() => undefined)
    return work
  }

  async trace(host: Uint8Array, nonce: bigint): Promise<RaceTrace> {
    const { stages, digest } = this.#oracle.trace(host, nonce)
    const bent = stages.map(({ stage, bytes }) => ({
      stage,
      bytes: stage.name === this.#device.brokenStage ? flipped(bytes) : bytes,
    }))
    return { stages: bent, digest: this.#bent(digest) }
  }

  async stop(): Promise<void> {
    await this.#queue
  }

  #bent(digest: Uint8Array): Uint8Array {
    return this.#device.brokenStage === undefined ? digest : flipped(digest)
  }

  #check(): void {
    if (this.#device.isLost) {
      throw new CodedError('device_lost', 'lost on purpose')
    }
  }
}

/** One wrong bit in the last byte: a digest under the target mostly stays there. */
function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((value, index) => (index === bytes.length - 1 ? value ^ 1 : value))
}

/** Two ends of a channel inside one turn of the event loop: virtual time has no thread to wait for. */
export function createChannelPair(): readonly [ComputeChannel, ComputeChannel] {
  const listeners: (((message: unknown) => void) | undefined)[] = [undefined, undefined]
  const end = (own: 0 | 1): ComputeChannel => ({
    send(message) {
      const copy = structuredClone(message)
      queueMicrotask(() => listeners[1 - own]?.(copy))
    },
    receive(listener) {
      listeners[own] = listener
      return () => {
        listeners[own] = undefined
      }
    },
  })
  return [end(0), end(1)]
}
