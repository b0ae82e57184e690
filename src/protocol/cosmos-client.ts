/**
 * The client's half of the few Cosmos queries and of a signed transaction: requests encoded, answers decoded with bounds.
 * The chain's half is cosmos.ts.
 */
import { BaseAccount } from 'cosmjs-types/cosmos/auth/v1beta1/auth'
import { QueryAccountRequest, QueryAccountResponse } from 'cosmjs-types/cosmos/auth/v1beta1/query'
import { QueryBalanceRequest, QueryBalanceResponse } from 'cosmjs-types/cosmos/bank/v1beta1/query'
import { TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import { CodedError } from '../lib/coded-error.ts'
import { DENOM } from './params.ts'

export function encodeAccountRequest(address: string): Uint8Array {
  return QueryAccountRequest.encode({ address }).finish()
}

/** The next sequence of the account. @throws CodedError `malformed_answer` */
export function decodeAccountSequence(answer: Uint8Array): bigint {
  return decoding(() => {
    const account = QueryAccountResponse.decode(answer).account
    if (account?.typeUrl !== '/cosmos.auth.v1beta1.BaseAccount') {
      throw new CodedError('malformed_answer', 'no BaseAccount')
    }
    return BaseAccount.decode(account.value).sequence
  })
}

export function encodeBalanceRequest(address: string): Uint8Array {
  return QueryBalanceRequest.encode({ address, denom: DENOM }).finish()
}

/** utail. @throws CodedError `malformed_answer` */
export function decodeBalance(answer: Uint8Array): bigint {
  return decoding(() => {
    const { balance } = QueryBalanceResponse.decode(answer)
    if (balance?.denom !== DENOM || !/^[0-9]{1,40}$/.test(balance.amount)) {
      throw new CodedError('malformed_answer', 'no amount')
    }
    return BigInt(balance.amount)
  })
}

/** The bytes that are broadcast, of one signer. */
export function encodeSignedTx(bodyBytes: Uint8Array, authInfoBytes: Uint8Array, signature: Uint8Array): Uint8Array {
  return TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [signature] }).finish()
}

function decoding<T>(decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    throw new CodedError('malformed_answer', 'the answer cannot be decoded', { cause })
  }
}
