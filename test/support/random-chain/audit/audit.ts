/**
 * The state machine's invariants, recomputed from the bytes of the state after every block: no running total and no index is
 * believed, each is compared with what it stands for. Read next: state-view.ts (how bytes are read), records.ts (what there may be).
 */
import { Broken } from '../broken.ts'
import { consensusFaults } from './consensus-faults.ts'
import { forwardFaults } from './forward-faults.ts'
import { hostFaults } from './host-faults.ts'
import { moneyFaults } from './money.ts'
import { raceFaults } from './race-faults.ts'
import type { StateView } from './state-view.ts'
import { workFaults } from './work-faults.ts'

type Property = readonly [name: string, faults: (view: StateView) => Iterable<string>]

const PROPERTIES: readonly Property[] = [
  ['every entry is a canonical record of a known kind', (view) => view.damage],
  ['the money adds up to the last unit', moneyFaults],
  ['hosts and what points at them agree', hostFaults],
  ['races, samples and duties agree', raceFaults],
  ['consensus power has a reason for each unit', consensusFaults],
  ['escrows, batches, checks and their indices agree', workFaults],
]

/** @throws Broken with the first property that does not hold. */
export function auditState(view: StateView, before: StateView | undefined): void {
  for (const [name, faults] of PROPERTIES) {
    for (const fault of faults(view)) {
      throw new Broken(name, fault)
    }
  }
  for (const fault of before === undefined ? [] : forwardFaults(before, view)) {
    throw new Broken('what may only rise does not fall', fault)
  }
}
