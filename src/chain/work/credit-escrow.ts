import type { BlockContext } from '../context.ts'
import type { Place } from '../state/bank.ts'
import { movePlace, payOut } from '../state/bank.ts'
import { readEscrow, writeEscrow } from '../state/work/escrows.ts'

/**
 * Gives back what a batch took from an escrow; the caller has taken it from the record at `from`. An escrow that is closed has
 * no more use for it: then it goes to the owner's balance, and to the pool where nobody knows the escrow.
 */
export function creditEscrow(context: BlockContext, payer: Uint8Array, amount: bigint, from: Place): void {
  const { store } = context
  const escrow = readEscrow(store, payer)
  if (escrow === undefined) {
    movePlace(store, from, 'pool', amount)
  } else if (escrow.closed) {
    payOut(store, from, escrow.owner, amount)
  } else {
    movePlace(store, from, 'escrows', amount)
    writeEscrow(store, { ...escrow, refunded: escrow.refunded + amount })
  }
}
