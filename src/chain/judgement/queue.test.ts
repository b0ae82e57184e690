import { describe, expect, it } from 'vitest'
import type { ReexecutionItem, VerificationState } from '../../protocol/gen/tailrace/v1/state.ts'
import { RaceState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../application.ts'
import { createMemoryStore } from '../memory-store.ts'
import { newHost } from '../messages/register-host.ts'
import { writeHost } from '../state/hosts.ts'
import { writeRace } from '../state/races.ts'
import { readVerification, writeVerification } from '../state/verifications.ts'
import {
  addToBacklog,
  CHALLENGE_LANE,
  dequeue,
  enqueue,
  hasOpenChallenge,
  LANE_ENTRIES,
  laneIsFull,
  listQueue,
  REPORT_LANE,
  refillFromReports,
} from './queue.ts'

const HOST = new Uint8Array(20).fill(1)
const VERIFIER = new Uint8Array(20).fill(2)
const OTHER = new Uint8Array(20).fill(3)

function item(nonce: bigint, accuser: Uint8Array = VERIFIER): ReexecutionItem {
  return { epoch: 0n, host: HOST, nonce, leaf: undefined, accusers: [{ host: accuser, txHash: 'AB' }] }
}

function report(store: StateStore, verifier: Uint8Array, nonces: readonly bigint[]): void {
  const duty: VerificationState = {
    state: 'committed',
    hosts: [HOST],
    leaves: 100,
    rootDeadlineHeight: 5n,
    optional: false,
    root: new Uint8Array(32),
    rootTx: 'CD',
    mismatches: nonces.map((nonce) => ({ host: HOST, nonce })),
    mismatchesQueued: 0,
    openingIndices: [],
  }
  writeVerification(store, 0, 0, verifier, duty)
  addToBacklog(store, 0, 0, verifier)
}

function order(store: StateStore): bigint[] {
  const nonces: bigint[] = []
  for (let next = dequeue(store); next !== undefined; next = dequeue(store)) {
    nonces.push(next.nonce)
  }
  return nonces
}

describe('the re-execution queue', () => {
  it('is first in, first out, reports before challenges', () => {
    const store = createMemoryStore()
    enqueue(store, CHALLENGE_LANE, item(1n))
    enqueue(store, REPORT_LANE, item(2n))
    enqueue(store, CHALLENGE_LANE, item(3n))
    enqueue(store, REPORT_LANE, item(4n))
    expect(order(store)).toEqual([2n, 4n, 1n, 3n])
    expect(dequeue(store)).toBeUndefined()
  })

  it('holds a find once; who says the same becomes a further accuser', () => {
    const store = createMemoryStore()
    enqueue(store, CHALLENGE_LANE, item(1n))
    enqueue(store, REPORT_LANE, item(1n, OTHER))
    enqueue(store, REPORT_LANE, item(1n, OTHER))
    expect(listQueue(store)).toHaveLength(1)
    expect(listQueue(store)[0]?.item.accusers.map(({ host }) => host)).toEqual([VERIFIER, OTHER])
    const leaf = { round: 0, verifier: VERIFIER, index: 1 }
    enqueue(store, CHALLENGE_LANE, { ...item(1n), leaf })
    enqueue(store, CHALLENGE_LANE, { ...item(1n), leaf: { ...leaf, index: 2 } })
    expect(listQueue(store)).toHaveLength(3)
    expect(hasOpenChallenge(store, OTHER)).toBe(true)
    expect(hasOpenChallenge(store, HOST)).toBe(false)
  })

  it('has a bound in each lane', () => {
    const store = createMemoryStore()
    for (let nonce = 0n; nonce < BigInt(LANE_ENTRIES); nonce++) {
      expect(enqueue(store, CHALLENGE_LANE, item(nonce))).toBe(true)
    }
    expect(laneIsFull(store, CHALLENGE_LANE)).toBe(true)
    expect(enqueue(store, CHALLENGE_LANE, item(1_000n))).toBe(false)
    expect(enqueue(store, CHALLENGE_LANE, item(3n, OTHER))).toBe(true)
    expect(enqueue(store, REPORT_LANE, item(1_000n))).toBe(true)
    expect(listQueue(store)).toHaveLength(LANE_ENTRIES + 1)
  })

  it('takes reported mismatches as it has room, and loses none', () => {
    const store = createMemoryStore()
    const nonces = Array.from({ length: 48 }, (_, index) => BigInt(index))
    report(store, VERIFIER, nonces.slice(0, 16))
    report(store, OTHER, nonces.slice(16, 32))
    report(store, HOST, nonces.slice(32))
    refillFromReports(store)
    expect(listQueue(store)).toHaveLength(LANE_ENTRIES)
    const seen = [dequeue(store), dequeue(store)].map((next) => next?.nonce)
    refillFromReports(store)
    expect(listQueue(store)).toHaveLength(LANE_ENTRIES)
    while (listQueue(store).length > 0) {
      seen.push(dequeue(store)?.nonce)
      refillFromReports(store)
    }
    expect(seen.sort((a, b) => Number((a ?? 0n) - (b ?? 0n)))).toEqual(nonces)
    expect(readVerification(store, 0, 0, HOST)?.mismatchesQueued).toBe(16)
  })

  it('takes nothing more from a verifier that was convicted of a false accusation', () => {
    const store = createMemoryStore()
    const convicted = { ...newHost(VERIFIER, 1), barredUntilEpoch: 1n, lastFaultCode: 'false_accusation' }
    report(store, VERIFIER, [1n, 2n, 3n])
    report(store, OTHER, [4n])
    writeHost(store, convicted)
    refillFromReports(store)
    expect(listQueue(store).map((queued) => queued.item.nonce)).toEqual([4n])
  })

  it('skips reported finds that are removed already', () => {
    const store = createMemoryStore()
    const race = RaceState.fromPartial({ shape: 'dev', count: 3, lastNonce: 9n, wrongNonces: [7n] })
    writeRace(store, 0, HOST, race)
    report(store, VERIFIER, [7n, 8n])
    refillFromReports(store)
    expect(listQueue(store).map((queued) => queued.item.nonce)).toEqual([8n])
  })
})
