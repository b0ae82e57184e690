/** The orders drawn to this host, newest first; opened, one shows its whole way, its receipt and what went wrong. */
import type { ReactNode } from 'react'
import { useState } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { JobWire, WorkSnapshot } from '../../../ipc/work-snapshot.ts'
import { formatCount, shortAddress } from '../../format/amounts.ts'
import { formatClock } from '../../format/time.ts'
import { ShowAll } from '../app/show-all.tsx'
import { TailAmount } from '../earnings/tail-amount.tsx'
import { ReceiptControls } from '../receipts/receipt-controls.tsx'
import { orderFaultWords } from '../words/refusals.ts'
import { JOB_WORDS } from '../words/work-words.ts'
import type { WayFacts } from './receipt-way.ts'
import { jobWay, wayFactsOf, wayNow } from './receipt-way.ts'
import type { WayStep } from './way-track.tsx'
import { WayTrack } from './way-track.tsx'

const SHOWN_AT_FIRST = 8

interface JobsPanelProps {
  readonly snapshot: ScreenSnapshot
  readonly work: WorkSnapshot
}

export function JobsPanel({ snapshot, work }: JobsPanelProps): ReactNode {
  const [showsAll, setShowsAll] = useState(false)
  const facts = wayFactsOf(snapshot)
  const shown = showsAll ? work.jobs : work.jobs.slice(0, SHOWN_AT_FIRST)
  return (
    <section className="panel" aria-labelledby="jobs-title">
      <div className="panel-head">
        <h2 id="jobs-title" className="panel-title">
          Orders drawn to you
        </h2>
        <span className="panel-aside">Newest first</span>
      </div>
      {work.jobs.length === 0 ? (
        <p className="empty">
          None so far. Each order is drawn by weight from the hosts that serve its model; what is drawn to you is
          answered by itself, and its way to your balance shows here.
        </p>
      ) : (
        <ul className="entries">
          {shown.map((job) => (
            <Job key={job.orderHash} job={job} work={work} facts={facts} rpc={snapshot.endpoints.rpc} />
          ))}
        </ul>
      )}
      <ShowAll total={work.jobs.length} few={SHOWN_AT_FIRST} showsAll={showsAll} onChange={setShowsAll} />
    </section>
  )
}

interface JobProps {
  readonly job: JobWire
  readonly work: WorkSnapshot
  readonly facts: WayFacts
  readonly rpc: string
}

function Job({ job, work, facts, rpc }: JobProps): ReactNode {
  const steps = jobWay(
    job,
    work.batches.find(({ id }) => id === job.batch),
    facts,
  )
  return (
    <li>
      <details className="entry" data-testid="job" data-state={job.state}>
        <summary className="entry-summary">
          <span className="entry-name number">
            {formatCount(job.promptTokens)} + {formatCount(job.outputTokens)} tokens
          </span>
          <span className="entry-amount number">
            {job.price === '0' ? <span className="entry-none">—</span> : <TailAmount utail={job.price} />}
          </span>
          <span className="entry-facts number">
            <time dateTime={new Date(job.atMs).toISOString()}>{formatClock(job.atMs)}</time>
            {` · ${job.model}`}
          </span>
          <span className="entry-state">
            <WayTrack steps={steps} label="The way of this receipt" size="small" />
            <span className="entry-now" data-tone={toneOf(job, steps)}>
              {nowWords(job, steps)}
            </span>
          </span>
        </summary>
        <div className="entry-more">
          <WayTrack steps={steps} label="The way of this receipt, in full" size="full" />
          {job.errorCode !== null && <p className="entry-error">{orderFaultWords(job.errorCode)}</p>}
          <dl className="entry-pairs">
            <dt>Paid by</dt>
            <dd className="mono" title={job.payer}>
              {shortAddress(job.payer)}
            </dd>
            <dt>Order</dt>
            <dd className="mono" title={job.orderHash}>
              {job.orderHash.slice(0, 16)}…
            </dd>
          </dl>
          {job.state !== 'running' && job.state !== 'failed' && (
            <ReceiptControls orderHash={job.orderHash} isOnChain={job.batch !== null} rpc={rpc} />
          )}
        </div>
      </details>
    </li>
  )
}

function nowWords(job: JobWire, steps: readonly WayStep[]): string {
  const now = wayNow(steps)
  if (job.state === 'failed' || job.state === 'running' || now === undefined) {
    return JOB_WORDS[job.state].word
  }
  if (job.state === 'delivered') {
    return 'waits for the payer’s signature'
  }
  if (job.state === 'countersigned') {
    return 'waits for the next batch'
  }
  if (now.name === 'Checked') {
    return now.value === '' ? 'waits for the draw' : now.value
  }
  return now.name.toLowerCase()
}

function toneOf(job: JobWire, steps: readonly WayStep[]): string {
  if (job.state === 'failed' || steps.some(({ state }) => state === 'failed')) {
    return 'bad'
  }
  return steps.at(-1)?.state === 'done' && steps.length > 3 ? 'good' : 'plain'
}
