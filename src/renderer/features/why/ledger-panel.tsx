/** The why-ledger: each credit, hold and debit with its reason, the sum after it, and the proof that all of it is the chain's. */
import type { ReactNode } from 'react'
import { useState } from 'react'
import type { LedgerEntryWire, ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount, formatTail } from '../../format/amounts.ts'
import type { LedgerHistory } from '../../state/ledger-history.ts'
import type { Segment } from '../app/segments.tsx'
import { Segments } from '../app/segments.tsx'
import type { EpochGroup } from '../story/ledger-groups.ts'
import { groupByEpoch, ruleFields } from '../story/ledger-groups.ts'
import { LedgerRow } from '../story/ledger-row.tsx'
import { Prospect } from '../story/prospect.tsx'
import type { SentenceFields } from '../words/sentence.ts'
import { AddsUp } from './adds-up.tsx'
import { netOf, runningSums } from './ledger-sums.ts'
import type { LedgerReading } from './use-whole-ledger.ts'

type Filter = 'all' | LedgerEntryWire['kind']

const FILTERS: readonly Segment<Filter>[] = [
  { value: 'all', name: 'All' },
  { value: 'hold', name: 'Earned' },
  { value: 'credit', name: 'Credited' },
  { value: 'bond', name: 'Bond' },
  { value: 'debit', name: 'Taken' },
  { value: 'zero', name: 'Nothing' },
  { value: 'weight', name: 'Weight' },
]

const SHOWN_AT_FIRST = 50
const SHOWN_MORE = 100

interface LedgerPanelProps {
  readonly snapshot: ScreenSnapshot
  readonly history: LedgerHistory
  readonly reading: LedgerReading
}

export function LedgerPanel({ snapshot, history, reading }: LedgerPanelProps): ReactNode {
  const [filter, setFilter] = useState<Filter>('all')
  const [limit, setLimit] = useState(SHOWN_AT_FIRST)
  const { entries } = history
  const sums = runningSums(entries, snapshot.ledgerTotals)
  const chosen = filter === 'all' ? entries : entries.filter(({ kind }) => kind === filter)
  const choose = (next: Filter) => {
    setFilter(next)
    setLimit(SHOWN_AT_FIRST)
  }
  return (
    <section className="panel" aria-labelledby="ledger-title">
      <div className="panel-head">
        <h2 id="ledger-title" className="panel-title">
          Every unit and its reason
        </h2>
        <span className="panel-aside number" data-testid="ledger-count">
          {countWords(entries.length, reading)}
        </span>
      </div>
      {snapshot.ledgerTotals !== null && snapshot.standing !== null && (
        <AddsUp
          totals={snapshot.ledgerTotals}
          standing={snapshot.standing}
          history={history}
          height={snapshot.chain.height}
        />
      )}
      {entries.length === 0 ? (
        <Prospect />
      ) : (
        <>
          <Segments legend="Show" group="ledger-kind" segments={FILTERS} value={filter} onChange={choose} />
          {chosen.length === 0 && <p className="empty ledger-none">No entries of this kind.</p>}
          <ul className="epochs ledger-epochs">
            {groupByEpoch(chosen.slice(0, limit)).map((group) => (
              <Epoch key={group.epoch} group={group} sums={sums} fields={ruleFields(snapshot.rules)} />
            ))}
          </ul>
        </>
      )}
      {chosen.length > limit && (
        <button type="button" className="button button-small story-more" onClick={() => setLimit(limit + SHOWN_MORE)}>
          Show earlier
        </button>
      )}
      {reading.hasFailed && (
        <p className="ledger-failed" role="alert">
          The host did not answer, so older entries are missing here.{' '}
          <button type="button" className="button button-small" onClick={reading.retry}>
            Read on
          </button>
        </p>
      )}
    </section>
  )
}

interface EpochProps {
  readonly group: EpochGroup
  readonly sums: ReadonlyMap<string, bigint>
  readonly fields: SentenceFields
}

function Epoch({ group, sums, fields }: EpochProps): ReactNode {
  const net = group.entries.reduce((sum, entry) => sum + netOf(entry), 0n)
  return (
    <li className="epoch-group">
      <h3 className="epoch-name ledger-epoch number">
        Epoch {formatCount(group.epoch)}
        <span>{net === 0n ? '' : `${net < 0n ? '−' : '+'}${formatTail((net < 0n ? -net : net).toString())}`}</span>
      </h3>
      <ul>
        {group.entries.map((entry) => (
          <LedgerRow key={entry.sequence} entry={entry} fields={fields} sum={sums.get(entry.sequence)} />
        ))}
      </ul>
    </li>
  )
}

function countWords(count: number, { isReading }: LedgerReading): string {
  if (count === 0) {
    return ''
  }
  return `${formatCount(count)} ${count === 1 ? 'entry' : 'entries'}${isReading ? ', reading on …' : ''}`
}
