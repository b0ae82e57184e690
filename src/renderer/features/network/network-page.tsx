/**
 * The network as this host sees it: where the epoch stands, who races and with what weight, what models cost, and the rules that all
 * of them follow. Invariant: nothing moves on this page because a block arrived; rows change their places only with the epoch or by
 * a click. Read next: hosts-panel.tsx, clock-panel.tsx.
 */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount } from '../../format/amounts.ts'
import { ClockPanel } from './clock-panel.tsx'
import { HostsPanel } from './hosts-panel.tsx'
import { PricesPanel } from './prices-panel.tsx'
import { RulesPanel } from './rules-panel.tsx'
import { TotalsPanel } from './totals-panel.tsx'
import './network.css'
import './network-page.css'

export function NetworkPage({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { hostsTotal, rules, chain } = snapshot
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Network</h1>
        <p className="page-text">
          {rules?.network === 'local'
            ? 'A whole network on this computer: chain, gateway and companion hosts. '
            : `${formatCount(hostsTotal)} hosts race for weight and check each other. `}
          <span className="mono">{chain.chainId}</span>
        </p>
      </header>
      <div className="net-top">
        <ClockPanel epoch={snapshot.epoch} height={chain.height} />
        <TotalsPanel snapshot={snapshot} />
      </div>
      <HostsPanel hosts={snapshot.hosts} total={hostsTotal} epoch={snapshot.epoch?.epoch} />
      <div className="net-columns">
        <PricesPanel snapshot={snapshot} />
        <RulesPanel snapshot={snapshot} />
      </div>
    </>
  )
}
