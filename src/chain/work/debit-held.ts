import { minBigint } from '../../lib/fixed-point.ts'
import type { ReasonCode } from '../../protocol/reasons.ts'
import type { BlockContext } from '../context.ts'
import { burnFrom, moveToPool } from '../state/bank.ts'
import { readHost, updateHost } from '../state/hosts.ts'
import { heldKey, heldRange } from '../state/keys.ts'
import { appendLedger } from '../state/ledger.ts'
import { getAmount, setAmount } from '../state/records.ts'
import { creditEscrow } from './credit-escrow.ts'
import { holdEarnings } from './hold-earnings.ts'

/** Where taken earnings go. */
export type HeldDestination =
  | 'burn'
  | 'pool'
  | { readonly escrow: Uint8Array }
  | { readonly host: Uint8Array; readonly epoch: number; readonly reason: ReasonCode }

/**
 * Takes held earnings of a host: those of `epochFirst` first, then the newest to the oldest. Returns what it got, which is less
 * than `amount` where less is held; that much is moved to the destination, and stands as a debit in the ledger.
 */
export function debitHeld(
  context: BlockContext,
  owner: Uint8Array,
  amount: bigint,
  epochFirst: number,
  reason: ReasonCode,
  txHash: string,
  destination: HeldDestination,
): bigint {
  const taken = takeEntries(context, owner, amount, epochFirst)
  const host = readHost(context.store, owner)
  if (host === undefined || taken === 0n) {
    return 0n
  }
  updateHost(context.store, owner, { held: (BigInt(host.held) - taken).toString() })
  appendLedger(context, owner, { epoch: epochFirst, kind: 'debit', amount: taken, reason, txHash })
  moveTaken(context, taken, destination, txHash)
  return taken
}

function takeEntries(context: BlockContext, owner: Uint8Array, amount: bigint, epochFirst: number): bigint {
  const { store } = context
  const { from, to } = heldRange(owner)
  const newestFirst = [...store.range(from, to, { reverse: true })].map(([key]) => key)
  let missing = amount
  for (const key of [heldKey(owner, epochFirst), ...newestFirst]) {
    // The first entry comes again in its place, with what is left of it.
    const entry = getAmount(store, key)
    const part = minBigint(entry, missing)
    if (part > 0n) {
      setAmount(store, key, entry - part)
      missing -= part
    }
  }
  return amount - missing
}

function moveTaken(context: BlockContext, amount: bigint, destination: HeldDestination, txHash: string): void {
  const { store } = context
  if (destination === 'burn') {
    burnFrom(store, 'held', amount)
  } else if (destination === 'pool') {
    moveToPool(store, 'held', amount)
  } else if ('escrow' in destination) {
    creditEscrow(context, destination.escrow, amount, 'held')
  } else {
    const { host, epoch, reason } = destination
    holdEarnings(context, { owner: host, epoch, amount, reason, txHash, from: 'held' })
  }
}
