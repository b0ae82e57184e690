import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  signBatchAnnouncement,
  signCheckRequest,
  signHeartbeat,
  signRaceChallenge,
} from '../../test/support/chain/device-signing.ts'
import { anyAddress, bentBytes } from '../../test/support/message-arbitraries.ts'
import { readVectors } from '../../test/support/vectors.ts'
import { concatBytes, fromHex, toHex } from '../lib/bytes.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'
import {
  BatchAnnouncement,
  batchAnnouncementHash,
  CheckRequest,
  checkRequestHash,
  decodeBatchAnnouncement,
  decodeCheckRequest,
  decodeHeartbeat,
  decodeRaceChallenge,
  GOSSIP_LIMITS,
  GOSSIP_TOPICS,
  Heartbeat,
  heartbeatHash,
  RaceChallenge,
  raceChallengeHash,
  verifyBatchAnnouncement,
  verifyCheckRequest,
  verifyHeartbeat,
  verifyRaceChallenge,
} from './gossip.ts'
import { publicKeyOf } from './signature.ts'

interface GossipVectors {
  readonly gossip: readonly {
    readonly kind: 'heartbeat' | 'raceChallenge' | 'batch' | 'checkRequest'
    readonly message: Readonly<Record<string, string>>
    readonly hash: string
  }[]
}

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const anyHeartbeat = fc.record<Heartbeat>({
  host: anyAddress,
  epoch: u64,
  height: u64,
  appHash: bytesOf(32),
  phase: fc.stringMatching(/^[a-z_]{0,32}$/),
  sentAtMs: u64,
  signature: bytesOf(64),
})
const anyChallenge = fc.record<RaceChallenge>({
  challenger: anyAddress,
  host: anyAddress,
  epoch: u64,
  nonce: u64,
  digest: bytesOf(32),
  sentAtMs: u64,
  signature: bytesOf(64),
})
const u48 = fc.bigInt({ min: 0n, max: 2n ** 48n - 1n })
const u32 = fc.nat(0xffffffff)
const anyBatch = fc.record<BatchAnnouncement>({
  host: anyAddress,
  epoch: u64,
  sentAtMs: u64,
  batch: u48,
  root: bytesOf(32),
  sum: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
  leaves: fc.integer({ min: 1, max: 4_096 }),
  height: u48,
  signature: bytesOf(64),
})
const anyCheckRequest = fc.record<CheckRequest>({
  host: anyAddress,
  epoch: u64,
  sentAtMs: u64,
  batch: u48,
  point: u32,
  orderHash: bytesOf(32),
  signature: bytesOf(64),
})
const deviceKey = new Uint8Array(32).fill(5)
const devicePublicKey = publicKeyOf(deviceKey)
const heartbeat = fc.sample(anyHeartbeat, { numRuns: 1, seed: 3 })[0] as Heartbeat
const challenge = fc.sample(anyChallenge, { numRuns: 1, seed: 3 })[0] as RaceChallenge
const batch = fc.sample(anyBatch, { numRuns: 1, seed: 3 })[0] as BatchAnnouncement
const checkRequest = fc.sample(anyCheckRequest, { numRuns: 1, seed: 3 })[0] as CheckRequest

interface Kind {
  readonly name: string
  readonly any: fc.Arbitrary<object>
  readonly sample: object
  readonly encode: (message: object) => Uint8Array
  readonly decode: (bytes: Uint8Array) => object
}

const KINDS: readonly Kind[] = [
  {
    name: 'heartbeat',
    any: anyHeartbeat,
    sample: heartbeat,
    encode: (message) => Heartbeat.encode(Heartbeat.fromPartial(message)).finish(),
    decode: decodeHeartbeat,
  },
  {
    name: 'race challenge',
    any: anyChallenge,
    sample: challenge,
    encode: (message) => RaceChallenge.encode(RaceChallenge.fromPartial(message)).finish(),
    decode: decodeRaceChallenge,
  },
  {
    name: 'batch announcement',
    any: anyBatch,
    sample: batch,
    encode: (message) => BatchAnnouncement.encode(BatchAnnouncement.fromPartial(message)).finish(),
    decode: decodeBatchAnnouncement,
  },
  {
    name: 'check request',
    any: anyCheckRequest,
    sample: checkRequest,
    encode: (message) => CheckRequest.encode(CheckRequest.fromPartial(message)).finish(),
    decode: decodeCheckRequest,
  },
]

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(CodedError)
    return errorCode(error)
  }
  return 'accepted'
}

