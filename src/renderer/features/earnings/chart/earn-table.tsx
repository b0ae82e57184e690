import type { ReactNode } from 'react'
import { formatTail } from '../../../format/amounts.ts'
import { SOURCE_NAMES } from '../by-source-panel.tsx'
import type { Slot } from '../earnings-sums.ts'
import { netOf, SOURCES } from '../earnings-sums.ts'
import { labelOf } from './earn-chart.tsx'

/** The chart's figures, newest first. */
export function EarnTable({ slots }: { readonly slots: readonly Slot[] }): ReactNode {
  const isDays = slots[0]?.epoch === undefined
  return (
    <details className="earn-table">
      <summary>The same as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="earn-scroll" aria-label={isDays ? 'Earned each day' : 'Earned in each epoch'} tabIndex={0}>
        <table className="number">
          <thead>
            <tr>
              <th scope="col">{isDays ? 'Day' : 'Epoch'}</th>
              {SOURCES.map((source) => (
                <th key={source} scope="col">
                  {SOURCE_NAMES[source]}
                </th>
              ))}
              <th scope="col">Taken</th>
              <th scope="col">Left</th>
            </tr>
          </thead>
          <tbody>
            {slots.toReversed().map((slot) => (
              <tr key={slot.key}>
                <th scope="row">{labelOf(slot)}</th>
                {SOURCES.map((source) => (
                  <td key={source}>{formatTail(slot.sums[source].toString())}</td>
                ))}
                <td>{formatTail(slot.sums.taken.toString())}</td>
                <td>{signed(netOf(slot.sums))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  )
}

function signed(amount: bigint): string {
  return amount < 0n ? `−${formatTail((-amount).toString())}` : formatTail(amount.toString())
}
