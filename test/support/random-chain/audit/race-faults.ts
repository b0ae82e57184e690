import { LANE_ENTRIES } from '../../../../src/chain/judgement/queue.ts'
import { RANDOMNESS_KEPT } from '../../../../src/chain/state/chain-status.ts'
import { bytesToBigint, toHex } from '../../../../src/lib/bytes.ts'
import type { StateView } from './state-view.ts'
import { hexNumber, numberHex } from './state-view.ts'

/** Races, samples, duties of verifiers, the queue of re-executions: each entry follows from another one that is there. */
export function* raceFaults(view: StateView): Generator<string> {
  yield* findFaults(view)
  yield* dutyFaults(view)
  yield* leafFaults(view)
  yield* queueFaults(view)
  const [status] = view.rows('status').map(({ value }) => value)
  const heights = view.rows('randomness').map(({ id }) => Number(hexNumber(id)))
  const height = Number(status?.height ?? 0n)
  const kept = height < RANDOMNESS_KEPT ? height + 1 : RANDOMNESS_KEPT
  if (heights.length !== kept || Math.max(...heights) !== height) {
    yield `${heights.length} heights have randomness, ${kept} expected up to ${height}`
  }
}

function* findFaults(view: StateView): Generator<string> {
  const found = new Map<string, { count: number; last: bigint }>()
  for (const { fields, value } of view.rows('finds')) {
    const [epoch = '', host = '', first = ''] = fields
    const id = `${epoch}/${host}`
    const before = found.get(id) ?? { count: 0, last: -1n }
    const index = Number(bytesToBigint(value.subarray(0, 4)))
    let last = before.last
    for (let at = 4; at < value.length; at += 8) {
      const nonce = bytesToBigint(value.subarray(at, at + 8))
      if (nonce <= last || (at === 4 && nonce !== hexNumber(first))) {
        yield `finds of ${id}: ${nonce} after ${last}`
      }
      last = nonce
    }
    if (index !== before.count) {
      yield `finds of ${id}: index ${index} after ${before.count} finds`
    }
    found.set(id, { count: before.count + (value.length - 4) / 8, last })
  }
  for (const { id, value: race } of view.rows('race')) {
    const { count, last } = found.get(id) ?? { count: 0, last: 0n }
    if (race.count !== count || race.lastNonce !== last) {
      yield `race of ${id}: ${race.count} finds to ${race.lastNonce}, its entries hold ${count} to ${last}`
    }
    found.delete(id)
  }
  for (const id of found.keys()) {
    yield `finds of ${id} without a race`
  }
}

function* dutyFaults(view: StateView): Generator<string> {
  const sampled = new Map<string, string[]>()
  for (const { fields, value } of view.rows('sample')) {
    const [epoch = '', round = '', host = ''] = fields
    const isRising = value.nonces.every((nonce, index) => index === 0 || (value.nonces[index - 1] as bigint) < nonce)
    if (view.get('race', epoch, host) === undefined || !isRising || value.nonces.length === 0) {
      yield `sample of ${host} in epoch ${epoch}: no race, or nonces that do not rise`
    }
    for (const verifier of value.verifiers) {
      const id = `${epoch}/${toHex(verifier)}/${round}`
      sampled.set(id, [...(sampled.get(id) ?? []), host])
    }
  }
  for (const { id, fields, value: duty } of view.rows('verification')) {
    const [epoch = '', , round = ''] = fields
    const hosts = duty.hosts.map(toHex)
    const leaves = hosts.reduce((sum, host) => sum + (view.get('sample', epoch, round, host)?.nonces.length ?? 0), 0)
    if (hosts.join() !== (sampled.get(id) ?? []).join() || leaves !== duty.leaves) {
      yield `duty ${id}: ${duty.leaves} leaves of ${hosts.length} hosts, the samples say ${leaves}`
    }
    sampled.delete(id)
  }
  for (const id of sampled.keys()) {
    yield `a sample names the verifier ${id}, who has no duty`
  }
  for (const { fields } of view.rows('rootsByHeight')) {
    const [, verifier = '', round = ''] = fields
    const isKnown = view.rows('verification').some((row) => row.id.endsWith(`/${verifier}/${round}`))
    if (!isKnown) {
      yield `a root of ${verifier} without a duty`
    }
  }
}

function* leafFaults(view: StateView): Generator<string> {
  for (const { fields, value } of view.rows('openedLeaf')) {
    const [epoch = '', round = '', verifier = ''] = fields
    const duty = view.get('verification', epoch, verifier, round)
    if (duty === undefined || !duty.hosts.some((host) => toHex(host) === toHex(value.host))) {
      yield `an opened leaf of ${verifier} without a duty`
    }
  }
  for (const { id, value: epoch } of view.rows('epoch')) {
    const slots = view.rows('auditSlot').filter(({ fields }) => fields[0] === id)
    const isDense = slots.every(({ fields }, index) => hexNumber(fields[1] ?? '') === BigInt(index))
    if (slots.length !== epoch.unaudited || !isDense) {
      yield `epoch ${id}: ${slots.length} slots of audits, ${epoch.unaudited} expected`
    }
    for (const { value: leaf } of slots) {
      const round = numberHex(leaf.round, 1)
      if (view.get('openedLeaf', id, round, toHex(leaf.verifier), numberHex(leaf.index, 4)) === undefined) {
        yield `epoch ${id}: an audit of a leaf that nobody opened`
      }
    }
  }
}

function* queueFaults(view: StateView): Generator<string> {
  const items = view.rows('reexecution')
  const [counter] = view.rows('reexecutionCounter').map(({ value }) => value)
  const same = new Set<string>()
  const lanes = new Map<string, number>()
  for (const { fields, value } of items) {
    const [lane = '', sequence = ''] = fields
    lanes.set(lane, (lanes.get(lane) ?? 0) + 1)
    const leaf = value.leaf
    const what = `${value.epoch}/${toHex(value.host)}/${value.nonce}/${leaf?.round}/${leaf?.index}/${toHex(leaf?.verifier ?? value.host)}`
    if (same.has(what) || hexNumber(sequence) >= (counter ?? 0n) || value.accusers.length === 0) {
      yield `re-execution ${what}: twice, of nobody, or beyond the counter`
    }
    same.add(what)
  }
  for (const [lane, count] of lanes) {
    if (count > LANE_ENTRIES) {
      yield `lane ${lane} has ${count} entries`
    }
  }
  for (const { fields } of view.rows('mismatchBacklog')) {
    const [epoch = '', verifier = '', round = ''] = fields
    if (view.get('verification', epoch, verifier, round) === undefined) {
      yield `a backlog of ${verifier} without a report`
    }
  }
}
