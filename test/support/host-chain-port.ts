/** The ChainPort of one test host: every answer comes a turn later, as over a wire, and not at all while the line is cut. */
import { QueryBalanceRequest, QueryBalanceResponse } from 'cosmjs-types/cosmos/bank/v1beta1/query'
import type { BlockNotice, ChainPort, ConnectionState, TxOutcome, Unsubscribe } from '../../src/host/ports.ts'
import { CodedError } from '../../src/lib/coded-error.ts'
import type { AbortSignalLike } from '../../src/lib/runtime.ts'
import {
  QueryAssignmentRequest,
  QueryAssignmentResponse,
  QueryEpochRequest,
  QueryEpochResponse,
  QueryFindsRequest,
  QueryFindsResponse,
  QueryHostRequest,
  QueryHostResponse,
  QueryHostsRequest,
  QueryHostsResponse,
  QueryLedgerRequest,
  QueryLedgerResponse,
  QueryOpeningsRequest,
  QueryOpeningsResponse,
} from '../../src/protocol/gen/tailrace/v1/query.ts'
import type { TypedMessage } from '../../src/protocol/messages.ts'
import { DENOM } from '../../src/protocol/params.ts'
import type { Codec, TestChain } from './host-chain.ts'
import { TEST_CHAIN_ID } from './host-chain.ts'

export interface HostSecrets {
  readonly owner: Uint8Array
  readonly device: Uint8Array
}

export interface TestWallet {
  isOpen: boolean
}

export class TestChainPort implements ChainPort {
  readonly chainId = TEST_CHAIN_ID
  readonly #chain: TestChain
  readonly #secrets: HostSecrets & { readonly wallet?: TestWallet }
  readonly #onActivity: () => void
  readonly #blockListeners = new Set<(block: BlockNotice) => void>()
  readonly #connectionListeners = new Set<(state: ConnectionState) => void>()
  #isOut = false
  #cut = new AbortController()

  constructor(chain: TestChain, secrets: HostSecrets & { readonly wallet?: TestWallet }, onActivity: () => void) {
    this.#chain = chain
    this.#secrets = secrets
    this.#onActivity = onActivity
    chain.onCommit((block) => {
      if (!this.#isOut) {
        tellAll(this.#blockListeners, block)
      }
    })
  }

  /** Queries fail, blocks are not heard of, answers under way are lost; what was submitted stays in the mempool. */
  setOutage(isOut: boolean): void {
    this.#isOut = isOut
    if (isOut) {
      this.#cut.abort(new CodedError('chain_unreachable', 'the connection broke'))
      this.#cut = new AbortController()
    }
    tellAll(this.#connectionListeners, isOut ? 'disconnected' : 'connected')
  }

  params(signal: AbortSignalLike) {
    return this.#over(signal, () => this.#chain.params)
  }

  epoch(signal: AbortSignalLike) {
    return this.#ask(signal, 'Epoch', QueryEpochRequest, {}, QueryEpochResponse)
  }

  async host(address: string, signal: AbortSignalLike) {
    return (await this.#ask(signal, 'Host', QueryHostRequest, { address }, QueryHostResponse)).host
  }

  async hosts(signal: AbortSignalLike) {
    const request = { startAfter: '', limit: 200 }
    return (await this.#ask(signal, 'Hosts', QueryHostsRequest, request, QueryHostsResponse)).hosts
  }

  async assignment(epoch: bigint, verifier: string, signal: AbortSignalLike) {
    const request = { epoch, verifier }
    return (await this.#ask(signal, 'Assignment', QueryAssignmentRequest, request, QueryAssignmentResponse)).rounds
  }

  async openings(epoch: bigint, signal: AbortSignalLike) {
    const request = { epoch, fromIndex: 0n, limit: 0 }
    return (await this.#ask(signal, 'Openings', QueryOpeningsRequest, request, QueryOpeningsResponse)).leaves
  }

  async finds(epoch: bigint, host: string, signal: AbortSignalLike) {
    const request = { epoch, host, fromIndex: 0n, limit: 0 }
    return (await this.#ask(signal, 'Finds', QueryFindsRequest, request, QueryFindsResponse)).nonces
  }

  ledger(host: string, fromSequence: bigint, signal: AbortSignalLike) {
    const request = { host, fromSequence, limit: 0 }
    return this.#ask(signal, 'Ledger', QueryLedgerRequest, request, QueryLedgerResponse)
  }

  balance(address: string, signal: AbortSignalLike): Promise<bigint> {
    const path = '/cosmos.bank.v1beta1.Query/Balance'
    return this.#over(signal, () => {
      const answer = this.#chain.ask(path, QueryBalanceRequest, { address, denom: DENOM }, QueryBalanceResponse)
      return BigInt(answer.balance?.amount ?? '0')
    })
  }

  appHash(height: number, signal: AbortSignalLike): Promise<Uint8Array | undefined> {
    return this.#over(signal, () => this.#chain.appHashes.get(height))
  }

  submit(messages: readonly TypedMessage[], key: 'owner' | 'device', signal: AbortSignalLike): Promise<TxOutcome> {
    return this.#over(signal, () => {
      if (key === 'owner' && this.#secrets.wallet?.isOpen === false) {
        throw new CodedError('wallet_locked', 'the owner key is locked')
      }
      return this.#chain.submit(messages, this.#secrets[key])
    })
  }

  onBlock(listener: (block: BlockNotice) => void): Unsubscribe {
    this.#blockListeners.add(listener)
    return () => this.#blockListeners.delete(listener)
  }

  onConnection(listener: (state: ConnectionState) => void): Unsubscribe {
    this.#connectionListeners.add(listener)
    listener(this.#isOut ? 'disconnected' : 'connected')
    return () => this.#connectionListeners.delete(listener)
  }

  #ask<Request, Response>(
    signal: AbortSignalLike,
    name: string,
    request: Codec<Request>,
    message: Request,
    response: Codec<Response>,
  ): Promise<Response> {
    return this.#over(signal, () => this.#chain.ask(`/tailrace.v1.Query/${name}`, request, message, response))
  }

  async #over<T>(signal: AbortSignalLike, answer: () => T | Promise<T>): Promise<T> {
    this.#onActivity()
    await Promise.resolve()
    if (this.#isOut) {
      throw new CodedError('chain_unreachable', 'no connection')
    }
    try {
      return await Promise.race([answer(), rejection(this.#cut.signal), rejection(signal)])
    } finally {
      this.#onActivity()
    }
  }
}

function tellAll<T>(listeners: Iterable<(value: T) => void>, value: T): void {
  for (const listener of [...listeners]) {
    listener(value)
  }
}

/** Rejects when the signal aborts. */
function rejection(signal: AbortSignalLike): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
