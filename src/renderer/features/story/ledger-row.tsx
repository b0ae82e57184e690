import type { ReactNode } from 'react'
import type { LedgerEntryWire } from '../../../ipc/snapshot.ts'
import { formatCount, formatLarge, formatTail } from '../../format/amounts.ts'
import { TailAmount } from '../earnings/tail-amount.tsx'
import { reasonSentence } from '../words/reasons.ts'
import type { SentenceFields } from '../words/sentence.ts'
import './story.css'

const SIGNS: Readonly<Record<LedgerEntryWire['kind'], string>> = {
  hold: '+',
  credit: '→\u202f',
  bond: '→\u202f',
  debit: '−',
  zero: '',
  weight: '',
}

interface LedgerRowProps {
  readonly entry: LedgerEntryWire
  readonly fields: SentenceFields
  /** Earned less taken, after this entry; absent where it is not shown or not known. */
  readonly sum?: bigint | undefined
}

export function LedgerRow({ entry, fields, sum }: LedgerRowProps): ReactNode {
  const sentence = reasonSentence(entry.reason, fields)
  return (
    <li
      className="row"
      data-summed={sum !== undefined}
      data-tone={sentence.tone}
      data-kind={entry.kind}
      data-reason={entry.reason}
    >
      <span className="row-mark" aria-hidden="true" />
      <span className="row-title">{sentence.title}</span>
      <span className="row-amount number">
        {entry.kind === 'weight' ? (
          <>
            {formatLarge(entry.amount)}
            <span className="tail-unit"> weight</span>
          </>
        ) : (
          <>
            {SIGNS[entry.kind]}
            <TailAmount utail={entry.amount} />
          </>
        )}
      </span>
      <span className="row-text">
        {sentence.text}{' '}
        <span className="row-height number">
          Block {formatCount(entry.height)}
          {entry.txHash !== '' && (
            <>
              {' · '}
              <span className="mono" title={entry.txHash}>
                {entry.txHash.slice(0, 8)}…
              </span>
            </>
          )}
        </span>
      </span>
      {sum !== undefined && (
        <span className="row-sum number" title="Earned less taken, after this entry" data-testid="running-sum">
          <span aria-hidden="true">Σ </span>
          {formatTail(sum.toString())}
          <span className="only-for-readers"> in all</span>
        </span>
      )}
    </li>
  )
}
