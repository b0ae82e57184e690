import type { Application } from '../../chain/application.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import type { BlockStore } from '../block-store.ts'
import type { Mempool } from '../mempool/mempool.ts'
import type { ValidatorKey } from '../validator-key.ts'
import type { InclusionWaiter } from './inclusion-waiter.ts'
import { RpcError } from './json-rpc.ts'
import type { Arguments, Parameter } from './parameters.ts'
import { decodeArguments } from './parameters.ts'

/** What the methods read and write: the parts of one running node. */
export interface RpcBackend {
  readonly application: Pick<Application, 'info' | 'query'>
  readonly store: Pick<BlockStore, 'block' | 'blockMetas' | 'height' | 'search' | 'tx'>
  readonly mempool: Pick<Mempool, 'add' | 'size' | 'sizeBytes'>
  readonly waiter: InclusionWaiter
  readonly validatorKey: Pick<ValidatorKey, 'address' | 'consensusPublicKey'>
  readonly genesis: Genesis
  readonly moniker: string
  /** Of the program, for people. */
  readonly version: string
}

export type Shape = Readonly<Record<string, Parameter<unknown>>>

export interface RpcMethod {
  readonly shape: Shape
  /** @throws RpcError for what is an answer to the caller */
  call(
    backend: RpcBackend,
    params: Readonly<Record<string, unknown>> | readonly unknown[],
    signal: AbortSignal,
  ): unknown | Promise<unknown>
}

/** Binds parameter kinds to an implementation that sees decoded arguments only. */
export function rpcMethod<S extends Shape>(
  shape: S,
  answer: (backend: RpcBackend, args: Arguments<S>, signal: AbortSignal) => unknown | Promise<unknown>,
): RpcMethod {
  return {
    shape,
    call: (backend, params, signal) => answer(backend, decodeArguments(shape, params), signal),
  }
}

/** A height parameter: absent or 0 is the newest. @throws RpcError where there is no such block */
export function resolveHeight(backend: RpcBackend, height: number | undefined): number {
  const newest = backend.store.height()
  const wanted = height === undefined || height === 0 ? newest : height
  if (wanted < 0) {
    throw new RpcError('internal', `height must be greater than 0, but got ${wanted}`)
  }
  if (wanted < 1 || wanted > newest) {
    throw new RpcError(
      'internal',
      `height ${wanted} must be less than or equal to the current blockchain height ${newest}`,
    )
  }
  return wanted
}

/** Page and size as CometBFT reads them: absent is page 1 of 30; at most `most` a page. */
export function resolvePage(page: number | undefined, perPage: number | undefined, most: number) {
  const limit = perPage === undefined || perPage < 1 ? 30 : Math.min(perPage, most)
  const number = page === undefined || page === 0 ? 1 : page
  if (number < 1 || number > 1_000_000) {
    throw new RpcError('internal', `page should be within [1, 1000000] range, given ${number}`)
  }
  return { limit, offset: (number - 1) * limit }
}

/** A page behind the last one is an error, as in CometBFT; the first is there without entries too. */
export function requirePage(page: number | undefined, limit: number, total: number): void {
  const pages = Math.max(1, Math.ceil(total / limit))
  if (page !== undefined && page > pages) {
    throw new RpcError('internal', `page should be within [1, ${pages}] range, given ${page}`)
  }
}
