import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ComputeEvent, OwnerMessage, RequestBody } from './contract.ts'
import { decodeOwnerMessage, decodeReply, decodeWorkerMessage, MAX_NONCES, requestIdOf } from './contract.ts'

const attemptSource = { shape: 'dev', epochSeed: new Uint8Array(32).fill(1), host: new Uint8Array(20).fill(2) } as const
const startRace: RequestBody<'startRace'> = {
  ...attemptSource,
  raceId: 'epoch 3',
  target: new Uint8Array(32).fill(3),
  startNonce: 2n ** 64n - 1n,
  dutyPpm: 100_000,
  backend: 'cpu',
}
const progress = { raceId: 'r', attempts: 5, finds: 1, faultyFinds: 0, attemptsPerSecond: 2.5, backend: 'cpu' } as const

const REQUESTS: readonly OwnerMessage[] = [
  { kind: 'request', id: 1, type: 'probe', body: { shape: 'std' } },
  { kind: 'request', id: 2, type: 'startRace', body: startRace },
  { kind: 'request', id: 3, type: 'stopRace', body: { raceId: 'epoch 3' } },
  { kind: 'request', id: 4, type: 'verify', body: { ...attemptSource, nonces: [0n, 7n] } },
  { kind: 'request', id: 5, type: 'verify', body: { ...attemptSource, nonces: [], target: new Uint8Array(32) } },
  { kind: 'request', id: 6, type: 'findOne', body: { ...attemptSource, target: new Uint8Array(32), startNonce: 0n } },
  { kind: 'request', id: 7, type: 'dispose', body: {} },
  { kind: 'cancel', id: 4 },
]

const EVENTS: readonly ComputeEvent[] = [
  { type: 'progress', body: progress },
  { type: 'finds', body: { raceId: 'r', nonces: [1n, 2n], digests: [new Uint8Array(32), new Uint8Array(32)] } },
  {
    type: 'faultyFind',
    body: { raceId: 'r', nonce: 4n, claimed: new Uint8Array(32), computed: new Uint8Array(32).fill(1) },
  },
  { type: 'deviceLost', body: { raceId: 'r', reason: 'unplugged', continuesOn: 'cpu' } },
  { type: 'memoryShort', body: { raceId: 'r', maxAttempts: 64, plannedAttempts: 256 } },
  { type: 'raceStopped', body: { raceId: 'r', progress } },
  { type: 'failed', body: { raceId: 'r', code: 'gpu_error', message: 'no memory' } },
]

describe('messages of a compute worker', () => {
  test.each(REQUESTS)('request $type $kind survives the thread boundary', (message) => {
    expect(decodeOwnerMessage(structuredClone(message))).toEqual(message)
  })

  test.each(EVENTS)('event $type survives the thread boundary', (event) => {
    const message = { kind: 'event', ...event }
    expect(decodeWorkerMessage(structuredClone(message))).toEqual(message)
  })

  test('replies are decoded by the type of their request', () => {
    const reply = { digests: [new Uint8Array(32).fill(9)] }
    expect(decodeReply('verify', structuredClone(reply))).toEqual(reply)
    expect(() => decodeReply('findOne', reply)).toThrow(expect.objectContaining({ code: 'invalid_message' }))
  })

  test('unknown fields do not travel on, and bytes are copied', () => {
    const body = { ...startRace, surprise: 1 }
    const decoded = decodeOwnerMessage({ kind: 'request', id: 1, type: 'startRace', body }) as {
      body: typeof startRace
    }
    expect(decoded.body).toEqual(startRace)
    expect(decoded.body.host).not.toBe(startRace.host)
  })

  test.each([
    ['shape', 'huge'],
    ['epochSeed', new Uint8Array(31)],
    ['host', new Uint8Array(21)],
    ['host', [1, 2]],
    ['target', 5n],
    ['startNonce', 2n ** 64n],
    ['startNonce', -1n],
    ['startNonce', 5],
    ['dutyPpm', 0],
    ['dutyPpm', 1_000_001],
    ['dutyPpm', 0.5],
    ['backend', 'npu'],
    ['raceId', 'x'.repeat(129)],
  ])('startRace with %s = %s is refused and the field named', (field, value) => {
    const body = { ...startRace, [field]: value }
    expect(() => decodeOwnerMessage({ kind: 'request', id: 1, type: 'startRace', body })).toThrow(
      expect.objectContaining({ code: 'invalid_message', fields: { path: `startRace.${field}` } }),
    )
  })

  test('more nonces than a request may name are refused', () => {
    const verify = (count: number): unknown => ({
      kind: 'request',
      id: 1,
      type: 'verify',
      body: { ...attemptSource, nonces: Array.from({ length: count }, () => 1n) },
    })
    expect(() => decodeOwnerMessage(verify(MAX_NONCES))).not.toThrow()
    expect(() => decodeOwnerMessage(verify(MAX_NONCES + 1))).toThrow(
      expect.objectContaining({ code: 'invalid_message' }),
    )
  })

  test('anything at all either decodes or is refused with invalid_message', () => {
    const kinds = fc.constantFrom('request', 'cancel', 'reply', 'failure', 'event')
    const types = fc.constantFrom('probe', 'startRace', 'verify', 'finds', 'progress', '__proto__', 'toString')
    const shaped = fc.record({ kind: kinds, id: fc.anything(), type: types, body: fc.anything() })
    fc.assert(
      fc.property(fc.oneof(fc.anything({ withBigInt: true }), shaped), (value) => {
        for (const decode of [decodeOwnerMessage, decodeWorkerMessage]) {
          try {
            decode(value)
          } catch (error) {
            expect(error).toMatchObject({ code: 'invalid_message' })
          }
        }
        requestIdOf(value)
      }),
      { numRuns: 500 },
    )
  })
})
