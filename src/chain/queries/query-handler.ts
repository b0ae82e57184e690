import type { StateStore, TxResult } from '../application.ts'
import type { StateTree } from '../state-tree.ts'

export interface QueryContext {
  readonly store: StateStore
  readonly tree: StateTree
  readonly simulate: (tx: Uint8Array) => TxResult
}

/** Request bytes in, response bytes out. @throws CodedError for a request that cannot be answered. */
export type QueryHandler = (context: QueryContext, request: Uint8Array) => Uint8Array
