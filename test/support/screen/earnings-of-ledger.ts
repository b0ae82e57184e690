import type { LedgerEntryWire } from '../../../src/ipc/snapshot.ts'
import type { EarningEpoch, EarningsPage } from '../../../src/ipc/wires/earnings-wire.ts'
import { emptyEarnings } from './sample-earnings.ts'
import { COMPANION_ONE } from './sample-snapshot.ts'

/** The page of earnings that tells the same as these entries (newest first), all of it from the last seconds before `nowMs`. */
export function earningsOfLedger(ledger: readonly LedgerEntryWire[], nowMs: number): EarningsPage {
  const numbers = [...new Set(ledger.map(({ epoch }) => epoch))]
  return { ...emptyEarnings(), epochs: numbers.map((epoch) => epochOf(epoch, ledger, nowMs)) }
}

function epochOf(epoch: number, ledger: readonly LedgerEntryWire[], nowMs: number): EarningEpoch {
  return {
    epoch,
    startedAtMs: nowMs,
    endedAtMs: nowMs,
    isClosed: true,
    device: { address: COMPANION_ONE, name: 'this computer' },
    weightPpm: 500_000,
    lines: ledger
      .filter((entry) => entry.epoch === epoch)
      .flatMap(({ kind, amount, reason }) => (kind === 'weight' ? [] : [{ kind, amount, reason, entries: 1 }])),
  }
}
