import type { ReactNode } from 'react'
import type { SentWire } from '../../../ipc/wires/wallet-wire.ts'
import { CopyButton } from '../app/copy-button.tsx'

interface SentResultProps {
  readonly sent: SentWire
  /** What it says where the chain took it. */
  readonly done: string
  readonly onDone: () => void
}

/** What became of a signed transaction: on chain, or why not. */
export function SentResult({ sent, done, onDone }: SentResultProps): ReactNode {
  const isTaken = sent.code === 0
  return (
    <>
      <p className="flow-result" data-tone={isTaken ? 'good' : 'bad'} role="status" data-testid="sent-result">
        {isTaken ? done : 'The chain refused it. Only the fee may have been taken.'}
      </p>
      <dl className="flow-facts">
        <div>
          <dt>Transaction</dt>
          <dd className="flow-copy">
            <span className="mono flow-address" data-testid="tx-hash">
              {sent.txHash}
            </span>{' '}
            <CopyButton className="foot-copy" name="the transaction" value={sent.txHash} />
          </dd>
        </div>
        <div>
          <dt>{isTaken ? 'In block' : 'Its words'}</dt>
          <dd className="number">{isTaken ? sent.height : sent.log || `code ${sent.code}`}</dd>
        </div>
      </dl>
      <div className="flow-buttons">
        <button type="button" className="button button-main" data-testid="sent-done" onClick={onDone}>
          Done
        </button>
      </div>
    </>
  )
}
