import type { ReactNode } from 'react'
import type { BackendReportWire, ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatRate } from '../../format/amounts.ts'

/** Each backend: whether it is exact, its digest, and how fast it is beside the others. */
export function BackendsPanel({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { device, backend } = snapshot
  const most = Math.max(0, ...(device?.backends ?? []).map(({ attemptsPerSecond }) => attemptsPerSecond))
  return (
    <section className="panel" aria-labelledby="backends-title">
      <div className="panel-head">
        <h2 id="backends-title" className="panel-title">
          What can compute here
        </h2>
        <span className="panel-aside">attempts a second, measured</span>
      </div>
      {device === null ? (
        <p className="empty">
          Not checked yet. That happens when you join, and takes a few seconds; “Check again” does it now.
        </p>
      ) : (
        <ul className="dev-backends">
          {device.backends.map((report) => (
            <BackendCard
              key={report.kind}
              report={report}
              isChosen={report.kind === backend?.kind}
              share={most === 0 ? 0 : report.attemptsPerSecond / most}
            />
          ))}
        </ul>
      )}
    </section>
  )
}

interface BackendCardProps {
  readonly report: BackendReportWire
  readonly isChosen: boolean
  /** Of the fastest. */
  readonly share: number
}

function BackendCard({ report, isChosen, share }: BackendCardProps): ReactNode {
  return (
    <li className="dev-backend" data-chosen={isChosen} data-testid={`backend-${report.kind}`}>
      <p className="dev-backend-name">
        {report.kind === 'webgpu' ? 'Graphics (WebGPU)' : 'Processor'}
        {isChosen && <span className="tag dev-used">races</span>}
        <span className="tag" data-tone={report.conformant ? 'good' : 'bad'}>
          {report.conformant ? 'exact' : 'not exact'}
        </span>
        {report.kind === 'webgpu' && report.isSoftware && (
          <span className="tag" data-tone="warning">
            software
          </span>
        )}
      </p>
      <p className="dev-backend-rate number">{report.conformant ? formatRate(report.attemptsPerSecond) : '—'}</p>
      <p className="dev-backend-adapter">{report.adapter === '' ? 'The browser hides its name' : report.adapter}</p>
      <div className="dev-bar" aria-hidden="true">
        <span style={{ transform: `scaleX(${share})` }} />
      </div>
      <p className="dev-backend-proof">
        {report.conformant ? (
          <>
            Digest of the known answers{' '}
            <span className="mono" title={report.conformanceDigest}>
              {report.conformanceDigest.slice(0, 16)}…
            </span>
          </>
        ) : (
          `First difference: ${report.firstDifference ?? 'not told'}`
        )}
      </p>
    </li>
  )
}
