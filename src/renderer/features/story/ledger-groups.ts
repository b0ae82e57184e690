import type { LedgerEntryWire, Rules } from '../../../ipc/snapshot.ts'
import { formatShare } from '../../format/amounts.ts'
import type { SentenceFields } from '../words/sentence.ts'

/** The entries that one epoch's race led to, newest first. */
export interface EpochGroup {
  readonly epoch: number
  readonly entries: readonly LedgerEntryWire[]
}

/** Newest epoch first; entries keep their order. */
export function groupByEpoch(entries: readonly LedgerEntryWire[]): readonly EpochGroup[] {
  const groups = new Map<number, LedgerEntryWire[]>()
  for (const entry of entries) {
    const group = groups.get(entry.epoch)
    if (group === undefined) {
      groups.set(entry.epoch, [entry])
    } else {
      group.push(entry)
    }
  }
  return [...groups].map(([epoch, members]) => ({ epoch, entries: members })).sort((a, b) => b.epoch - a.epoch)
}

/** What the sentences about earnings need of the rules. */
export function ruleFields(rules: Rules | null): SentenceFields {
  if (rules === null) {
    return {}
  }
  return {
    holdRaces: rules.holdEpochs === 1 ? 'one race' : `${rules.holdEpochs} races`,
    minFinds: rules.minFinds,
    bondPercent: formatShare(rules.bondPpm),
  }
}
