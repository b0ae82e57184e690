/**
 * What the state machine still has to re-execute. Two lanes, each a FIFO with a bound: what drawn verifiers report goes before
 * what anybody challenges, so that challenges cannot delay a report. Invariant: no find and no leaf stands twice in the queue;
 * whoever says the same joins the entry as a further accuser, and answers for it.
 */
import { equalBytes } from '../../lib/bytes.ts'
import type { Accuser } from '../../protocol/gen/tailrace/v1/state.ts'
import { ReexecutionItem } from '../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../application.ts'
import { isBarred, readHost } from '../state/hosts.ts'
import {
  mismatchBacklogKey,
  mismatchBacklogRange,
  REEXECUTION_COUNTER_KEY,
  reexecutionKey,
  reexecutionRange,
} from '../state/keys.ts'
import { readRace } from '../state/races.ts'
import { countRange, getCounter, listRecords, setCounter, setRecord } from '../state/records.ts'
import { readVerification, verificationAddress, writeVerification } from '../state/verifications.ts'

export const REPORT_LANE = 0
export const CHALLENGE_LANE = 1
const LANES = [REPORT_LANE, CHALLENGE_LANE] as const
/** Entries per lane: 64 in all. */
export const LANE_ENTRIES = 32
/** Accusers named on one entry; further ones add nothing. */
const MAX_ACCUSERS = 8

export interface QueuedItem {
  readonly key: Uint8Array
  readonly item: ReexecutionItem
}

export function listQueue(store: StateStore): QueuedItem[] {
  return LANES.flatMap((lane) =>
    [...listRecords(store, reexecutionRange(lane), ReexecutionItem)].map(([key, item]) => ({ key, item })),
  )
}

/** Takes the next entry out. */
export function dequeue(store: StateStore): ReexecutionItem | undefined {
  const [first] = listQueue(store)
  if (first !== undefined) {
    store.delete(first.key)
  }
  return first?.item
}

export function laneIsFull(store: StateStore, lane: number): boolean {
  return countRange(store, reexecutionRange(lane), LANE_ENTRIES) >= LANE_ENTRIES
}

/** Whether this host stands behind an entry of the challenge lane. */
export function hasOpenChallenge(store: StateStore, accuser: Uint8Array): boolean {
  return [...listRecords(store, reexecutionRange(CHALLENGE_LANE), ReexecutionItem)].some(([, item]) =>
    item.accusers.some((entry) => equalBytes(entry.host, accuser)),
  )
}

/** Adds an entry or joins one that says the same. False where the lane has no room. */
export function enqueue(store: StateStore, lane: number, item: ReexecutionItem): boolean {
  const same = listQueue(store).find((queued) => isSame(queued.item, item))
  if (same !== undefined) {
    const accusers = joinAccusers(same.item.accusers, item.accusers)
    setRecord(store, same.key, ReexecutionItem, { ...same.item, accusers })
    return true
  }
  if (laneIsFull(store, lane)) {
    return false
  }
  const sequence = getCounter(store, REEXECUTION_COUNTER_KEY)
  setCounter(store, REEXECUTION_COUNTER_KEY, sequence + 1n)
  setRecord(store, reexecutionKey(lane, sequence), ReexecutionItem, item)
  return true
}

/** Marks that a report names mismatches; `refillFromReports` moves them into the queue as it has room. */
export function addToBacklog(store: StateStore, epoch: number, round: number, verifier: Uint8Array): void {
  store.set(mismatchBacklogKey(epoch, verifier, round), Uint8Array.of(1))
}

/** Queues reported mismatches while there is room: each costs one look at the queue, and a lane bounds how many. */
export function refillFromReports(store: StateStore): void {
  const { from, to } = mismatchBacklogRange()
  for (const [key] of store.range(from, to, { limit: LANE_ENTRIES })) {
    const epoch = Number(epochInBacklogKey(key))
    const { verifier, round } = verificationAddress(key)
    if (!queueMismatches(store, epoch, round, verifier)) {
      return
    }
    store.delete(key)
  }
}

function queueMismatches(store: StateStore, epoch: number, round: number, verifier: Uint8Array): boolean {
  const duty = readVerification(store, epoch, round, verifier)
  if (duty === undefined || isFalseAccuser(store, verifier, epoch)) {
    return true
  }
  let queued = duty.mismatchesQueued
  let hasRoom = true
  for (const { host, nonce } of duty.mismatches.slice(queued)) {
    const isJudged = readRace(store, epoch, host)?.wrongNonces.includes(nonce) === true
    const accusers = [{ host: verifier, txHash: duty.rootTx }]
    hasRoom = isJudged || enqueue(store, REPORT_LANE, { epoch: BigInt(epoch), host, nonce, leaf: undefined, accusers })
    if (!hasRoom) {
      break
    }
    queued += 1
  }
  writeVerification(store, epoch, round, verifier, { ...duty, mismatchesQueued: queued })
  return hasRoom
}

/** A host caught in false accusations in this epoch does not buy more of the chain's time with its other ones. */
export function isFalseAccuser(store: StateStore, host: Uint8Array, epoch: number): boolean {
  const record = readHost(store, host)
  return record !== undefined && isBarred(record, epoch) && record.lastFaultCode === 'false_accusation'
}

function epochInBacklogKey(key: Uint8Array): bigint {
  return new DataView(key.buffer, key.byteOffset).getBigUint64(1)
}

export function isSame(a: ReexecutionItem, b: ReexecutionItem): boolean {
  if (a.epoch !== b.epoch || a.nonce !== b.nonce || !equalBytes(a.host, b.host)) {
    return false
  }
  if (a.leaf === undefined || b.leaf === undefined) {
    return a.leaf === b.leaf
  }
  return a.leaf.round === b.leaf.round && a.leaf.index === b.leaf.index && equalBytes(a.leaf.verifier, b.leaf.verifier)
}

function joinAccusers(present: readonly Accuser[], added: readonly Accuser[]): Accuser[] {
  const fresh = added.filter((accuser) => !present.some((entry) => equalBytes(entry.host, accuser.host)))
  return [...present, ...fresh].slice(0, MAX_ACCUSERS)
}
