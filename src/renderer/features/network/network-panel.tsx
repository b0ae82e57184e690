/** The network as this host sees it: where the epoch stands, who races, who holds how much weight. */
import type { ReactNode } from 'react'
import type { NetworkHost, ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount, formatShare, shortAddress } from '../../format/amounts.ts'
import { useHostNow } from '../../state/use-screen.ts'
import { EpochRing } from './epoch-ring.tsx'
import './network.css'

const SHOWN_HOSTS = 12

export function NetworkPanel({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const nowMs = useHostNow()
  const { epoch, hosts, hostsTotal, duties, peers } = snapshot
  const shown = [...hosts].sort(bySelfThenWeight).slice(0, SHOWN_HOSTS)
  return (
    <section className="panel" aria-labelledby="network-title">
      <div className="panel-head">
        <h2 id="network-title" className="panel-title">
          Network
        </h2>
        <span className="panel-aside number">{epoch === null ? '' : `Epoch ${formatCount(epoch.epoch)}`}</span>
      </div>
      <div className="network-clock">
        {epoch === null ? <div className="ring ring-empty" /> : <EpochRing epoch={epoch} nowMs={nowMs} />}
        <dl className="facts">
          <Fact name="Block" value={formatCount(snapshot.chain.height)} />
          <Fact name="Hosts" value={formatCount(hostsTotal)} />
          <Fact name="Peers" value={formatCount(peers)} />
          <Fact
            name="Checks answered"
            value={duties.drawn === 0 ? '—' : `${formatCount(duties.answered)} of ${formatCount(duties.drawn)}`}
          />
        </dl>
      </div>
      {shown.length === 0 ? (
        <p className="empty network-empty">No host has registered yet.</p>
      ) : (
        <ul className="hosts">
          {shown.map((host) => (
            <HostRow key={host.address} host={host} />
          ))}
        </ul>
      )}
      {hostsTotal > shown.length && (
        <p className="panel-aside number">and {formatCount(hostsTotal - shown.length)} more</p>
      )}
    </section>
  )
}

export function Fact({ name, value }: { readonly name: string; readonly value: string }): ReactNode {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd className="number">{value}</dd>
    </div>
  )
}

function HostRow({ host }: { readonly host: NetworkHost }): ReactNode {
  return (
    <li className="host" data-self={host.isSelf}>
      <span className="host-dot" data-online={host.online} aria-hidden="true" />
      <span className="host-name">
        {host.isSelf ? 'You' : host.moniker === '' ? shortAddress(host.address) : host.moniker}
      </span>
      {host.raceVerdict === 'convicted' && (
        <span className="tag" data-tone="bad">
          convicted
        </span>
      )}
      <span className="only-for-readers">{host.online ? 'online' : 'offline'}, weight</span>
      <span className="host-share number">{formatShare(host.weightPpm)}</span>
      <span className="host-bar" aria-hidden="true">
        <span style={{ transform: `scaleX(${host.weightPpm / 1_000_000})` }} />
      </span>
      <span className="host-address mono" title={host.address}>
        {shortAddress(host.address)}
      </span>
      <span className="host-finds number">{formatCount(host.finds)} finds</span>
    </li>
  )
}

function bySelfThenWeight(a: NetworkHost, b: NetworkHost): number {
  return Number(b.isSelf) - Number(a.isSelf) || b.weightPpm - a.weightPpm || (a.address < b.address ? -1 : 1)
}