describe.each(KINDS)('$name', ({ any, sample, encode, decode }) => {
  test('decodes what it encodes', () => {
    fc.assert(
      fc.property(any, (message) => {
        const decoded = decode(encode(message))
        expect(toHex(encode(decoded))).toBe(toHex(encode(message)))
        expect(Object.keys(decoded).sort()).toEqual(Object.keys(message).sort())
      }),
    )
  })

  test('any bytes give a message that encodes to them, or malformed_gossip', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), bentBytes(any.map(encode))), (bytes) => {
        let decoded: object
        try {
          decoded = decode(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(CodedError)
          expect(errorCode(error)).toBe('malformed_gossip')
          return
        }
        expect([...encode(decoded)]).toEqual([...bytes])
      }),
      { numRuns: 500 },
    )
  })

  test.each<[string, object]>([
    ['host', { host: 'tail1nobody' }],
    ['signature', { signature: new Uint8Array(63) }],
    ['no signature', { signature: new Uint8Array(0) }],
  ])('out of bounds: %s', (_name, change) => {
    expect(codeOf(() => decode(encode(sample)))).toBe('accepted')
    expect(codeOf(() => decode(encode({ ...sample, ...change })))).toBe('malformed_gossip')
  })

  test('an unknown field, a message twice, nothing, too much', () => {
    const bytes = encode(sample)
    for (const wrong of [
      concatBytes(bytes, Uint8Array.of(0xf8, 0x07, 1)),
      concatBytes(bytes, bytes),
      new Uint8Array(0),
      concatBytes(bytes, new Uint8Array(GOSSIP_LIMITS.messageBytes)),
      new Uint8Array(GOSSIP_LIMITS.messageBytes).fill(0x7b),
    ]) {
      expect(codeOf(() => decode(wrong))).toBe('malformed_gossip')
    }
  })
})

test.each<[string, Partial<Heartbeat>]>([
  ['a short app hash', { appHash: new Uint8Array(31) }],
  ['a phase that is no word', { phase: 'Racing now' }],
  ['a phase with a line break', { phase: 'racing\n' }],
  ['a long phase', { phase: 'x'.repeat(GOSSIP_LIMITS.phaseCharacters + 1) }],
])('heartbeat with %s', (_name, change) => {
  const bytes = Heartbeat.encode({ ...heartbeat, ...change }).finish()
  expect(codeOf(() => decodeHeartbeat(bytes))).toBe('malformed_gossip')
})

test.each<[string, Partial<RaceChallenge>]>([
  ['a long digest', { digest: new Uint8Array(33) }],
  ['no challenger', { challenger: '' }],
])('race challenge with %s', (_name, change) => {
  const bytes = RaceChallenge.encode({ ...challenge, ...change }).finish()
  expect(codeOf(() => decodeRaceChallenge(bytes))).toBe('malformed_gossip')
})

test.each<[string, Partial<BatchAnnouncement>]>([
  ['a short root', { root: new Uint8Array(31) }],
  ['no leaves', { leaves: 0 }],
  ['too many leaves', { leaves: 4_097 }],
  ['a sum beyond any amount', { sum: 1n << 53n }],
  ['a batch beyond any', { batch: 1n << 48n }],
  ['a height beyond any', { height: 1n << 48n }],
])('batch announcement with %s', (_name, change) => {
  const bytes = BatchAnnouncement.encode({ ...batch, ...change }).finish()
  expect(codeOf(() => decodeBatchAnnouncement(bytes))).toBe('malformed_gossip')
})

test.each<[string, Partial<CheckRequest>]>([
  ['a long order hash', { orderHash: new Uint8Array(33) }],
  ['a batch beyond any', { batch: 1n << 48n }],
])('check request with %s', (_name, change) => {
  const bytes = CheckRequest.encode({ ...checkRequest, ...change }).finish()
  expect(codeOf(() => decodeCheckRequest(bytes))).toBe('malformed_gossip')
})

