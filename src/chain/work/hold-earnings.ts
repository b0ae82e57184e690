import type { ReasonCode } from '../../protocol/reasons.ts'
import type { BlockContext } from '../context.ts'
import type { Place } from '../state/bank.ts'
import { movePlace } from '../state/bank.ts'
import { readHost, updateHost } from '../state/hosts.ts'
import { heldKey } from '../state/keys.ts'
import { appendLedger } from '../state/ledger.ts'
import { getAmount, setAmount } from '../state/records.ts'

export interface Earning {
  /** 20-byte owner. */
  readonly owner: Uint8Array
  readonly epoch: number
  readonly amount: bigint
  readonly reason: ReasonCode
  /** Upper-case hex, where one transaction is the cause. */
  readonly txHash: string
  /** Where the money stands now; the caller has taken it from the record there. */
  readonly from: Place
}

/** Adds to what a host has held of one epoch, with a line in its ledger. A host that is forgotten leaves it to the pool. */
export function holdEarnings(context: BlockContext, earning: Earning): void {
  const { store } = context
  const { owner, epoch, amount, reason, txHash, from } = earning
  if (amount === 0n) {
    return
  }
  const host = readHost(store, owner)
  if (host === undefined) {
    movePlace(store, from, 'pool', amount)
    return
  }
  movePlace(store, from, 'held', amount)
  const key = heldKey(owner, epoch)
  setAmount(store, key, getAmount(store, key) + amount)
  updateHost(store, owner, { held: (BigInt(host.held) + amount).toString() })
  appendLedger(context, owner, { epoch, kind: 'hold', amount, reason, txHash })
}
