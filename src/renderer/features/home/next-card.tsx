import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatDuration, msUntilHeight } from '../../format/time.ts'
import { fragmentOf } from '../../state/pages.ts'
import { useHostNow } from '../../state/use-screen.ts'
import { EpochRing } from '../network/epoch-ring.tsx'
import { nextEvents } from './next-events.ts'

/** Where the epoch stands, and the next three things that its clock brings. */
export function NextCard({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const nowMs = useHostNow()
  const { epoch } = snapshot
  const events = nextEvents(snapshot)
  return (
    <section className="panel glance-card" aria-labelledby="next-title">
      <div className="panel-head">
        <h2 id="next-title" className="panel-title">
          What comes next
        </h2>
        <a className="panel-aside glance-link" href={fragmentOf('network')}>
          The network
        </a>
      </div>
      <div className="next-ring">
        {epoch === null ? <div className="ring ring-empty" /> : <EpochRing epoch={epoch} nowMs={nowMs} />}
      </div>
      {epoch === null ? (
        <p className="empty">Waiting for the first block.</p>
      ) : (
        <ol className="next-list">
          {events.map(({ key, height, name }) => (
            <li key={key} className="next-event">
              <span className="next-time number">{formatDuration(msUntilHeight(epoch, height, nowMs))}</span>
              <span className="next-name">{name}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}