describe('signatures', () => {
  test('verify under the device key, and under no other', () => {
    const beat = signHeartbeat(heartbeat, deviceKey)
    const accusation = signRaceChallenge(challenge, deviceKey)
    expect(verifyHeartbeat(beat, devicePublicKey)).toBe(true)
    expect(verifyRaceChallenge(accusation, devicePublicKey)).toBe(true)
    const other = publicKeyOf(new Uint8Array(32).fill(6))
    expect(verifyHeartbeat(beat, other)).toBe(false)
    expect(verifyRaceChallenge(accusation, other)).toBe(false)
  })

  test('cover every field', () => {
    const beat: Heartbeat = { ...heartbeat, phase: 'racing' }
    const beatChanges: readonly Partial<Heartbeat>[] = [
      { host: `${beat.host}x` },
      { epoch: beat.epoch ^ 1n },
      { height: beat.height ^ 1n },
      { appHash: beat.appHash.map((byte) => byte ^ 1) },
      { phase: 'serving' },
      { sentAtMs: beat.sentAtMs ^ 1n },
    ]
    expect(beatChanges).toHaveLength(Object.keys(beat).length - 1)
    const beats = [beat, ...beatChanges.map((change) => ({ ...beat, ...change }))]
    expect(new Set(beats.map((one) => toHex(heartbeatHash(one)))).size).toBe(beats.length)

    const challengeChanges: readonly Partial<RaceChallenge>[] = [
      { challenger: challenge.host },
      { host: challenge.challenger },
      { epoch: challenge.epoch ^ 1n },
      { nonce: challenge.nonce ^ 1n },
      { digest: challenge.digest.map((byte) => byte ^ 1) },
      { sentAtMs: challenge.sentAtMs ^ 1n },
    ]
    expect(challengeChanges).toHaveLength(Object.keys(challenge).length - 1)
    const challenges = [challenge, ...challengeChanges.map((change) => ({ ...challenge, ...change }))]
    expect(new Set(challenges.map((one) => toHex(raceChallengeHash(one)))).size).toBe(challenges.length)
  })

  test('of batches and check requests verify under the device key alone, and cover every field', () => {
    const announced = signBatchAnnouncement(batch, deviceKey)
    const asked = signCheckRequest(checkRequest, deviceKey)
    const other = publicKeyOf(new Uint8Array(32).fill(6))
    expect([verifyBatchAnnouncement(announced, devicePublicKey), verifyCheckRequest(asked, devicePublicKey)]).toEqual([
      true,
      true,
    ])
    expect([verifyBatchAnnouncement(announced, other), verifyCheckRequest(asked, other)]).toEqual([false, false])

    const batchChanges: readonly Partial<BatchAnnouncement>[] = [
      { host: `${batch.host}x` },
      { epoch: batch.epoch ^ 1n },
      { sentAtMs: batch.sentAtMs ^ 1n },
      { batch: batch.batch ^ 1n },
      { root: batch.root.map((byte) => byte ^ 1) },
      { sum: batch.sum ^ 1n },
      { leaves: batch.leaves + 1 },
      { height: batch.height ^ 1n },
    ]
    expect(batchChanges).toHaveLength(Object.keys(batch).length - 1)
    const batches = [batch, ...batchChanges.map((change) => ({ ...batch, ...change }))]
    expect(new Set(batches.map((one) => toHex(batchAnnouncementHash(one)))).size).toBe(batches.length)

    const checkChanges: readonly Partial<CheckRequest>[] = [
      { host: `${checkRequest.host}x` },
      { epoch: checkRequest.epoch ^ 1n },
      { sentAtMs: checkRequest.sentAtMs ^ 1n },
      { batch: checkRequest.batch ^ 1n },
      { point: (checkRequest.point ^ 1) >>> 0 },
      { orderHash: checkRequest.orderHash.map((byte) => byte ^ 1) },
    ]
    expect(checkChanges).toHaveLength(Object.keys(checkRequest).length - 1)
    const checks = [checkRequest, ...checkChanges.map((change) => ({ ...checkRequest, ...change }))]
    expect(new Set(checks.map((one) => toHex(checkRequestHash(one)))).size).toBe(checks.length)
  })

  test.each(readVectors<GossipVectors>('hash').gossip)(
    'hash of a $kind, as the second implementation has it',
    ({ kind, message, hash }) => {
      const field = (name: string): string => message[name] as string
      const times = { epoch: BigInt(field('epoch')), sentAtMs: BigInt(field('sentAtMs')) }
      const hashes = {
        heartbeat: () =>
          heartbeatHash({
            ...times,
            host: field('host'),
            height: BigInt(field('height')),
            appHash: fromHex(field('appHash')),
            phase: field('phase'),
          }),
        raceChallenge: () =>
          raceChallengeHash({
            ...times,
            challenger: field('challenger'),
            host: field('host'),
            nonce: BigInt(field('nonce')),
            digest: fromHex(field('digest')),
          }),
        batch: () =>
          batchAnnouncementHash({
            ...times,
            host: field('host'),
            batch: BigInt(field('batch')),
            root: fromHex(field('root')),
            sum: BigInt(field('sum')),
            leaves: Number(field('leaves')),
            height: BigInt(field('height')),
          }),
        checkRequest: () =>
          checkRequestHash({
            ...times,
            host: field('host'),
            batch: BigInt(field('batch')),
            point: Number(field('point')),
            orderHash: fromHex(field('orderHash')),
          }),
      }
      const computed = hashes[kind]()
      expect(toHex(computed)).toBe(hash)
    },
  )
})

test('topics carry name and version', () => {
  for (const topic of Object.values(GOSSIP_TOPICS)) {
    expect(topic).toMatch(/^\/tailrace\/[a-z-]+\/[0-9]+$/)
  }
})
