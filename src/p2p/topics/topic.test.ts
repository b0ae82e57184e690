import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TestPeer } from '../../../test/support/peer-network.ts'
import { createTestDirectory, createTestPeer } from '../../../test/support/peer-network.ts'
import { P2P_LIMITS } from '../limits.ts'
import { createRateLimiter } from '../rate-limit.ts'
import { BATCH_TOPIC } from './batch.ts'
import { CHECK_REQUEST_TOPIC } from './check-request.ts'
import { HEARTBEAT_TOPIC } from './heartbeat.ts'
import { RACE_CHALLENGE_TOPIC } from './race-challenge.ts'
import type { GossipVerdict, Topic, ValidationContext } from './topic.ts'
import { validateGossip } from './topic.ts'

let known: TestPeer
let other: TestPeer
let stranger: TestPeer

beforeAll(async () => {
  ;[known, other, stranger] = (await Promise.all([createTestPeer(), createTestPeer(), createTestPeer()])) as [
    TestPeer,
    TestPeer,
    TestPeer,
  ]
})

const NOW = 1_800_000_000_000

function context(epoch = 7n): ValidationContext {
  return {
    directory: createTestDirectory([known, other], epoch),
    clock: { nowMs: () => NOW },
    rates: createRateLimiter({ burst: 3, refillMs: 1_000 }, 16),
  }
}

function outcome(result: GossipVerdict<unknown>): string {
  return result.verdict === 'accept' ? 'accept' : `${result.verdict}:${result.code}`
}

type Fields = { readonly epoch?: bigint; readonly sentAtMs?: bigint }

const TOPICS: readonly { readonly topic: Topic<unknown>; message(peer: TestPeer, fields?: Fields): Uint8Array }[] = [
  {
    topic: HEARTBEAT_TOPIC as Topic<unknown>,
    message: (peer, fields) => HEARTBEAT_TOPIC.encode(peer.heartbeat({ sentAtMs: BigInt(NOW), ...fields })),
  },
  {
    topic: RACE_CHALLENGE_TOPIC as Topic<unknown>,
    message: (peer, fields) => RACE_CHALLENGE_TOPIC.encode(peer.challenge({ sentAtMs: BigInt(NOW), ...fields })),
  },
  {
    topic: BATCH_TOPIC as Topic<unknown>,
    message: (peer, fields) => BATCH_TOPIC.encode(peer.batch({ sentAtMs: BigInt(NOW), ...fields })),
  },
  {
    topic: CHECK_REQUEST_TOPIC as Topic<unknown>,
    message: (peer, fields) => CHECK_REQUEST_TOPIC.encode(peer.checkRequest({ sentAtMs: BigInt(NOW), ...fields })),
  },
]

describe.each(TOPICS)('validator of $topic.name', ({ topic, message }) => {
  const judge = (data: Uint8Array, from = known.peerId, at = context()) =>
    outcome(validateGossip(topic, at, { from, data }))

  it('accepts what a registered host signed and sent itself', () => {
    const data = message(known)
    const result = validateGossip(topic, context(), { from: known.peerId, data })
    expect(result).toEqual({ verdict: 'accept', message: topic.decode(data) })
  })

  it('ignores what may be true: clock, registration, epoch', () => {
    expect(judge(message(known, { sentAtMs: BigInt(NOW - 60_001) }))).toBe('ignore:clock_out_of_tolerance')
    expect(judge(message(known, { sentAtMs: BigInt(NOW + 60_001) }))).toBe('ignore:clock_out_of_tolerance')
    expect(judge(message(known, { sentAtMs: (1n << 64n) - 1n }))).toBe('ignore:clock_out_of_tolerance')
    expect(judge(message(stranger), stranger.peerId)).toBe('ignore:unregistered')
    expect(judge(message(known, { epoch: 5n }))).toBe('ignore:stale_epoch')
    expect(judge(message(known, { epoch: 9n }))).toBe('ignore:stale_epoch')
    expect(judge(message(known, { epoch: 8n }))).toBe('accept')
  })

  it('rejects what a correct node never sends', () => {
    expect(judge(message(known), other.peerId)).toBe('reject:wrong_peer')
    expect(judge(new Uint8Array(P2P_LIMITS.messageBytes + 1))).toBe('reject:message_too_large')
    expect(judge(new Uint8Array(0))).toBe('reject:malformed_gossip')
    const forged = message(known)
    const last = forged.length - 1
    forged[last] = (forged[last] as number) ^ 1
    expect(judge(forged)).toBe('reject:bad_signature')
  })

  it('ignores an author that sends too much, before it checks a signature', () => {
    const at = context()
    for (let sent = 0; sent < 3; sent++) {
      expect(judge(message(known, { sentAtMs: BigInt(NOW + sent) }), known.peerId, at)).toBe('accept')
    }
    const forged = message(known)
    forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1
    expect(judge(forged, known.peerId, at)).toBe('ignore:rate_limited')
    expect(judge(message(other), other.peerId, at)).toBe('accept')
  })

  it('answers any bytes with a verdict', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), (data) => {
        expect(judge(data)).toMatch(/^reject:/)
      }),
    )
  })

  it('rejects or ignores every change of one byte of a good message', () => {
    const good = message(known)
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (index, mask) => {
        const changed = Uint8Array.from(good)
        changed[index] = (changed[index] as number) ^ mask
        expect(judge(changed)).not.toBe('accept')
      }),
    )
  })
})

describe('epochs behind', () => {
  it('takes batches and check requests of the last epoch', () => {
    const batch = BATCH_TOPIC.encode(known.batch({ epoch: 6n, sentAtMs: BigInt(NOW) }))
    const request = CHECK_REQUEST_TOPIC.encode(known.checkRequest({ epoch: 6n, sentAtMs: BigInt(NOW) }))
    expect(outcome(validateGossip(BATCH_TOPIC, context(), { from: known.peerId, data: batch }))).toBe('accept')
    expect(outcome(validateGossip(CHECK_REQUEST_TOPIC, context(), { from: known.peerId, data: request }))).toBe(
      'accept',
    )
  })

  it('takes a heartbeat of the last epoch, a challenge only of the running one', () => {
    const heartbeat = HEARTBEAT_TOPIC.encode(known.heartbeat({ epoch: 6n, sentAtMs: BigInt(NOW) }))
    const challenge = RACE_CHALLENGE_TOPIC.encode(known.challenge({ epoch: 6n, sentAtMs: BigInt(NOW) }))
    expect(outcome(validateGossip(HEARTBEAT_TOPIC, context(), { from: known.peerId, data: heartbeat }))).toBe('accept')
    expect(outcome(validateGossip(RACE_CHALLENGE_TOPIC, context(), { from: known.peerId, data: challenge }))).toBe(
      'ignore:stale_epoch',
    )
  })
})
