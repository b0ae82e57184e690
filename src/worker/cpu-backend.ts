import { CodedError } from '../lib/coded-error.ts'
import { isFind } from '../race/find.ts'
import type { RaceModel } from '../race/model.ts'
import type { RaceOracle } from '../race/oracle.ts'
import { createOracle } from '../race/oracle.ts'
import type { FoundAttempt, RaceBackend, RaceBatch, RaceTrace } from './race-engine.ts'

const MAX_ATTEMPTS = 4096

/** The oracle as a backend: races where there is no usable GPU. A batch runs to its end in one turn of the event loop. */
export class CpuBackend implements RaceBackend {
  readonly kind = 'cpu'
  readonly maxAttempts = MAX_ATTEMPTS
  readonly batchesInFlight = 1
  readonly model: RaceModel
  #oracle: RaceOracle | undefined

  constructor(model: RaceModel) {
    this.model = model
  }

  async start(): Promise<void> {
    this.#oracle = createOracle(this.model)
  }

  async run(batch: RaceBatch, signal?: AbortSignal): Promise<readonly FoundAttempt[]> {
    const oracle = this.#running()
    if (batch.nonces.length > MAX_ATTEMPTS) {
      throw new CodedError('batch_too_large', 'too many attempts in one batch', { fields: { max: MAX_ATTEMPTS } })
    }
    signal?.throwIfAborted()
    const finds: FoundAttempt[] = []
    for (const nonce of batch.nonces) {
      const digest = oracle.attempt(batch.host, nonce)
      if (isFind(digest, batch.target)) {
        finds.push({ nonce, digest })
      }
    }
    return finds
  }

  async trace(host: Uint8Array, nonce: bigint): Promise<RaceTrace> {
    return this.#running().trace(host, nonce)
  }

  async stop(): Promise<void> {
    this.#oracle = undefined
  }

  #running(): RaceOracle {
    if (this.#oracle === undefined) {
      throw new CodedError('not_started', 'the backend is not running')
    }
    return this.#oracle
  }
}
