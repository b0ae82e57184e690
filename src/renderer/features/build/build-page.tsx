/** The way in for programs: the endpoint with lines to copy, a playground, what pays for it, and each order with who drew it. */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { GatewaySnapshot } from '../../../ipc/work-snapshot.ts'
import { CodeBlock } from './code-block.tsx'
import { EndpointPanel } from './endpoint-panel.tsx'
import { EscrowPanel } from './escrow-panel.tsx'
import { OrdersPanel } from './orders-panel.tsx'
import { Playground } from './playground.tsx'
import '../work/entries.css'
import './build.css'
import './playground.css'

export function BuildPage({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { gateway } = snapshot
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Build</h1>
        <p className="page-text">
          Any program that speaks OpenAI’s API can use this network: the same client, another address. Each answer comes
          with a receipt that you can check.
        </p>
      </header>
      {gateway === null ? (
        <NoGateway rpc={snapshot.endpoints.rpc} />
      ) : (
        <>
          <GatewayBanner state={gateway.state} />
          <div className="columns build-columns">
            <div className="column">
              <EndpointPanel gateway={gateway} />
              <OrdersPanel snapshot={snapshot} gateway={gateway} />
            </div>
            <div className="column">
              <Playground snapshot={snapshot} gateway={gateway} />
              <EscrowPanel gateway={gateway} rpc={snapshot.endpoints.rpc} />
            </div>
          </div>
        </>
      )}
    </>
  )
}

function GatewayBanner({ state }: { readonly state: GatewaySnapshot['state'] }): ReactNode {
  if (state === 'ready') {
    return null
  }
  return (
    <div
      className="banner"
      data-tone={state === 'down' ? 'warning' : 'plain'}
      role="status"
      data-testid="gateway-state"
    >
      <p>
        {state === 'down' ? (
          <>
            <strong>The gateway does not answer.</strong> It restarts by itself; requests fail until then. What was
            ordered and paid is on chain and stays.
          </>
        ) : (
          <>
            <strong>The gateway is starting.</strong> Its key is funded on chain; requests work in a few seconds.
          </>
        )}
      </p>
    </div>
  )
}

function NoGateway({ rpc }: { readonly rpc: string }): ReactNode {
  return (
    <section className="panel" aria-labelledby="no-gateway-title" data-testid="no-gateway">
      <h2 id="no-gateway-title" className="panel-title">
        No gateway on this computer
      </h2>
      <p className="empty no-gateway-text">
        A gateway turns requests into orders that are drawn, paid and receipted. This application runs none; any
        computer can:
      </p>
      <CodeBlock name="the command" code={`tailrace gateway --home ./gateway --rpc ${rpc}`} />
    </section>
  )
}
