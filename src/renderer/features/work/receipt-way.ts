/** How far receipts have come: for a batch and for one order, from jobs, batches, checks and the why-ledger. Pure. */
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { BatchWire, CheckStateName, JobWire } from '../../../ipc/work-snapshot.ts'
import { formatCount, formatTailShort } from '../../format/amounts.ts'
import { CHECK_WORDS } from '../words/work-words.ts'
import type { WayStep } from './way-track.tsx'

/** What the way needs beside the batch. */
export interface WayFacts {
  readonly epoch: number
  readonly holdEpochs: number
  /** Epochs whose held earnings were released, as far as the newest entries of the ledger say. */
  readonly released: ReadonlySet<number>
}

export function wayFactsOf({ epoch, rules, ledger }: ScreenSnapshot): WayFacts {
  const released = ledger.filter(({ kind }) => kind === 'credit' || kind === 'bond').map((entry) => entry.epoch)
  return { epoch: epoch?.epoch ?? 0, holdEpochs: rules?.holdEpochs ?? 1, released: new Set(released) }
}

/** Batched → drawn → checked → held → credited; a batch that went back to its payers ends with that. */
export function batchWay(batch: BatchWire, facts: WayFacts): readonly WayStep[] {
  return [
    { name: 'Batched', value: `Block ${formatCount(batch.height)}`, state: 'done' },
    drawnStep(batch),
    checkedStep(batch),
    ...endSteps(batch, facts),
  ]
}

/** Served → signed → batched → checked → held → credited. A batch too old to be listed ends the way at its name. */
export function jobWay(job: JobWire, batch: BatchWire | undefined, facts: WayFacts): readonly WayStep[] {
  if (job.state === 'failed') {
    return failedWay(job)
  }
  const isSigned = job.state === 'countersigned' || job.state === 'batched'
  const isDelivered = isSigned || job.state === 'delivered'
  const isBatched = job.batch !== null
  const start: readonly WayStep[] = [
    {
      name: 'Served',
      value: `${formatCount(job.outputTokens)} tokens`,
      state: isDelivered ? 'done' : 'current',
    },
    { name: 'Signed', value: '', state: isSigned ? 'done' : isDelivered ? 'current' : 'ahead' },
    {
      name: 'Batched',
      value: isBatched ? `Batch ${job.batch}` : '',
      state: isBatched ? 'done' : isSigned ? 'current' : 'ahead',
    },
  ]
  if (isBatched && batch === undefined) {
    return start
  }
  return batch === undefined
    ? [...start, ahead('Checked'), ahead('Held'), ahead('Credited')]
    : [...start, ownCheckStep(job.check, batch), ...endSteps(batch, facts)]
}

/** The words for where a way has come to: its failed or current step, else its last. */
export function wayNow(steps: readonly WayStep[]): WayStep | undefined {
  return (
    steps.find(({ state }) => state === 'failed') ??
    steps.find(({ state }) => state === 'current') ??
    steps.findLast(({ state }) => state === 'done')
  )
}

/** Without a receipt it was not served; with one, it did not come to the chain. */
function failedWay({ price, outputTokens, errorCode }: JobWire): readonly WayStep[] {
  const value = `${formatCount(outputTokens)} tokens`
  if (price === '0') {
    return [{ name: 'Served', value, state: 'failed' }, ahead('Signed'), ahead('Batched')]
  }
  const isUnsigned = errorCode === 'never_countersigned'
  return [
    { name: 'Served', value, state: 'done' },
    { name: 'Signed', value: '', state: isUnsigned ? 'failed' : 'done' },
    { name: 'Batched', value: '', state: isUnsigned ? 'ahead' : 'failed' },
  ]
}

function ahead(name: string): WayStep {
  return { name, value: '', state: 'ahead' }
}

function drawnStep({ points, state }: BatchWire): WayStep {
  if (points > 0) {
    return { name: 'Drawn', value: points === 1 ? '1 receipt' : `${formatCount(points)} receipts`, state: 'done' }
  }
  return state === 'accepted'
    ? { name: 'Drawn', value: 'soon', state: 'current' }
    : { name: 'Drawn', value: 'none', state: 'done' }
}

function checkedStep(batch: BatchWire): WayStep {
  const passed = batch.checks.filter((state) => state === 'passed').length
  const worst = batch.checks.find((state) => CHECK_WORDS[state].tone === 'bad')
  if (worst !== undefined || batch.state === 'refunded') {
    return { name: 'Checked', value: worst === undefined ? '' : CHECK_WORDS[worst].word, state: 'failed' }
  }
  const value = batch.points === 0 ? '' : `${formatCount(passed)} of ${formatCount(batch.points)}`
  if (batch.state === 'paid') {
    return { name: 'Checked', value, state: 'done' }
  }
  return { name: 'Checked', value, state: batch.points > 0 ? 'current' : 'ahead' }
}

function ownCheckStep(check: CheckStateName | null, batch: BatchWire): WayStep {
  if (check === null) {
    const isOpen = batch.state === 'accepted' && batch.points === 0
    return isOpen
      ? { name: 'Checked', value: '', state: 'current' }
      : { name: 'Checked', value: 'not drawn', state: 'done' }
  }
  const { word, tone } = CHECK_WORDS[check]
  const isOver = check === 'passed' || check === 'unchecked'
  const isBad = tone === 'bad' || check === 'void'
  return { name: 'Checked', value: word, state: isBad ? 'failed' : isOver ? 'done' : 'current' }
}

/** Where the money ends. */
function endSteps(batch: BatchWire, facts: WayFacts): readonly WayStep[] {
  if (batch.state === 'refunded') {
    return [{ name: 'Refunded', value: formatTailShort(batch.refunded), state: 'failed' }]
  }
  const isPaid = batch.state === 'paid'
  const due = batch.epoch + facts.holdEpochs
  const isCredited = isPaid && (facts.released.has(batch.epoch) || facts.epoch > due + 1)
  return [
    {
      name: 'Held',
      value: isPaid && !isCredited ? `to epoch ${formatCount(Math.max(due, facts.epoch))}` : '',
      state: isCredited ? 'done' : isPaid ? 'current' : 'ahead',
    },
    { name: 'Credited', value: '', state: isCredited ? 'done' : 'ahead' },
  ]
}
