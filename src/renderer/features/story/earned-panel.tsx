/** What happened and why: each unit earned or not, with its reason, grouped by the race it came from. */
import type { ReactNode } from 'react'
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

export function EarnedPanel({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
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
        <Prospect />
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

const PROSPECT = [
  {
    question: 'What does a race do?',
    answer:
      'For a few seconds your GPU runs one small integer transformer again and again. Some results fall under a target: those are finds, and only their numbers go on chain.',
  },
  {
    question: 'Who checks?',
    answer:
      'Two other hosts, drawn by chance, recompute a sample bit for bit. You check others in turn. Nobody is trusted.',
  },
  {
    question: 'What does it earn?',
    answer:
      'Finds that pass become your weight, and weight is your share of the reward. It is held for a while, then credited. This list gives the reason for every unit, earned or not.',
  },
]

/** What stands in the list before there is anything in it. */
function Prospect(): ReactNode {
  return (
    <dl className="prospect">
      {PROSPECT.map(({ question, answer }) => (
        <div key={question}>
          <dt>{question}</dt>
          <dd>{answer}</dd>
        </div>
      ))}
    </dl>
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

function LedgerRow({ entry, fields }: { readonly entry: LedgerEntryWire; readonly fields: SentenceFields }): ReactNode {
  const sentence = reasonSentence(entry.reason, fields)
  return (
    <li className="row" data-tone={sentence.tone} data-kind={entry.kind} data-reason={entry.reason}>
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
        {sentence.text} <span className="row-height number">Block {formatCount(entry.height)}</span>
      </span>
    </li>
  )
}
