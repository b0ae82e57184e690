import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatRate } from '../../format/amounts.ts'
import { fragmentOf } from '../../state/pages.ts'
import type { TabRole } from '../../state/screen-store.ts'
import { useScreen } from '../../state/use-screen.ts'
import { attentionOf } from './attention.ts'

const SHOWN = 3

/** What needs the person, and what lends its GPU. */
export function AttentionCard({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const items = attentionOf(snapshot)
  const shown = items.slice(0, SHOWN)
  return (
    <section className="panel glance-card" aria-labelledby="attention-title">
      <div className="panel-head">
        <h2 id="attention-title" className="panel-title">
          What needs you
        </h2>
        <span className="panel-aside number">{items.length > SHOWN ? `${items.length - SHOWN} more` : ''}</span>
      </div>
      {shown.length === 0 ? (
        <p className="attention-none">
          <svg viewBox="0 0 24 24" width="26" height="26" aria-hidden="true" focusable="false">
            <path
              d="M5 12.6 10 17.5 19.5 7"
              fill="none"
              stroke="currentColor"
              strokeWidth="2"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
          {snapshot.joined ? 'Nothing. It runs by itself.' : 'Nothing. Join when you like.'}
        </p>
      ) : (
        <ul className="attention-list" data-testid="attention">
          {shown.map(({ key, title, text, page }) => (
            <li key={key}>
              <a className="attention-item" href={fragmentOf(page)}>
                <span className="attention-title">{title}</span>
                <span className="attention-text">{text}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
      <DeviceLine snapshot={snapshot} />
    </section>
  )
}

const TAB_WORDS: Readonly<Record<Exclude<TabRole, 'computing'>, string>> = {
  starting: 'Starting',
  elsewhere: 'Another tab computes',
  taking_over: 'Taking over',
  unable: 'This browser cannot compute',
}

function DeviceLine({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const tab = useScreen((state) => state.tab)
  const { device, backend, joined } = snapshot
  const here = snapshot.shell === 'desktop' ? 'This app' : 'This tab'
  const report = device?.backends.find(({ kind }) => kind === backend?.kind)
  return (
    <a className="device-line" href={fragmentOf('device')} data-tab={tab}>
      <span className="device-line-dot" aria-hidden="true" />
      <span className="device-line-role">
        {tab === 'computing' ? `${here} ${joined ? 'computes' : 'is ready'}` : TAB_WORDS[tab]}
      </span>
      <span className="device-line-adapter number">
        {report === undefined
          ? 'The device is checked when you join'
          : `${report.kind === 'cpu' ? 'Processor' : report.adapter} · ${formatRate(report.attemptsPerSecond)}/s`}
      </span>
    </a>
  )
}
