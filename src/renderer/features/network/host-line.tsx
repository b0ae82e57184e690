// biome-ignore-all lint/a11y/noRedundantRoles: narrow screens lay the rows out as cards, which takes a table's own roles away in some browsers.
import type { ReactNode } from 'react'
import type { NetworkHost } from '../../../ipc/snapshot.ts'
import { formatCount, formatShare, shortAddress } from '../../format/amounts.ts'
import { verdictWords } from './host-order.ts'

interface HostLineProps {
  readonly host: NetworkHost
  /** Of the heaviest host: its bar is full. */
  readonly mostPpm: number
}

/** One host as a row of the table. */
export function HostLine({ host, mostPpm }: HostLineProps): ReactNode {
  const verdict = verdictWords(host.raceVerdict)
  return (
    <tr role="row" data-self={host.isSelf} data-testid="host-line">
      <th role="rowheader" scope="row" data-column="name">
        <span className="net-name">
          {host.moniker === '' ? 'Unnamed' : host.moniker}
          {host.isSelf && <span className="tag net-you">you</span>}
          {!host.active && <span className="tag">has left</span>}
        </span>
        <span className="net-address mono" title={host.address}>
          {shortAddress(host.address)}
        </span>
      </th>
      <td role="cell" data-column="weight" data-label="Weight" className="number">
        <span className="net-share">{formatShare(host.weightPpm)}</span>
        <span className="net-bar" aria-hidden="true">
          <span style={{ transform: `scaleX(${mostPpm === 0 ? 0 : host.weightPpm / mostPpm})` }} />
        </span>
      </td>
      <td role="cell" data-column="reputation" data-label="Reputation" className="number">
        {formatShare(host.reputationPpm)}
      </td>
      <td role="cell" data-column="finds" data-label="Finds" className="number">
        {formatCount(host.finds)}
      </td>
      <td role="cell" data-column="verdict" data-label="Last race">
        <span className="tag" data-tone={verdict.tone === 'plain' ? undefined : verdict.tone}>
          {verdict.text}
        </span>
      </td>
      <td role="cell" data-column="faults" data-label="Faults" className="number" data-some={host.faults > 0}>
        {formatCount(host.faults)}
      </td>
      <td role="cell" data-column="online" data-label="Heard">
        <span className="host-dot" data-online={host.online} aria-hidden="true" /> {host.online ? 'online' : 'silent'}
      </td>
    </tr>
  )
}
