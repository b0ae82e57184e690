import { maxBigint, minBigint } from '../../../lib/fixed-point.ts'
import { EscrowState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../../application.ts'
import { getRecord, listRecords, setRecord } from '../records.ts'
import { escrowKey, escrowOfOwnerKey, escrowOfOwnerRange, escrowRange } from './work-keys.ts'

/**
 * Escrows: what the holder of a session key may order for. Invariant: deposited + refunded = paid + released + what is in it,
 * and no order may owe more than `promiseLimit`, which never falls while the escrow is open: an order above it is proof.
 */
export function readEscrow(store: StateStore, payer: Uint8Array): EscrowState | undefined {
  return getRecord(store, escrowKey(payer), EscrowState)
}

export function writeEscrow(store: StateStore, escrow: EscrowState): void {
  setRecord(store, escrowKey(escrow.payer), EscrowState, escrow)
  store.set(escrowOfOwnerKey(escrow.owner, escrow.payer), Uint8Array.of(1))
}

export function listEscrows(store: StateStore): EscrowState[] {
  return [...listRecords(store, escrowRange(), EscrowState)].map(([, escrow]) => escrow)
}

/** Escrows of one owner, by session address, at most `limit`. */
export function escrowsOfOwner(store: StateStore, owner: Uint8Array, limit: number): EscrowState[] {
  const { from, to } = escrowOfOwnerRange(owner)
  return [...store.range(from, to, { limit })].flatMap(([key]) => readEscrow(store, key.slice(-20)) ?? [])
}

/** All that is in the escrow, the guarantee included. */
export function contentOf(escrow: EscrowState): bigint {
  return escrow.deposited + escrow.refunded - escrow.paid - escrow.released
}

/** What batches may still take: the guarantee only where the payer is known to have promised too much. */
export function availableOf(escrow: EscrowState): bigint {
  const reserved = escrow.frozen ? 0n : escrow.guarantee
  const left = escrow.closed ? 0n : contentOf(escrow) - reserved
  return minBigint(maxBigint(left, 0n), spendableOf(escrow))
}

/** The greatest T that an order of this escrow may carry. */
export function promiseLimit(escrow: EscrowState): bigint {
  const deposit = escrow.deposited - escrow.guarantee
  const granted = escrow.spendLimit === 0n ? deposit : minBigint(deposit, escrow.spendLimit)
  return granted + escrow.refunded
}

/** The owner's bound on what the session key spends over the life of the escrow. */
function spendableOf(escrow: EscrowState): bigint {
  return escrow.spendLimit === 0n ? contentOf(escrow) : maxBigint(escrow.spendLimit + escrow.refunded - escrow.paid, 0n)
}
