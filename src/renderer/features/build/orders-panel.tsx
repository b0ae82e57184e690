/** Each order of the gateway here: who drew it, who was passed over and why, what it cost, and its receipt. */
import type { ReactNode } from 'react'
import { useState } from 'react'
import type { NetworkHost, ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { GatewaySnapshot, OrderWire } from '../../../ipc/work-snapshot.ts'
import { formatCount } from '../../format/amounts.ts'
import { formatClock } from '../../format/time.ts'
import { ShowAll } from '../app/show-all.tsx'
import { TailAmount } from '../earnings/tail-amount.tsx'
import { ReceiptControls } from '../receipts/receipt-controls.tsx'
import { orderFaultWords, refusalWords } from '../words/refusals.ts'
import { ORDER_WORDS } from '../words/work-words.ts'
import { hostName } from './host-name.ts'

const SHOWN_AT_FIRST = 8

interface OrdersPanelProps {
  readonly snapshot: ScreenSnapshot
  readonly gateway: GatewaySnapshot
}

export function OrdersPanel({ snapshot, gateway }: OrdersPanelProps): ReactNode {
  const [showsAll, setShowsAll] = useState(false)
  const shown = showsAll ? gateway.orders : gateway.orders.slice(0, SHOWN_AT_FIRST)
  return (
    <section className="panel" aria-labelledby="orders-title">
      <div className="panel-head">
        <h2 id="orders-title" className="panel-title">
          Orders
        </h2>
        <span className="panel-aside">Newest first</span>
      </div>
      {gateway.orders.length === 0 ? (
        <p className="empty">None yet. Paste the line above into a terminal, or ask in the playground.</p>
      ) : (
        <ul className="entries">
          {shown.map((order) => (
            <Order key={order.orderHash} order={order} hosts={snapshot.hosts} rpc={snapshot.endpoints.rpc} />
          ))}
        </ul>
      )}
      <ShowAll total={gateway.orders.length} few={SHOWN_AT_FIRST} showsAll={showsAll} onChange={setShowsAll} />
    </section>
  )
}

interface OrderProps {
  readonly order: OrderWire
  readonly hosts: readonly NetworkHost[]
  readonly rpc: string
}

function Order({ order, hosts, rpc }: OrderProps): ReactNode {
  const { word, tone } = ORDER_WORDS[order.state]
  const drawn = order.executor === '' ? 'Being drawn' : hostName(order.executor, hosts)
  return (
    <li>
      <details className="entry" data-testid="order" data-state={order.state}>
        <summary className="entry-summary">
          <span className="entry-name">{drawn}</span>
          <span className="entry-amount number">
            {order.price === '0' ? <span className="entry-none">—</span> : <TailAmount utail={order.price} />}
          </span>
          <span className="entry-facts number">
            <time dateTime={new Date(order.atMs).toISOString()}>{formatClock(order.atMs)}</time>
            {` · ${order.model} · ${formatCount(order.promptTokens)} + ${formatCount(order.outputTokens)} tokens`}
            {order.skipped.length > 0 && ` · ${order.skipped.length} passed over`}
          </span>
          <span className="entry-state">
            <span className="entry-now" data-tone={order.batch === null ? tone : 'good'}>
              {order.batch === null ? word : 'on chain'}
            </span>
          </span>
        </summary>
        <div className="entry-more">
          {order.errorCode !== null && <p className="entry-error">{orderFaultWords(order.errorCode)}</p>}
          <dl className="entry-pairs">
            <dt>Drawn</dt>
            <dd>
              {drawn}
              {order.executor !== '' && (
                <>
                  {' '}
                  <span className="mono entry-address">{order.executor}</span>
                </>
              )}
            </dd>
            {order.skipped.map((skip) => (
              <Skip key={skip.host} name={hostName(skip.host, hosts)} reason={skip.reason} />
            ))}
            <dt>Receipt</dt>
            <dd>{order.batch === null ? receiptWait(order) : `On chain in batch ${order.batch}`}</dd>
            <dt>Order</dt>
            <dd className="mono" title={order.orderHash}>
              {order.orderHash.slice(0, 16)}…
            </dd>
          </dl>
          {order.state === 'done' && (
            <ReceiptControls orderHash={order.orderHash} isOnChain={order.batch !== null} rpc={rpc} />
          )}
        </div>
      </details>
    </li>
  )
}

function Skip({ name, reason }: { readonly name: string; readonly reason: string }): ReactNode {
  return (
    <>
      <dt>Passed over</dt>
      <dd>
        {name}: {refusalWords(reason)}
      </dd>
    </>
  )
}

function receiptWait({ state }: OrderWire): string {
  switch (state) {
    case 'drawing':
    case 'streaming':
      return 'Signed when the last token is out'
    case 'done':
      return 'Signed by both; goes on chain with the next batch'
    case 'failed':
      return 'None: what was not delivered is not paid'
  }
}
