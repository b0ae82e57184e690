import { CodedError, errorCode } from '../lib/coded-error.ts'
import { isFind } from '../race/find.ts'
import type { RaceModel } from '../race/model.ts'
import type { RaceOracle } from '../race/oracle.ts'
import { createOracle } from '../race/oracle.ts'
import { createWasmOracle } from '../race/wasm-oracle.ts'
import type { FoundAttempt, RaceBackend, RaceBatch, RaceTrace } from './race-engine.ts'

const MAX_ATTEMPTS = 4096

interface Engine extends RaceOracle {
  search(host: Uint8Array, target: Uint8Array, nonces: BigUint64Array): readonly FoundAttempt[]
}

/**
 * The CPU as a backend: races where there is no usable GPU, in WebAssembly, or by the reference where an engine has no SIMD.
 * A batch runs to its end in one turn of the event loop. Its weights are its own copy, so that the oracle that recomputes its
 * finds (src/race/arbiter.ts) does not read the same memory.
 */
export class CpuBackend implements RaceBackend {
  readonly kind = 'cpu'
  readonly maxAttempts = MAX_ATTEMPTS
  readonly batchesInFlight = 1
  readonly model: RaceModel
  #engine: Engine | undefined

  constructor(model: RaceModel) {
    this.model = model
  }

  async start(): Promise<void> {
    this.#engine = createEngine(this.model)
  }

  async run(batch: RaceBatch, signal?: AbortSignal): Promise<readonly FoundAttempt[]> {
    const engine = this.#running()
    if (batch.nonces.length > MAX_ATTEMPTS) {
      throw new CodedError('batch_too_large', 'too many attempts in one batch', { fields: { max: MAX_ATTEMPTS } })
    }
    signal?.throwIfAborted()
    return engine.search(batch.host, batch.target, batch.nonces)
  }

  async trace(host: Uint8Array, nonce: bigint): Promise<RaceTrace> {
    return this.#running().trace(host, nonce)
  }

  async stop(): Promise<void> {
    this.#engine = undefined
  }

  #running(): Engine {
    if (this.#engine === undefined) {
      throw new CodedError('not_started', 'the backend is not running')
    }
    return this.#engine
  }
}

function createEngine(model: RaceModel): Engine {
  try {
    return createWasmOracle(model.shape, model.epochSeed, 'racer')
  } catch (error) {
    const code = errorCode(error)
    if (code !== 'no_wasm_simd' && code !== 'wasm_memory') {
      throw error
    }
    return searchingByReference(createOracle(model))
  }
}

function searchingByReference(oracle: RaceOracle): Engine {
  return {
    ...oracle,
    search(host, target, nonces) {
      const finds: FoundAttempt[] = []
      for (const nonce of nonces) {
        const digest = oracle.attempt(host, nonce)
        if (isFind(digest, target)) {
          finds.push({ nonce, digest })
        }
      }
      return finds
    },
  }
}
