import { CodedError } from '../../lib/coded-error.ts'
import {
  decodeAccountRequest,
  decodeAllBalancesRequest,
  decodeBalanceRequest,
  decodeSimulateRequest,
  encodeAccountResponse,
  encodeAllBalancesResponse,
  encodeBalanceResponse,
  encodeSimulateResponse,
} from '../../protocol/cosmos.ts'
import { DENOM } from '../../protocol/params.ts'
import { balanceOf } from '../state/bank.ts'
import { sequenceOf } from '../state/chain-status.ts'
import type { QueryContext, QueryHandler } from './query-handler.ts'
import { requireAddress } from './request.ts'

/** What wallets ask. Every valid address has an account, number 0, whether the chain has seen it or not. */
export const COSMOS_QUERIES: readonly (readonly [string, QueryHandler])[] = [
  ['/cosmos.auth.v1beta1.Query/Account', queryAccount],
  ['/cosmos.bank.v1beta1.Query/Balance', queryBalance],
  ['/cosmos.bank.v1beta1.Query/AllBalances', queryAllBalances],
  ['/cosmos.tx.v1beta1.Service/Simulate', querySimulate],
]

function queryAccount(context: QueryContext, request: Uint8Array): Uint8Array {
  const address = decodeAccountRequest(request)
  return encodeAccountResponse(address, sequenceOf(context.store, requireAddress(address)))
}

function queryBalance(context: QueryContext, request: Uint8Array): Uint8Array {
  const { address, denom } = decodeBalanceRequest(request)
  const balance = balanceOf(context.store, requireAddress(address))
  return encodeBalanceResponse(denom, denom === DENOM ? balance : 0n)
}

function queryAllBalances(context: QueryContext, request: Uint8Array): Uint8Array {
  const address = requireAddress(decodeAllBalancesRequest(request))
  return encodeAllBalancesResponse(DENOM, balanceOf(context.store, address))
}

function querySimulate(context: QueryContext, request: Uint8Array): Uint8Array {
  const result = context.simulate(decodeSimulateRequest(request))
  if (result.code !== 0) {
    throw new CodedError('simulation_failed', result.log)
  }
  return encodeSimulateResponse(result)
}
