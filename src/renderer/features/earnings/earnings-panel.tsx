/** What this host has earned, to the last unit: on hold, kept as bond, credited so far, and the balance. */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { DISPLAY_DENOM } from '../../../protocol/params.ts'
import { formatShare } from '../../format/amounts.ts'
import { TailAmount } from './tail-amount.tsx'
import './earnings.css'

interface Figure {
  readonly name: string
  readonly utail: string
  readonly note: string
  readonly isMain?: boolean
}

export function EarningsPanel({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  return (
    <section className="panel earnings" aria-labelledby="earnings-title">
      <h2 id="earnings-title" className="only-for-readers">
        Earnings in {DISPLAY_DENOM}
      </h2>
      <dl className="figures">
        {figuresOf(snapshot).map((figure) => (
          <div key={figure.name} className="figure" data-main={figure.isMain === true} data-zero={figure.utail === '0'}>
            <dt className="figure-name">{figure.name}</dt>
            <dd className="figure-amount number" data-testid={`amount-${figure.name.toLowerCase()}`}>
              <TailAmount utail={figure.utail} />
            </dd>
            <dd className="figure-note">{figure.note}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function figuresOf({ standing, balance, rules }: ScreenSnapshot): readonly Figure[] {
  const races = rules?.holdEpochs ?? 1
  const bondShare = formatShare(rules?.bondPpm ?? 200_000)
  return [
    {
      name: 'Held',
      utail: standing?.held ?? '0',
      note: `Credited ${races === 1 ? 'one race' : `${races} races`} later`,
    },
    { name: 'Bond', utail: standing?.bond ?? '0', note: `${bondShare} of each credit, until full` },
    { name: 'Credited', utail: standing?.credited ?? '0', note: 'Paid out since you joined' },
    { name: 'Balance', utail: balance, note: 'Yours to spend', isMain: true },
  ]
}
