/** What happened and why: each unit earned or not, with its reason, grouped by the race it came from. */
import { useState } from 'react'
import type { LedgerEntryWire, ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount, formatLarge } from '../../format/amounts.ts'
import { useActions } from '../../state/use-screen.ts'
import { TailAmount } from '../earnings/earnings-panel.tsx'
import { groupByEpoch, mergeEntries, ruleFields } from './ledger-groups.ts'
import type { SentenceFields } from './sentences.ts'
import { reasonSentence } from './sentences.ts'
import './story.css'

const PAGE = 100

export function EarnedPanel({ snapshot }: { readonly snapshot: ScreenSnapshot }) {
  const [older, setOlder] = useState<readonly LedgerEntryWire[]>([])
  const [isAtEnd, setAtEnd] = useState(false)
  const { ledgerBefore } = useActions()
  const entries = mergeEntries(snapshot.ledger, older)
  const oldest = entries.at(-1)
  const hasOlder = oldest !== undefined && BigInt(oldest.sequence) > 1n && !isAtEnd
  const showOlder = async () => {
    if (oldest !== undefined) {
      const page = await ledgerBefore(oldest.sequence, PAGE)
      setAtEnd(page !== undefined && page.length === 0)
      setOlder((known) => mergeEntries(known, page ?? []))
    }
  }
  const fields = ruleFields(snapshot.rules)
  return (
    <section className="panel" aria-labelledby="story-title">
      <div className="panel-head">
        <h2 id="story-title" className="panel-title">
          What happened and why
        </h2>
        <span className="panel-aside">Every unit, from the chain</span>
      </div>
      {entries.length === 0 ? (
        <p className="empty">
          Nothing yet. After each race this list says what you earned, what you did not, and the reason for every unit.
        </p>
      ) : (
        <ul className="epochs">
          {groupByEpoch(entries).map((group) => (
            <li key={group.epoch} className="epoch-group">
              <h3 className="epoch-name">Race {formatCount(group.epoch)}</h3>
              <ul>
                {group.entries.map((entry) => (
                  <LedgerRow key={entry.sequence} entry={entry} fields={fields} />
                ))}
              </ul>
            </li>
          ))}
        </ul>
      )}
      {hasOlder && (
        <button type="button" className="button button-small story-more" onClick={() => void showOlder()}>
          Show earlier
        </button>
      )}
    </section>
  )
}

const SIGNS: Readonly<Record<LedgerEntryWire['kind'], string>> = {
  hold: '+',
  credit: '+',
  bond: '',
  debit: '−',
  zero: '',
  weight: '',
}

function LedgerRow({ entry, fields }: { readonly entry: LedgerEntryWire; readonly fields: SentenceFields }) {
  const sentence = reasonSentence(entry.reason, fields)
  return (
    <li className="row" data-tone={sentence.tone} data-kind={entry.kind} data-reason={entry.reason}>
      <span className="row-mark" aria-hidden="true" />
      <span className="row-title">{sentence.title}</span>
      <span className="row-amount number">
        {entry.kind === 'weight' ? (
          formatLarge(entry.amount)
        ) : (
          <>
            {SIGNS[entry.kind]}
            <TailAmount utail={entry.amount} />
          </>
        )}
      </span>
      <span className="row-text">
        {sentence.text} <span className="row-height number">Block {formatCount(entry.height)}</span>
      </span>
    </li>
  )
}
