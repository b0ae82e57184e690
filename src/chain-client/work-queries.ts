import type { comet38 } from '@cosmjs/tendermint-rpc'
import { CodedError } from '../lib/coded-error.ts'
import type { AbortSignalLike } from '../lib/runtime.ts'
import type {
  ModelRecord,
  QueryBatchResponse,
  QueryEscrowResponse,
  QueryWorkDutiesResponse,
  ServiceRecord,
} from '../protocol/gen/tailrace/v1/query.ts'
import {
  QueryBatchesRequest,
  QueryBatchesResponse,
  QueryBatchRequest,
  QueryBatchResponse as QueryBatchResponseCodec,
  QueryEscrowRequest,
  QueryEscrowResponse as QueryEscrowResponseCodec,
  QueryEscrowsRequest,
  QueryEscrowsResponse,
  QueryLaneRequest,
  QueryLaneResponse,
  QueryModelsRequest,
  QueryModelsResponse,
  QueryRosterRequest,
  QueryRosterResponse,
  QueryServicesRequest,
  QueryServicesResponse,
  QueryWorkDutiesRequest,
  QueryWorkDutiesResponse as QueryWorkDutiesResponseCodec,
} from '../protocol/gen/tailrace/v1/query.ts'
import type { BatchState, EscrowState, RosterState } from '../protocol/gen/tailrace/v1/state.ts'
import type { MsgSubmitBatch } from '../protocol/gen/tailrace/v1/tx.ts'
import type { WorkData } from '../protocol/gen/tailrace/v1/work.ts'
import { decodeTx } from '../protocol/tx.ts'
import { askChain } from './ask-chain.ts'
import type { ChainRpc } from './chain-rpc.ts'
import { CLIENT_LIMITS } from './client-limits.ts'

/** A batch as its transaction brought it. */
export interface SubmittedBatch {
  readonly id: bigint
  /** `tail1…` */
  readonly executor: string
  readonly height: number
  readonly message: MsgSubmitBatch
}

/** Typed questions about paid work. */
export class WorkQueries {
  readonly #rpc: ChainRpc

  constructor(rpc: ChainRpc) {
    this.#rpc = rpc
  }

  async models(signal: AbortSignalLike): Promise<readonly ModelRecord[]> {
    return (await askChain(this.#rpc, 'Models', QueryModelsRequest, {}, QueryModelsResponse, signal)).models
  }

  escrow(payer: Uint8Array, signal: AbortSignalLike): Promise<QueryEscrowResponse> {
    return askChain(this.#rpc, 'Escrow', QueryEscrowRequest, { payer }, QueryEscrowResponseCodec, signal)
  }

  async escrows(owner: string, signal: AbortSignalLike): Promise<readonly EscrowState[]> {
    return (await askChain(this.#rpc, 'Escrows', QueryEscrowsRequest, { owner }, QueryEscrowsResponse, signal)).escrows
  }

  async lane(payer: Uint8Array, executor: string, signal: AbortSignalLike): Promise<bigint> {
    const question = { payer, executor }
    return (await askChain(this.#rpc, 'Lane', QueryLaneRequest, question, QueryLaneResponse, signal)).accepted
  }

  /** The newest roster at or below `height`; 0 = newest. */
  async roster(model: string, height: number, signal: AbortSignalLike): Promise<RosterState | undefined> {
    const question = { model, height: BigInt(height) }
    return (await askChain(this.#rpc, 'Roster', QueryRosterRequest, question, QueryRosterResponse, signal)).roster
  }

  async services(host: string, signal: AbortSignalLike): Promise<readonly ServiceRecord[]> {
    return (await askChain(this.#rpc, 'Services', QueryServicesRequest, { host }, QueryServicesResponse, signal))
      .services
  }

  batch(id: bigint, signal: AbortSignalLike): Promise<QueryBatchResponse> {
    return askChain(this.#rpc, 'Batch', QueryBatchRequest, { id }, QueryBatchResponseCodec, signal)
  }

  /** One page, from `fromId` on. */
  async batches(host: string, fromId: bigint, signal: AbortSignalLike): Promise<readonly BatchState[]> {
    const question = { host, fromId, limit: CLIENT_LIMITS.batchesPerPage }
    const { batches } = await askChain(
      this.#rpc,
      'Batches',
      QueryBatchesRequest,
      question,
      QueryBatchesResponse,
      signal,
    )
    if (batches.length > CLIENT_LIMITS.batchesPerPage) {
      throw new CodedError('malformed_answer', `a page has at most ${CLIENT_LIMITS.batchesPerPage} entries`)
    }
    return batches
  }

  workDuties(host: string, signal: AbortSignalLike): Promise<QueryWorkDutiesResponse> {
    return askChain(this.#rpc, 'WorkDuties', QueryWorkDutiesRequest, { host }, QueryWorkDutiesResponseCodec, signal)
  }

  /** The batches that this transaction brought: blocks keep what the state has forgotten. Empty where it brought none. */
  async submittedBatches(txHash: string, signal: AbortSignalLike): Promise<readonly SubmittedBatch[]> {
    const found = await this.#findTx(txHash, signal)
    if (found === undefined || found.result.code !== 0) {
      return []
    }
    // One event for each message, in their order.
    const events = found.result.events.filter(({ type }) => type === 'batch')
    const messages = decodeTx(found.tx).messages.flatMap((message) =>
      message.typeUrl === '/tailrace.v1.MsgSubmitBatch' ? [message.value] : [],
    )
    return messages.flatMap((message, index) => {
      const attribute = (name: string) => events[index]?.attributes.find(({ key }) => key === name)?.value ?? ''
      const id = attribute('id')
      return /^[0-9]{1,20}$/.test(id)
        ? [{ id: BigInt(id), executor: attribute('executor'), height: found.height, message }]
        : []
    })
  }

  /** The data of the first MsgPostWork of this transaction; undefined where no block holds such a one. */
  async postedWork(txHash: string, signal: AbortSignalLike): Promise<WorkData | undefined> {
    const found = await this.#findTx(txHash, signal)
    const message = found && decodeTx(found.tx).messages.find(({ typeUrl }) => typeUrl === '/tailrace.v1.MsgPostWork')
    return message?.typeUrl === '/tailrace.v1.MsgPostWork' ? message.value.data : undefined
  }

  async #findTx(txHash: string, signal: AbortSignalLike): Promise<comet38.TxResponse | undefined> {
    if (!/^[0-9A-F]{64}$/.test(txHash)) {
      throw new CodedError('invalid_hash', 'a hash has 64 upper-case hexadecimal digits')
    }
    const query = `tx.hash='${txHash}'`
    const { txs } = await this.#rpc.request((comet) => comet.txSearch({ query }), signal)
    return txs[0]
  }
}
