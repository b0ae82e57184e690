import type { TxResult } from '../../chain/application.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/runtime.ts'
import { hashTx } from '../block.ts'
import type { EmbeddedEngine } from '../embedded-engine.ts'
import { RPC_LIMITS } from '../limits.ts'
import { RpcError } from './json-rpc.ts'

export interface Inclusion {
  readonly height: number
  readonly result: TxResult
}

interface Components {
  readonly engine: Pick<EmbeddedEngine, 'onBlock'>
  readonly clock: Clock
}

/** Lets callers wait for a transaction's block; how many at a time and how long is bounded. */
export class InclusionWaiter {
  readonly #components: Components
  #waiting = 0

  constructor(components: Components) {
    this.#components = components
  }

  /** Start before the transaction is offered; `cancel` in any case. @throws RpcError where too many wait */
  wait(hash: Uint8Array, signal: AbortSignal): { readonly found: Promise<Inclusion>; readonly cancel: () => void } {
    if (this.#waiting >= RPC_LIMITS.commitWaiters) {
      throw new RpcError('internal', 'too many callers wait for a commit; use broadcast_tx_sync')
    }
    this.#waiting += 1
    const stop = new AbortController()
    stop.signal.addEventListener(
      'abort',
      () => {
        this.#waiting -= 1
      },
      { once: true },
    )
    const found = this.#inclusion(hash, AbortSignal.any([signal, stop.signal]))
    found.catch(() => {
      // Refused before anybody waited: the caller already has its answer.
    })
    return { found, cancel: () => stop.abort() }
  }

  #inclusion(hash: Uint8Array, signal: AbortSignal): Promise<Inclusion> {
    const { engine, clock } = this.#components
    return new Promise((resolve, reject) => {
      const unsubscribe = engine.onBlock((block) => {
        const result = block.results[block.txs.findIndex((tx) => equalBytes(hashTx(tx), hash))]
        if (result !== undefined) {
          resolve({ height: block.header.height, result })
        }
      })
      signal.addEventListener('abort', unsubscribe, { once: true })
      clock.sleep(RPC_LIMITS.commitTimeoutMs, signal).then(
        () => reject(new RpcError('internal', 'timed out waiting for tx to be included in a block')),
        () => reject(new RpcError('internal', 'the node is stopping')),
      )
    })
  }
}
