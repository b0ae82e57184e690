import type { ReactNode } from 'react'
import type { GatewaySnapshot } from '../../../ipc/work-snapshot.ts'
import { shortAddress } from '../../format/amounts.ts'
import { TailAmount } from '../earnings/tail-amount.tsx'
import { CodeBlock } from './code-block.tsx'
import { shellQuote } from './snippets.ts'

interface EscrowPanelProps {
  readonly gateway: GatewaySnapshot
  readonly rpc: string
}

/** What pays for the orders of this key. */
export function EscrowPanel({ gateway, rpc }: EscrowPanelProps): ReactNode {
  const { escrow } = gateway
  return (
    <section className="panel" aria-labelledby="escrow-title">
      <div className="panel-head">
        <h2 id="escrow-title" className="panel-title">
          What pays for it
        </h2>
        <span className="panel-aside">An escrow on chain</span>
      </div>
      {escrow === null ? (
        <p className="empty">
          Nothing is deposited for this key yet. On the practice network that happens by itself in the first blocks.
        </p>
      ) : (
        <>
          <EscrowBar escrow={escrow} />
          <dl className="escrow">
            <EscrowSum name="Available" utail={escrow.available} isMain />
            <EscrowSum name="Paid" utail={escrow.paid} />
            <EscrowSum name="Deposited" utail={escrow.deposited} />
          </dl>
          <p className="escrow-note">
            A tenth of each deposit is a guarantee that no order may use.{' '}
            <span className="mono" title={escrow.payer}>
              {shortAddress(escrow.payer)}
            </span>
          </p>
          {escrow.available === '0' && (
            <div className="escrow-empty" role="status" data-testid="escrow-empty">
              <p>
                <strong>Nothing is left.</strong> Requests are refused with insufficient_quota until a key with a new
                deposit is used:
              </p>
              <CodeBlock name="the command" code={`tailrace key create --home ./developer --rpc ${shellQuote(rpc)}`} />
            </div>
          )}
        </>
      )}
    </section>
  )
}

type Escrow = NonNullable<GatewaySnapshot['escrow']>

function EscrowSum(props: { readonly name: string; readonly utail: string; readonly isMain?: boolean }): ReactNode {
  return (
    <div className="escrow-sum" data-main={props.isMain === true}>
      <dt>{props.name}</dt>
      <dd className="number" data-testid={`escrow-${props.name.toLowerCase()}`}>
        <TailAmount utail={props.utail} />
      </dd>
    </div>
  )
}

/** Paid, kept back and available as parts of what was deposited. */
function EscrowBar({ escrow }: { readonly escrow: Escrow }): ReactNode {
  const deposited = BigInt(escrow.deposited)
  const part = (utail: string) => (deposited === 0n ? 0 : Number((BigInt(utail) * 10_000n) / deposited) / 100)
  return (
    <div className="escrow-bar" aria-hidden="true">
      <span className="escrow-bar-paid" style={{ width: `${Math.min(100, part(escrow.paid))}%` }} />
      <span className="escrow-bar-available" style={{ width: `${Math.min(100, part(escrow.available))}%` }} />
    </div>
  )
}
