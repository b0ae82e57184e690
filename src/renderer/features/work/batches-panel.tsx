import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { BatchWire, WorkSnapshot } from '../../../ipc/work-snapshot.ts'
import { formatCount } from '../../format/amounts.ts'
import { CopyButton } from '../app/copy-button.tsx'
import { TailAmount } from '../earnings/tail-amount.tsx'
import type { WayFacts } from './receipt-way.ts'
import { batchWay, wayFactsOf } from './receipt-way.ts'
import { WayTrack } from './way-track.tsx'

interface BatchesPanelProps {
  readonly snapshot: ScreenSnapshot
  readonly work: WorkSnapshot
}

/** Each batch of receipts on its way from the chain to the balance. */
export function BatchesPanel({ snapshot, work }: BatchesPanelProps): ReactNode {
  const facts = wayFactsOf(snapshot)
  return (
    <section className="panel" aria-labelledby="batches-title">
      <div className="panel-head">
        <h2 id="batches-title" className="panel-title">
          Receipts on chain
        </h2>
        <span className="panel-aside">In batches, from the chain to your balance</span>
      </div>
      {work.batches.length === 0 ? (
        <p className="empty">
          Receipts go on chain together. Chance draws some, others recompute them, and what passes is credited.
        </p>
      ) : (
        <ul className="entries">
          {work.batches.map((batch) => (
            <Batch key={batch.id} batch={batch} facts={facts} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Batch({ batch, facts }: { readonly batch: BatchWire; readonly facts: WayFacts }): ReactNode {
  return (
    <li className="batch" data-testid="batch" data-state={batch.state}>
      <div className="batch-head">
        <h3 className="batch-name number">Batch {batch.id}</h3>
        <span className="batch-amount number">
          <TailAmount utail={batch.sum} />
        </span>
        <p className="batch-facts number">
          {batch.leaves === 1 ? '1 receipt' : `${formatCount(batch.leaves)} receipts`} of {batch.model}
          {batch.txHash !== '' && (
            <>
              {' · tx '}
              <span className="mono" title={batch.txHash}>
                {batch.txHash.slice(0, 8)}…
              </span>{' '}
              <CopyButton className="foot-copy" name={`transaction of batch ${batch.id}`} value={batch.txHash} />
            </>
          )}
        </p>
      </div>
      <WayTrack steps={batchWay(batch, facts)} label={`The way of batch ${batch.id}`} size="full" />
    </li>
  )
}
