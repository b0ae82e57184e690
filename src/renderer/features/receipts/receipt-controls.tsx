/** What can be done with one receipt: verify it here, take its file along, or verify that anywhere by the command line. */
import type { ReactNode } from 'react'
import { CopyButton } from '../app/copy-button.tsx'
import { shellQuote } from '../build/snippets.ts'
import { ReceiptChecks } from './receipt-checks.tsx'
import { useReceipt } from './use-receipt.ts'
import './receipts.css'

interface ReceiptControlsProps {
  readonly orderHash: string
  readonly isOnChain: boolean
  /** Address of the chain's RPC, for the command line. */
  readonly rpc: string
}

/** The name that the host gives the file as well (ipc/screen-router.ts). */
function fileName(orderHash: string): string {
  return `tailrace-receipt-${orderHash.slice(0, 16)}.json`
}

export function ReceiptControls({ orderHash, isOnChain, rpc }: ReceiptControlsProps): ReactNode {
  const { busy, verdict, word, verify, download } = useReceipt(orderHash)
  const command = `tailrace receipt verify ${shellQuote(fileName(orderHash))} --rpc ${shellQuote(rpc)}`
  return (
    <div className="receipt">
      <div className="receipt-buttons">
        <button
          type="button"
          className="button button-small"
          data-testid="verify"
          disabled={busy !== undefined}
          onClick={() => void verify()}
        >
          {busy === 'verify' ? 'Verifying …' : 'Verify the receipt'}
        </button>
        <button
          type="button"
          className="button button-small"
          data-testid="download"
          disabled={busy !== undefined || !isOnChain}
          onClick={() => void download()}
        >
          {busy === 'file' ? 'Saving …' : 'Download it'}
        </button>
      </div>
      <div aria-live="polite">
        {word !== '' && <p className="receipt-word">{word}</p>}
        {verdict !== undefined && <ReceiptChecks verdict={verdict} />}
      </div>
      {isOnChain && (
        <p className="receipt-command">
          <span>Anybody can check the file, without this page:</span>
          <span className="receipt-line">
            <code>{command}</code> <CopyButton className="foot-copy" name="the command line" value={command} />
          </span>
        </p>
      )}
    </div>
  )
}
