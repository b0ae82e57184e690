import { isOpen } from '../../../../src/chain/checks/check-moves.ts'
import { WORK_DUTIES } from '../../../../src/chain/state/work/checks.ts'
import { CUSTODIAN_EVENT, FLOOR_EVENT, POINTS_EVENT, PRUNE_EVENT } from '../../../../src/chain/state/work/due.ts'
import { toHex } from '../../../../src/lib/bytes.ts'
import type { BatchState, CheckState } from '../../../../src/protocol/gen/tailrace/v1/state.ts'
import type { StateView } from './state-view.ts'
import { hexNumber, numberHex } from './state-view.ts'

/** Escrows, lanes, batches, checks and everything that points at them. */
export function* workFaults(view: StateView): Generator<string> {
  yield* escrowIndexFaults(view)
  yield* batchFaults(view)
  yield* coverFaults(view)
  yield* checkFaults(view)
  yield* eventFaults(view)
}

function* escrowIndexFaults(view: StateView): Generator<string> {
  const escrows = view.rows('escrow')
  for (const { id: payer, value: escrow } of escrows) {
    if (view.get('escrowOfOwner', toHex(escrow.owner), payer) === undefined) {
      yield `escrow ${payer} is not among its owner's`
    }
    const waits = escrow.releaseHeight !== 0n && !escrow.closed
    const isQueued = view.get('escrowRelease', numberHex(escrow.releaseHeight, 8), payer) !== undefined
    if (waits !== isQueued) {
      yield `escrow ${payer}: release at ${escrow.releaseHeight}, queued ${isQueued}`
    }
  }
  if (view.rows('escrowOfOwner').length !== escrows.length) {
    yield `${view.rows('escrowOfOwner').length} escrows of owners, ${escrows.length} escrows`
  }
  for (const { fields } of view.rows('escrowRelease')) {
    const [height = '', payer = ''] = fields
    if (view.get('escrow', payer)?.releaseHeight !== hexNumber(height)) {
      yield `a release of ${payer} that its escrow does not wait for`
    }
  }
  for (const { id, fields, value: lane } of view.rows('lane')) {
    const isKnown = view.get('escrow', fields[0] ?? '') !== undefined
    if (!isKnown || lane.accepted < 0n) {
      yield `lane ${id}: accepted ${lane.accepted}, escrow ${isKnown}`
    }
  }
}

const ENDED = ['paid', 'refunded']

function* batchFaults(view: StateView): Generator<string> {
  const [counter = 0n] = view.rows('batchCounter').map(({ value }) => value)
  const open = new Map<string, bigint>()
  const batches = view.rows('batch')
  let openCount = 0
  for (const { id, value: batch } of batches) {
    const executor = toHex(batch.executor)
    const isEnded = ENDED.includes(batch.state)
    if (hexNumber(id) !== batch.id || batch.id > counter || view.get('batchOfHost', executor, id) === undefined) {
      yield `batch ${batch.id} is not among its executor's, or beyond the counter ${counter}`
    }
    if (isEnded === (view.get('openBatch', executor, id) !== undefined)) {
      yield `batch ${batch.id} is ${batch.state}, and its mark says otherwise`
    }
    if (batch.refunded < 0n || batch.refunded > batch.sum) {
      yield `batch ${batch.id}: ${batch.refunded} refunded of ${batch.sum}`
    }
    if (!isEnded) {
      openCount += 1
      const name = `${executor}/${numberHex(batch.epoch, 8)}`
      open.set(name, (open.get(name) ?? 0n) + 1n)
    }
  }
  if (view.rows('batchOfHost').length !== batches.length || view.rows('openBatch').length !== openCount) {
    yield 'an index of batches has entries without a batch'
  }
  for (const { id, value } of view.rows('openBatches')) {
    if (open.get(id) !== value) {
      yield `${value} open batches of ${id}, ${open.get(id) ?? 0n} are`
    }
    open.delete(id)
  }
  for (const [id, count] of open) {
    yield `${count} open batches of ${id} are not counted`
  }
}

