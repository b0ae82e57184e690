import type { ReactNode } from 'react'
import type { WorkSnapshot } from '../../../ipc/work-snapshot.ts'
import { fragmentOf } from '../../state/pages.ts'
import { workTitle } from './work-title.ts'
import './work.css'

/** Paid work in one line, for the first page. */
export function WorkStrip({ work }: { readonly work: WorkSnapshot }): ReactNode {
  const { headline } = workTitle({ work, phase: 'settled' })
  const [service] = work.services
  const isRunning = work.jobs.some(({ state }) => state === 'running')
  return (
    <section className="panel work-strip" aria-labelledby="strip-title">
      <h2 id="strip-title" className="panel-title">
        Paid work
      </h2>
      <p className="work-strip-text">
        <span className="work-strip-dot" data-running={isRunning} aria-hidden="true" />
        {headline}
        {service !== undefined && <span className="work-strip-model">{service.model}</span>}
      </p>
      <a className="button button-small button-link" href={fragmentOf('work')}>
        Show the work
      </a>
    </section>
  )
}
