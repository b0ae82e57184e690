import { LedgerEntry } from '../../protocol/gen/tailrace/v1/query.ts'
import { LedgerTotals } from '../../protocol/gen/tailrace/v1/state.ts'
import type { FaultCode, ReasonCode } from '../../protocol/reasons.ts'
import type { BlockContext } from '../context.ts'
import { ledgerKey, ledgerTotalsKey } from './keys.ts'
import { getRecord, setRecord } from './records.ts'

/**
 * The why-ledger: one entry for each hold, credit, bond, debit, weight and zero of a host. The newest 1,000 entries are kept;
 * the totals run over all that were ever written.
 */
export const LEDGER_ENTRIES_KEPT = 1_000n

export type LedgerKind = 'hold' | 'credit' | 'bond' | 'debit' | 'zero' | 'weight'

export interface LedgerLine {
  readonly epoch: number
  readonly kind: LedgerKind
  /** utail; for `weight` the weight. */
  readonly amount: bigint
  readonly reason: ReasonCode | FaultCode
  readonly txHash?: string
}

export function appendLedger(context: BlockContext, owner: Uint8Array, line: LedgerLine): void {
  const { store, height } = context
  const totals = readLedgerTotals(context.store, owner)
  const sequence = totals.lastSequence + 1n
  setRecord(store, ledgerKey(owner, sequence), LedgerEntry, {
    sequence,
    height: BigInt(height),
    epoch: BigInt(line.epoch),
    kind: line.kind,
    amount: line.amount.toString(),
    reason: line.reason,
    txHash: line.txHash ?? '',
  })
  if (sequence > LEDGER_ENTRIES_KEPT) {
    store.delete(ledgerKey(owner, sequence - LEDGER_ENTRIES_KEPT))
  }
  const total = totalOf(line)
  const sum = total === undefined ? {} : { [total]: (BigInt(totals[total]) + line.amount).toString() }
  setRecord(store, ledgerTotalsKey(owner), LedgerTotals, { ...totals, lastSequence: sequence, ...sum })
}

export function readLedgerTotals(store: BlockContext['store'], owner: Uint8Array): LedgerTotals {
  return (
    getRecord(store, ledgerTotalsKey(owner), LedgerTotals) ?? {
      lastSequence: 0n,
      held: '0',
      credited: '0',
      bonded: '0',
      debitedHeld: '0',
      debitedBond: '0',
    }
  )
}

function totalOf(line: LedgerLine): Exclude<keyof LedgerTotals, 'lastSequence'> | undefined {
  switch (line.kind) {
    case 'hold':
      return 'held'
    case 'credit':
      return 'credited'
    case 'bond':
      return 'bonded'
    case 'debit':
      return line.reason === 'slashed_bond' ? 'debitedBond' : 'debitedHeld'
    case 'zero':
    case 'weight':
      return undefined
  }
}
