/**
 * What happened inside: the log files as they grow, and a report to take along. Invariant: nothing is copied, saved or sent without a
 * click, and what a report holds is shown before it is saved. Read next: log-panel.tsx, report-panel.tsx.
 */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { CopyButton } from '../app/copy-button.tsx'
import { LogPanel } from './log-panel.tsx'
import { ReportPanel } from './report-panel.tsx'
import '../work/leave.css'
import '../flow/flow.css'
import './logs.css'

export function LogsPage({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Logs</h1>
        <p className="page-text">
          The files lie in <span className="mono log-folder">{snapshot.logFolder}</span>{' '}
          <CopyButton className="foot-copy" name="the log folder" value={snapshot.logFolder} />
        </p>
      </header>
      <LogPanel />
      <ReportPanel />
    </>
  )
}
