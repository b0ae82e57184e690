import type { Candidate } from '../draw.ts'
import type { RosterEntry } from '../gen/tailrace/v1/state.ts'
import type { OrderConstraints } from '../gen/tailrace/v1/work.ts'

/** Who may be drawn for an order: its constraints filter the roster before the draw, so that everybody draws among the same. */
export function eligibleFor(
  constraints: OrderConstraints | undefined,
  entries: readonly RosterEntry[],
): readonly Candidate[] {
  return entries
    .filter((entry) => fits(entry, constraints))
    .map((entry) => ({ address: entry.host, weight: BigInt(entry.weight) }))
}

function fits(entry: RosterEntry, constraints: OrderConstraints | undefined): boolean {
  if (constraints === undefined) {
    return true
  }
  const isClass = constraints.numericClass === '' || constraints.numericClass === entry.numericClass
  return isClass && entry.reputationPpm >= constraints.minReputationPpm
}
