import type { ReactNode } from 'react'
import type { NetworkHost, ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount, formatShare, shortAddress } from '../../format/amounts.ts'
import { Fact } from './fact.tsx'

/** Segments that are told apart; the rest stand together. */
const SHOWN_SEGMENTS = 12

/** How many take part, and how the weight is spread. */
export function TotalsPanel({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { hosts, hostsTotal, peers, duties } = snapshot
  const active = hosts.filter((host) => host.active).length
  const online = hosts.filter((host) => host.online).length
  const finds = hosts.reduce((sum, host) => sum + host.finds, 0)
  const convicted = hosts.reduce((sum, host) => sum + host.faults, 0)
  return (
    <section className="panel" aria-labelledby="totals-title">
      <div className="panel-head">
        <h2 id="totals-title" className="panel-title">
          Who takes part
        </h2>
        <span className="panel-aside number">
          {hostsTotal > hosts.length ? `counted over ${formatCount(hosts.length)}` : ''}
        </span>
      </div>
      <dl className="facts">
        <Fact name="Hosts registered" value={formatCount(hostsTotal)} />
        <Fact name="Active" value={formatCount(active)} />
        <Fact name="Heard of in the last minute" value={formatCount(online)} />
        <Fact name="Finds of this race" value={formatCount(finds)} />
        <Fact name="Convictions" value={formatCount(convicted)} />
        <Fact name="Peers of this host" value={formatCount(peers)} />
        <Fact
          name="Your checks answered"
          value={duties.drawn === 0 ? '—' : `${formatCount(duties.answered)} of ${formatCount(duties.drawn)}`}
        />
      </dl>
      <WeightBar hosts={hosts} />
    </section>
  )
}

/** All weight as one bar, the heaviest first, this host in its own colour. */
function WeightBar({ hosts }: { readonly hosts: readonly NetworkHost[] }): ReactNode {
  const weighted = hosts.filter(({ weightPpm }) => weightPpm > 0).sort((a, b) => b.weightPpm - a.weightPpm)
  const shown = weighted.filter((host, index) => index < SHOWN_SEGMENTS || host.isSelf)
  const rest = weighted.filter((host) => !shown.includes(host)).reduce((sum, { weightPpm }) => sum + weightPpm, 0)
  const own = hosts.find(({ isSelf }) => isSelf)?.weightPpm ?? 0
  return (
    <figure className="net-weight">
      <figcaption className="number">
        {weighted.length === 0
          ? 'Nobody has weight yet'
          : `Weight of ${formatCount(weighted.length)} ${weighted.length === 1 ? 'host' : 'hosts'}, yours ${formatShare(own)}`}
      </figcaption>
      <div className="net-weight-bar" aria-hidden="true">
        {shown.map((host) => (
          <span
            key={host.address}
            data-self={host.isSelf}
            style={{ flexGrow: host.weightPpm }}
            title={`${host.moniker === '' ? shortAddress(host.address) : host.moniker}: ${formatShare(host.weightPpm)}`}
          />
        ))}
        {rest > 0 && <span data-rest="true" style={{ flexGrow: rest }} title={`Others: ${formatShare(rest)}`} />}
      </div>
    </figure>
  )
}
