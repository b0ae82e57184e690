import type { ReactNode } from 'react'
import type { DoneCheckWire } from '../../../ipc/work-snapshot.ts'
import { shortAddress } from '../../format/amounts.ts'
import { formatClock } from '../../format/time.ts'
import { VERDICTS } from '../words/work-words.ts'

/** What this host did of the others' checks. */
export function DoneChecksPanel({ checks }: { readonly checks: readonly DoneCheckWire[] }): ReactNode {
  return (
    <section className="panel" aria-labelledby="checks-title">
      <div className="panel-head">
        <h2 id="checks-title" className="panel-title">
          Checks for others
        </h2>
        <span className="panel-aside">Paid from their receipts</span>
      </div>
      {checks.length === 0 ? (
        <p className="empty">
          None yet. Chance draws who recomputes whose receipts; when it draws you, that happens by itself.
        </p>
      ) : (
        <ul>
          {checks.map((check) => {
            const { word, tone } = VERDICTS[check.verdict]
            return (
              <li key={`${check.role}/${check.batch}/${check.point}`} className="row" data-tone={tone}>
                <span className="row-mark" aria-hidden="true" />
                <span className="row-title">
                  {check.role === 'arbiter' ? 'Arbiter of batch' : 'Batch'} {check.batch}
                </span>
                <time className="row-time number" dateTime={new Date(check.atMs).toISOString()}>
                  {formatClock(check.atMs)}
                </time>
                <span className="row-text">
                  A receipt of <span className="mono">{shortAddress(check.executor)}</span>: {word}.
                </span>
              </li>
            )
          })}
        </ul>
      )}
    </section>
  )
}
