import { contentOf } from '../../../../src/chain/state/work/escrows.ts'
import { bytesToBigint } from '../../../../src/lib/bytes.ts'
import { EscrowState, HostState, SupplyState } from '../../../../src/protocol/gen/tailrace/v1/state.ts'
import { prefixOfKey } from './records.ts'

/** What an entry says about money: where it lies, and how much there is. The running totals of places are left out on purpose. */
export interface EntryMoney {
  readonly placed: bigint
  /** Genesis and minted, less burned. */
  readonly issued: bigint
}

const NONE: EntryMoney = { placed: 0n, issued: 0n }

export function moneyOf(key: Uint8Array, value: Uint8Array | undefined): EntryMoney {
  if (value === undefined) {
    return NONE
  }
  switch (prefixOfKey(key)) {
    case 'balance':
      return { placed: bytesToBigint(value), issued: 0n }
    case 'host': {
      const { held, bond } = HostState.decode(value)
      return { placed: BigInt(held) + BigInt(bond), issued: 0n }
    }
    case 'escrow':
      return { placed: contentOf(EscrowState.decode(value)), issued: 0n }
    case 'supply': {
      // The pool has no other record.
      const { genesis, minted, burned, pool } = SupplyState.decode(value)
      return { placed: BigInt(pool), issued: BigInt(genesis) + BigInt(minted) - BigInt(burned) }
    }
    default:
      return NONE
  }
}
