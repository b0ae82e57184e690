/** What computes here: the adapter, whether it is exact, how fast it is, and where it is the processor, why and what that earns. */
import type { ReactNode } from 'react'
import type { BackendReportWire, ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatRate } from '../../format/amounts.ts'
import { formatSpan } from '../../format/time.ts'
import { useScreen } from '../../state/use-screen.ts'
import { Fact } from '../network/network-panel.tsx'
import { backendReason } from '../words/devices.ts'
import './device.css'

export function DevicePanel({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { device, backend, times, race } = snapshot
  const tab = useScreen((state) => state.tab)
  return (
    <section className="panel" aria-labelledby="device-title">
      <div className="panel-head">
        <h2 id="device-title" className="panel-title">
          Your device
        </h2>
        <span className="panel-aside">
          {tab === 'computing' && !snapshot.joined ? 'This tab is ready' : TAB_WORDS[tab]}
        </span>
      </div>
      {device === null ? (
        <p className="empty">
          Checked when you join: which adapter there is, whether it computes exactly, and how fast.
        </p>
      ) : (
        <ul className="backends">
          {device.backends.map((report) => (
            <BackendRow key={report.kind} report={report} isChosen={report.kind === backend?.kind} />
          ))}
        </ul>
      )}
      <EarningNotice snapshot={snapshot} />
      {times.clickToFirstFindMs !== null && (
        <dl className="facts device-facts">
          <Fact name="From Join to the first find" value={formatSpan(times.clickToFirstFindMs)} />
          {times.clickToFirstEarningMs !== null && (
            <Fact name="From Join to the first earning" value={formatSpan(times.clickToFirstEarningMs)} />
          )}
          {race !== null && race.faultyFinds > 0 && (
            <Fact name="Faulty finds dropped" value={String(race.faultyFinds)} />
          )}
        </dl>
      )}
    </section>
  )
}

const TAB_WORDS = {
  starting: '',
  computing: 'This tab computes',
  elsewhere: 'Another tab computes',
  taking_over: 'Taking over',
  unable: 'This browser cannot compute',
} as const

function BackendRow({
  report,
  isChosen,
}: {
  readonly report: BackendReportWire
  readonly isChosen: boolean
}): ReactNode {
  const name = report.kind === 'webgpu' ? 'WebGPU' : 'Processor'
  return (
    <li className="backend" data-chosen={isChosen}>
      <span className="backend-name">{name}</span>
      <span className="backend-rate number">
        {report.conformant ? `${formatRate(report.attemptsPerSecond)} attempts/s` : '—'}
      </span>
      <span className="backend-adapter">{report.adapter === '' ? 'Unnamed adapter' : report.adapter}</span>
      <span className="backend-tags">
        {isChosen && <span className="tag">in use</span>}
        {report.conformant ? (
          <span className="tag" data-tone="good">
            exact
          </span>
        ) : (
          <span className="tag" data-tone="bad" title={report.firstDifference}>
            not exact
          </span>
        )}
        {report.kind === 'webgpu' && report.isSoftware && (
          <span className="tag" data-tone="warning">
            software
          </span>
        )}
      </span>
    </li>
  )
}

/** Said where no real GPU works: why, and what that earns. */
function EarningNotice({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const notice = snapshot.earningNotice
  if (notice === null) {
    return null
  }
  const rate = Number(notice.fields.attemptsPerSecond ?? 0)
  const why =
    notice.code === 'software_adapter'
      ? 'WebGPU runs in software here: the processor does the GPU’s work.'
      : backendReason(String(notice.fields.reason ?? ''))
  return (
    <p className="device-notice number">
      {why} Each find counts the same, and at {formatRate(rate)} attempts a second there are few: expect a small share
      where real GPUs race.
    </p>
  )
}
