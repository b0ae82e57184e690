import type { ChainSnapshot } from './chain-snapshot.ts'
import type { HostContext } from './context.ts'
import type { NoticeCode } from './notices.ts'
import type { HostRecord, LedgerEntry } from './ports.ts'
import { forEachSnapshot } from './tasks.ts'
import type { Notice } from './view.ts'

/** Ledger pages read with one block at most: what is left follows with the next one. */
const MAX_PAGES = 5

/** Tells what the chain made of this host's work: weights, earnings with their reasons, convictions. */
export function watchConsequences(context: HostContext, signal: AbortSignal): Promise<void> {
  let before: HostRecord | undefined
  /** Last ledger entry told; undefined until the first look, which tells nothing of the past. */
  let cursor: bigint | undefined

  async function step(snapshot: ChainSnapshot, stepSignal: AbortSignal): Promise<void> {
    const record = snapshot.record
    if (record === undefined) {
      cursor = 0n
      return
    }
    if (cursor === undefined) {
      cursor = (await context.chain.ledger(context.keys.ownerAddress, 0n, stepSignal)).lastSequence
      before = record
      return
    }
    if (before !== undefined && !hasChanged(before, record)) {
      return
    }
    if (record.faults > (before?.faults ?? 0n)) {
      const { lastFaultCode, lastFaultTx, lastFaultHeight } = record
      const fields = { fault: lastFaultCode, tx: lastFaultTx, height: Number(lastFaultHeight) }
      context.view.notice('error', 'convicted', fields)
    }
    cursor = await tellLedger(context, cursor, stepSignal)
    before = record
  }

  return forEachSnapshot(context, 'consequences', () => true, step, signal)
}

/** Every ledger entry comes with a change of one of these, or with a new block in which the epoch ended. */
function hasChanged(before: HostRecord, record: HostRecord): boolean {
  return (
    before.weight !== record.weight ||
    before.held !== record.held ||
    before.bond !== record.bond ||
    before.credited !== record.credited ||
    before.faults !== record.faults ||
    before.raceVerdict !== record.raceVerdict ||
    before.raceEpoch !== record.raceEpoch
  )
}

async function tellLedger(context: HostContext, from: bigint, signal: AbortSignal): Promise<bigint> {
  let cursor = from
  for (let page = 0; page < MAX_PAGES; page++) {
    const { entries, lastSequence } = await context.chain.ledger(context.keys.ownerAddress, cursor + 1n, signal)
    for (const entry of entries) {
      if (entry.sequence > cursor) {
        tell(context, entry)
        cursor = entry.sequence
      }
    }
    if (entries.length === 0 || cursor >= lastSequence) {
      break
    }
  }
  return cursor
}

const KINDS: Readonly<Record<string, { readonly level: Notice['level']; readonly code: NoticeCode }>> = {
  weight: { level: 'info', code: 'weight_set' },
  hold: { level: 'info', code: 'earning_held' },
  bond: { level: 'info', code: 'earning_bonded' },
  credit: { level: 'info', code: 'earning_credited' },
  zero: { level: 'warning', code: 'earning_zero' },
  debit: { level: 'error', code: 'earning_taken' },
}

function tell(context: HostContext, entry: LedgerEntry): void {
  const kind = KINDS[entry.kind]
  if (kind === undefined) {
    return
  }
  const { amount, reason } = entry
  const fields = { epoch: Number(entry.epoch), amount, reason, height: Number(entry.height), tx: entry.txHash }
  context.view.notice(kind.level, kind.code, fields)
  const { times } = context.view.current()
  if (entry.kind === 'hold' && times.joinRequestedAtMs !== undefined && times.firstEarningAtMs === undefined) {
    context.view.update({ times: { ...times, firstEarningAtMs: context.clock.nowMs() } })
  }
}
