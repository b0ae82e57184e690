import type { ReactNode } from 'react'
import type { ReceiptVerdict } from '../../../ipc/wires/developer-wire.ts'
import { receiptCheckWords, VERDICT_WORDS } from '../words/receipt-checks.ts'

const MARKS = { ok: '✓', failed: '✗', absent: '–' } as const

/** The verdict on a receipt, check by check. */
export function ReceiptChecks({ verdict }: { readonly verdict: ReceiptVerdict }): ReactNode {
  return (
    <div className="verdict" data-state={verdict.state} data-testid="verdict">
      <p className="verdict-word">{VERDICT_WORDS[verdict.state]}</p>
      {verdict.checks.length > 0 && (
        <ul className="verdict-checks">
          {verdict.checks.map(({ name, result }) => (
            <li key={name} data-result={result}>
              <span className="verdict-mark" aria-hidden="true">
                {MARKS[result]}
              </span>
              {receiptCheckWords(name, result)}
            </li>
          ))}
        </ul>
      )}
      {verdict.batch !== null && verdict.txHash !== '' && (
        <p className="verdict-place number">
          Batch {verdict.batch}, transaction{' '}
          <span className="mono" title={verdict.txHash}>
            {verdict.txHash.slice(0, 16)}…
          </span>
        </p>
      )}
    </div>
  )
}
