/** Standard Cosmos queries and results, as values: requests decoded with bounds, answers encoded. The layer above sees no codec. */
import { BaseAccount } from 'cosmjs-types/cosmos/auth/v1beta1/auth'
import { QueryAccountRequest, QueryAccountResponse } from 'cosmjs-types/cosmos/auth/v1beta1/query'
import {
  QueryAllBalancesRequest,
  QueryAllBalancesResponse,
  QueryBalanceRequest,
  QueryBalanceResponse,
} from 'cosmjs-types/cosmos/bank/v1beta1/query'
import { TxMsgData } from 'cosmjs-types/cosmos/base/abci/v1beta1/abci'
import { SimulateRequest, SimulateResponse } from 'cosmjs-types/cosmos/tx/v1beta1/service'
import { CodedError } from '../lib/coded-error.ts'
import { TX_LIMITS } from './tx.ts'

export type { MsgSend } from 'cosmjs-types/cosmos/bank/v1beta1/tx'

/** Of every account: an empty wallet can sign before the chain has seen it. */
export const ACCOUNT_NUMBER = 0n

interface SimulatedEvent {
  readonly type: string
  readonly attributes: readonly { readonly key: string; readonly value: string }[]
}

export interface Simulated {
  readonly gasWanted: bigint
  readonly gasUsed: bigint
  readonly log: string
  readonly data: Uint8Array
  readonly events: readonly SimulatedEvent[]
}

/** The `data` of a transaction's result: one response per message. */
export function encodeTxData(
  responses: readonly { readonly typeUrl: string; readonly value: Uint8Array }[],
): Uint8Array {
  const msgResponses = responses.map(({ typeUrl, value }) => ({ typeUrl, value }))
  return TxMsgData.encode(TxMsgData.fromPartial({ msgResponses })).finish()
}

/** The address asked for. @throws CodedError `malformed_query`, as all decoders here. */
export function decodeAccountRequest(bytes: Uint8Array): string {
  return decode(QueryAccountRequest, bytes).address
}

export function encodeAccountResponse(address: string, sequence: bigint): Uint8Array {
  const account = BaseAccount.fromPartial({ address, accountNumber: ACCOUNT_NUMBER, sequence })
  const any = { typeUrl: '/cosmos.auth.v1beta1.BaseAccount', value: BaseAccount.encode(account).finish() }
  return QueryAccountResponse.encode(QueryAccountResponse.fromPartial({ account: any })).finish()
}

export function decodeBalanceRequest(bytes: Uint8Array): { readonly address: string; readonly denom: string } {
  return decode(QueryBalanceRequest, bytes)
}

export function encodeBalanceResponse(denom: string, amount: bigint): Uint8Array {
  const balance = { denom, amount: amount.toString() }
  return QueryBalanceResponse.encode(QueryBalanceResponse.fromPartial({ balance })).finish()
}

export function decodeAllBalancesRequest(bytes: Uint8Array): string {
  return decode(QueryAllBalancesRequest, bytes).address
}

export function encodeAllBalancesResponse(denom: string, amount: bigint): Uint8Array {
  const balances = amount === 0n ? [] : [{ denom, amount: amount.toString() }]
  const pagination = { nextKey: new Uint8Array(0), total: BigInt(balances.length) }
  return QueryAllBalancesResponse.encode(QueryAllBalancesResponse.fromPartial({ balances, pagination })).finish()
}

export function decodeSimulateRequest(bytes: Uint8Array): Uint8Array {
  return decode(SimulateRequest, bytes).txBytes
}

export function encodeSimulateResponse(simulated: Simulated): Uint8Array {
  const { gasWanted, gasUsed, log, data } = simulated
  const events = simulated.events.map(({ type, attributes }) => ({
    type,
    attributes: attributes.map(({ key, value }) => ({ key, value, index: true })),
  }))
  const result = { data, log, events }
  return SimulateResponse.encode(SimulateResponse.fromPartial({ gasInfo: { gasWanted, gasUsed }, result })).finish()
}

function decode<T>(codec: { decode(input: Uint8Array): T }, bytes: Uint8Array): T {
  // A simulation carries a whole transaction and a few bytes around it.
  if (bytes.length > TX_LIMITS.bytes + 64) {
    throw new CodedError('malformed_query', 'query too large')
  }
  try {
    return codec.decode(bytes)
  } catch (cause) {
    throw new CodedError('malformed_query', 'the query cannot be decoded', { cause })
  }
}
