import type { ReactNode } from 'react'
import { formatCount, formatTailShort } from '../../format/amounts.ts'
import type { EpochSums, Source } from './ledger-sums.ts'
import { SOURCES } from './ledger-sums.ts'

const HEIGHT = 1_000
const SLOT = 100
const BAR = 62
/** A sum that is there is seen, however small beside the others. */
const LEAST = 8
/** A single bar is no wall. */
const LEAST_SLOTS = 12

/** Stacked bars: what came in above the line, what was taken below. Drawn to scale without text, which HTML sets beside it. */
export function EarningsChart({ sums }: { readonly sums: readonly EpochSums[] }): ReactNode {
  const most = maxOf(sums.map((sum) => sum.races + sum.orders + sum.checks))
  const least = maxOf(sums.map(({ taken }) => taken))
  const range = most + least === 0n ? 1n : most + least
  const scale = (amount: bigint) => (amount === 0n ? 0 : Math.max(LEAST, Number((amount * BigInt(HEIGHT)) / range)))
  const line = most + least === 0n ? HEIGHT : Number((most * BigInt(HEIGHT)) / range)
  const slots = Math.max(LEAST_SLOTS, sums.length)
  const first = sums[0]
  const last = sums.at(-1)
  return (
    <figure className="chart" data-testid="chart">
      <p className="chart-most number">{most === 0n ? '' : `${formatTailShort(most.toString())} TAIL`}</p>
      <svg
        viewBox={`0 ${-LEAST} ${slots * SLOT} ${HEIGHT + 2 * LEAST}`}
        preserveAspectRatio="none"
        className="chart-bars"
        role="img"
        aria-label={describe(sums)}
      >
        {sums.map((sum, index) => (
          <g key={sum.epoch}>
            <title>{titleOf(sum)}</title>
            <rect className="chart-slot" x={index * SLOT} y={-LEAST} width={SLOT} height={HEIGHT + 2 * LEAST} />
            {stack(sum, scale).map(({ source, from, height }) => (
              <rect
                key={source}
                data-source={source}
                x={index * SLOT + (SLOT - BAR) / 2}
                y={line - from - height}
                width={BAR}
                height={height}
              />
            ))}
            {sum.taken > 0n && (
              <rect
                data-source="taken"
                x={index * SLOT + (SLOT - BAR) / 2}
                y={line}
                width={BAR}
                height={scale(sum.taken)}
              />
            )}
          </g>
        ))}
        <line className="chart-line" x1={0} x2={slots * SLOT} y1={line} y2={line} vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption className="chart-epochs number">
        <span>{first === undefined ? '' : `Epoch ${formatCount(first.epoch)}`}</span>
        {sums.length >= LEAST_SLOTS && <span>{last === undefined ? '' : `Epoch ${formatCount(last.epoch)}`}</span>}
      </figcaption>
    </figure>
  )
}

interface Part {
  readonly source: Source
  readonly from: number
  readonly height: number
}

function stack(sum: EpochSums, scale: (amount: bigint) => number): readonly Part[] {
  let from = 0
  return SOURCES.map((source) => {
    const part = { source, from, height: scale(sum[source]) }
    from += part.height
    return part
  }).filter(({ height }) => height > 0)
}

function maxOf(amounts: readonly bigint[]): bigint {
  return amounts.reduce((most, amount) => (amount > most ? amount : most), 0n)
}

function titleOf({ epoch, races, orders, checks, taken }: EpochSums): string {
  const parts = [
    ['races', races],
    ['orders', orders],
    ['checks', checks],
    ['taken', taken],
  ] as const
  const words = parts
    .filter(([, amount]) => amount > 0n)
    .map(([name, amount]) => `${name} ${formatTailShort(amount.toString())}`)
  return `Epoch ${formatCount(epoch)}: ${words.length === 0 ? 'nothing' : words.join(', ')}`
}

function describe(sums: readonly EpochSums[]): string {
  const total = (name: Source | 'taken') => formatTailShort(sums.reduce((sum, each) => sum + each[name], 0n).toString())
  const span = sums.length === 1 ? 'one epoch' : `${sums.length} epochs`
  return `Bars for ${span}. Races ${total('races')}, orders ${total('orders')}, checks ${total('checks')}, taken ${total('taken')} TAIL. The table below has each.`
}
