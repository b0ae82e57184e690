/** Paid work: what this host serves, the orders drawn to it, what became of their receipts, and the two ways to go. */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { BatchesPanel } from './batches-panel.tsx'
import { DoneChecksPanel } from './done-checks-panel.tsx'
import { JobsPanel } from './jobs-panel.tsx'
import { ServicesPanel } from './services-panel.tsx'
import { WorkHead } from './work-head.tsx'
import './entries.css'
import './work.css'

export function WorkPage({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { work } = snapshot
  return (
    <>
      <WorkHead snapshot={snapshot} />
      {work !== null && (
        <div className="columns">
          <div className="column">
            <JobsPanel snapshot={snapshot} work={work} />
            <BatchesPanel snapshot={snapshot} work={work} />
          </div>
          <div className="column">
            <ServicesPanel services={work.services} />
            <DoneChecksPanel checks={work.checks} />
          </div>
        </div>
      )}
    </>
  )
}