/** What an open batch may have to give back stands among its executor's earnings of its own epoch. */
function* coverFaults(view: StateView): Generator<string> {
  const owed = new Map<string, bigint>()
  for (const { value: batch } of view.rows('batch')) {
    if (!ENDED.includes(batch.state)) {
      const id = `${toHex(batch.executor)}/${numberHex(batch.epoch, 8)}`
      owed.set(id, (owed.get(id) ?? 0n) + batch.sum - batch.refunded)
    }
  }
  for (const [id, amount] of owed) {
    const held = view.get('held', ...id.split('/')) ?? 0n
    if (held < amount) {
      yield `open batches of ${id} may owe ${amount}, ${held} is held`
    }
  }
}

function* checkFaults(view: StateView): Generator<string> {
  const points = new Map<string, { all: number; open: number }>()
  const duties = new Set<string>()
  for (const { id, fields, value: check } of view.rows('check')) {
    const [batchId = ''] = fields
    const batch = view.get('batch', batchId)
    const counted = points.get(batchId) ?? { all: 0, open: 0 }
    points.set(batchId, { all: counted.all + 1, open: counted.open + (isOpen(check) ? 1 : 0) })
    if (batch === undefined || numberHex(check.batch, 8) !== batchId || check.offset >= batch.sum) {
      yield `check ${id} has no batch, or covers nothing of it`
      continue
    }
    for (const duty of dutiesOf(check, batch)) {
      duties.add(`${duty}/${id}`)
    }
    const isDue = view.get('due', numberHex(check.deadlineHeight, 8), ...fields) !== undefined
    if (isOpen(check) !== isDue) {
      yield `check ${id} is ${check.state} until ${check.deadlineHeight}, and its event says otherwise`
    }
  }
  for (const { id, value: batch } of view.rows('batch')) {
    const { all, open } = points.get(id) ?? { all: 0, open: 0 }
    const isOver = ENDED.includes(batch.state)
    if (batch.points !== all || (!isOver && batch.openChecks !== open) || (isOver && open > 0)) {
      yield `batch ${batch.id} (${batch.state}): ${batch.points} points and ${batch.openChecks} open, there are ${all} and ${open}`
    }
  }
  const noted = view.rows('workDuty').map(({ id }) => id)
  for (const id of noted.filter((one) => !duties.has(one))) {
    yield `the duty ${id} of no check`
  }
  if (noted.length < duties.size) {
    yield `${duties.size - noted.length} duties of checks are not noted`
  }
}

function dutiesOf(check: CheckState, { executor }: BatchState): string[] {
  const of = (host: Uint8Array, duty: number): string => `${toHex(host)}/${numberHex(duty, 1)}`
  switch (check.state) {
    case 'drawn':
      return [of(executor, WORK_DUTIES.open)]
    case 'demanded':
      return [of(executor, WORK_DUTIES.post)]
    case 'opened':
      return check.checkers.filter(({ verdict }) => verdict === 0).map(({ host }) => of(host, WORK_DUTIES.check))
    case 'committing':
      return check.arbiters.filter(({ commit }) => commit.length === 0).map(({ host }) => of(host, WORK_DUTIES.rule))
    case 'revealing':
      return check.arbiters
        .filter(({ commit, ruling }) => commit.length > 0 && ruling === undefined)
        .map(({ host }) => of(host, WORK_DUTIES.rule))
    default:
      return []
  }
}

function* eventFaults(view: StateView): Generator<string> {
  const awaited = new Map<string, Set<number>>()
  for (const { id, fields } of view.rows('due')) {
    const [, batch = '', pointField = ''] = fields
    const point = Number(hexNumber(pointField))
    awaited.set(batch, (awaited.get(batch) ?? new Set()).add(point))
    const isOfBatch = [CUSTODIAN_EVENT, POINTS_EVENT, FLOOR_EVENT, PRUNE_EVENT].includes(point)
    const check = isOfBatch ? undefined : view.get('check', batch, pointField)
    if (!isOfBatch && (check === undefined || !isOpen(check))) {
      yield `the event ${id} of no open check`
    }
  }
  for (const { id, value: batch } of view.rows('batch')) {
    const events = awaited.get(id) ?? new Set()
    const needed = batch.state === 'accepted' ? POINTS_EVENT : ENDED.includes(batch.state) ? PRUNE_EVENT : undefined
    const isStuck = batch.state === 'checking' && events.size === 0
    if (isStuck || (needed !== undefined && !events.has(needed))) {
      yield `batch ${batch.id} is ${batch.state}, and nothing awaits it`
    }
  }
}
