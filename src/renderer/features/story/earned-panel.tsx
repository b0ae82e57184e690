/** What happened last and why; all of it, with its sums, is on a page of its own. */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount } from '../../format/amounts.ts'
import { fragmentOf } from '../../state/pages.ts'
import { groupByEpoch, ruleFields } from './ledger-groups.ts'
import { LedgerRow } from './ledger-row.tsx'
import { Prospect } from './prospect.tsx'
import './story.css'

const SHOWN = 8

export function EarnedPanel({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { ledger, rules } = snapshot
  const fields = ruleFields(rules)
  return (
    <section className="panel" aria-labelledby="story-title">
      <div className="panel-head">
        <h2 id="story-title" className="panel-title">
          What happened and why
        </h2>
        <span className="panel-aside">Every unit, from the chain</span>
      </div>
      {ledger.length === 0 ? (
        <Prospect />
      ) : (
        <>
          <ul className="epochs">
            {groupByEpoch(ledger.slice(0, SHOWN)).map((group) => (
              <li key={group.epoch} className="epoch-group">
                <h3 className="epoch-name">Epoch {formatCount(group.epoch)}</h3>
                <ul>
                  {group.entries.map((entry) => (
                    <LedgerRow key={entry.sequence} entry={entry} fields={fields} />
                  ))}
                </ul>
              </li>
            ))}
          </ul>
          <p>
            <a className="button button-small button-link story-more" href={fragmentOf('why')}>
              All of it, adding up
            </a>
          </p>
        </>
      )}
    </section>
  )
}
