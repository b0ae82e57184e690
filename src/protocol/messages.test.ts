import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyAddress, bentBytes, MESSAGE_ARBITRARIES } from '../../test/support/message-arbitraries.ts'
import { concatBytes } from '../lib/bytes.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'
import { encodeAddress } from './address.ts'
import { MsgCommitFinds, MsgSetActive } from './gen/tailrace/v1/tx.ts'
import type { MessageKind, TypedMessage, TypeUrl } from './messages.ts'
import { decodeMessage, isDuty, isShapeName, isTypeUrl, MESSAGE_KINDS, MESSAGE_LIMITS, signerOf } from './messages.ts'

const TYPE_URLS = Object.keys(MESSAGE_KINDS) as TypeUrl[]
const CODES = ['unknown_message', 'malformed_message', 'message_out_of_bounds']

function encode(typeUrl: TypeUrl, value: unknown): Uint8Array {
  const { codec } = MESSAGE_KINDS[typeUrl] as MessageKind<unknown>
  return codec.encode(codec.fromPartial(value as Partial<unknown>)).finish()
}

function arbitraryOf(typeUrl: TypeUrl): fc.Arbitrary<unknown> {
  return MESSAGE_ARBITRARIES[typeUrl]
}

/** A message within bounds, the same in every run. */
function sampleOf<T>(typeUrl: TypeUrl): T {
  return fc.sample(arbitraryOf(typeUrl), { numRuns: 1, seed: 7 })[0] as T
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(CodedError)
    return errorCode(error)
  }
  return 'accepted'
}

describe.each(TYPE_URLS)('%s', (typeUrl) => {
  test('decodes what it encodes', () => {
    fc.assert(
      fc.property(arbitraryOf(typeUrl), (value) => {
        const decoded = decodeMessage(typeUrl, encode(typeUrl, value))
        expect(decoded.typeUrl).toBe(typeUrl)
        expect(plain(decoded.value)).toEqual(plain(value))
        expect(signerOf(decoded)).toMatch(/^tail1/)
      }),
      { numRuns: 50 },
    )
  })

  test('any bytes give a message within its bounds that encodes to those bytes, or a documented error', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      bentBytes(arbitraryOf(typeUrl).map((value) => encode(typeUrl, value))),
    )
    fc.assert(
      fc.property(bytes, (input) => {
        let decoded: TypedMessage
        try {
          decoded = decodeMessage(typeUrl, input)
        } catch (error) {
          expect(error).toBeInstanceOf(CodedError)
          expect(CODES).toContain(errorCode(error))
          return
        }
        const definition = MESSAGE_KINDS[typeUrl] as MessageKind<unknown>
        expect(definition.violation(decoded.value)).toBeUndefined()
        expect([...encode(typeUrl, decoded.value)]).toEqual([...input])
      }),
      { numRuns: 200 },
    )
  })

  test('what the codec builds from bytes is no larger than a small multiple of them', () => {
    const { codec } = MESSAGE_KINDS[typeUrl] as MessageKind<unknown>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000, max: 0x42 }), (input) => {
        let value: unknown
        try {
          value = codec.decode(input)
        } catch {
          // Not decodable, so nothing was built; which error that gives is the business of the test above.
          return
        }
        expect(leaves(value)).toBeLessThanOrEqual(16 * (input.length + 1))
      }),
      { numRuns: 200 },
    )
  })

  test('a length that claims four gigabytes is malformed', () => {
    for (const field of [0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x42, 0x4a]) {
      const claim = Uint8Array.of(field, 0xff, 0xff, 0xff, 0xff, 0x0f, 1)
      expect(codeOf(() => decodeMessage(typeUrl, claim))).toBe('malformed_message')
    }
  })

  test('an unknown field, a field twice or out of order is not canonical', () => {
    const bytes = encode(typeUrl, sampleOf(typeUrl))
    expect(codeOf(() => decodeMessage(typeUrl, concatBytes(bytes, Uint8Array.of(0xf8, 0x07, 1))))).toBe(
      'malformed_message',
    )
    expect(codeOf(() => decodeMessage(typeUrl, concatBytes(bytes, bytes)))).toBe('malformed_message')
    expect(codeOf(() => decodeMessage(typeUrl, concatBytes(Uint8Array.of(0xf8, 0x07, 1), bytes)))).toBe(
      'malformed_message',
    )
  })

  test('nothing at all is out of bounds', () => {
    expect(codeOf(() => decodeMessage(typeUrl, new Uint8Array(0)))).toBe('message_out_of_bounds')
  })
})

describe('canonical bytes', () => {
  const host = encodeAddress(new Uint8Array(20))

  test('a flag written as 2 is malformed', () => {
    const bytes = MsgSetActive.encode({ signer: host, host, active: true }).finish()
    expect(codeOf(() => decodeMessage('/tailrace.v1.MsgSetActive', bytes))).toBe('accepted')
    bytes[bytes.length - 1] = 2
    expect(codeOf(() => decodeMessage('/tailrace.v1.MsgSetActive', bytes))).toBe('malformed_message')
  })

  test('a default value that is written out is malformed', () => {
    const bytes = concatBytes(
      MsgSetActive.encode({ signer: host, host, active: false }).finish(),
      Uint8Array.of(0x18, 0),
    )
    expect(codeOf(() => decodeMessage('/tailrace.v1.MsgSetActive', bytes))).toBe('malformed_message')
  })

  test('nonces that are not packed are malformed', () => {
    const packed = MsgCommitFinds.encode({ signer: host, epoch: 1n, nonces: [5n] }).finish()
    const unpacked = concatBytes(packed.slice(0, packed.length - 3), Uint8Array.of(0x18, 5))
    expect([...packed.slice(-3)]).toEqual([0x1a, 1, 5])
    expect(codeOf(() => decodeMessage('/tailrace.v1.MsgCommitFinds', packed))).toBe('accepted')
    expect(codeOf(() => decodeMessage('/tailrace.v1.MsgCommitFinds', unpacked))).toBe('malformed_message')
  })

  test('bytes that are no UTF-8 in a text are malformed', () => {
    const moniker = 'moniker-moniker'
    const bytes = encode('/tailrace.v1.MsgRegisterHost', {
      ...sampleOf<object>('/tailrace.v1.MsgRegisterHost'),
      moniker,
    })
    const at = Buffer.from(bytes).indexOf(moniker)
    bytes[at] = 0xff
    expect(codeOf(() => decodeMessage('/tailrace.v1.MsgRegisterHost', bytes))).toBe('malformed_message')
  })
})

test('a transaction full of empty nested messages is refused by its bounds', () => {
  const mismatches = new Uint8Array(128 * 1024)
  mismatches.forEach((_, i) => {
    mismatches[i] = i % 2 === 0 ? 0x2a : 0
  })
  expect(codeOf(() => decodeMessage('/tailrace.v1.MsgSubmitVerification', mismatches))).toBe('message_out_of_bounds')
})

describe('unknown kinds', () => {
  test.each(['', 'constructor', '__proto__', '/tailrace.v1.MsgRegisterHost ', '/cosmos.bank.v1beta1.MsgMultiSend'])(
    '%j',
    (typeUrl) => {
      expect(isTypeUrl(typeUrl)).toBe(false)
      expect(codeOf(() => decodeMessage(typeUrl, new Uint8Array(0)))).toBe('unknown_message')
    },
  )
})

describe('bounds', () => {
  const address = encodeAddress(Uint8Array.from({ length: 20 }, (_, i) => i))
  const digest = new Uint8Array(32)
  const far = 2n ** 48n
  const register = sampleOf<Record<string, unknown>>('/tailrace.v1.MsgRegisterHost')
  const attestation = register.attestation as Record<string, unknown>
  const opening = { index: 0, digest, path: [] }
  const nonces = (length: number): bigint[] => Array.from({ length }, (_, i) => BigInt(i))
  const many = <T>(length: number, value: T): T[] => Array.from({ length }, () => value)
  const long = (length: number): string => 'x'.repeat(length)
  const L = MESSAGE_LIMITS

  /** One change to a message within bounds: the change at the limit is taken, the one beyond it is not. */
  const cases: readonly [TypeUrl, object, 'accepted' | 'refused'][] = [
    ['/cosmos.bank.v1beta1.MsgSend', { fromAddress: 'tail1nobody' }, 'refused'],
    ['/cosmos.bank.v1beta1.MsgSend', { toAddress: address.toUpperCase() }, 'refused'],
    ['/cosmos.bank.v1beta1.MsgSend', { amount: [] }, 'refused'],
    ['/cosmos.bank.v1beta1.MsgSend', { amount: many(2, { denom: 'utail', amount: '1' }) }, 'refused'],
    ['/cosmos.bank.v1beta1.MsgSend', { amount: [{ denom: long(17), amount: '1' }] }, 'refused'],
    ...['', '0', '-1', '01', '1.0', '1e3', ' 1', '1\n', '9'.repeat(31)].map((amount): [TypeUrl, object, 'refused'] => [
      '/cosmos.bank.v1beta1.MsgSend',
      { amount: [{ denom: 'utail', amount }] },
      'refused',
    ]),
    ['/cosmos.bank.v1beta1.MsgSend', { amount: [{ denom: 'utail', amount: '9'.repeat(30) }] }, 'accepted'],
    ['/tailrace.v1.MsgRegisterHost', { owner: '' }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { devicePubkey: new Uint8Array(32) }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { duties: [] }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { duties: [0] }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { duties: [5] }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { duties: [1, 2, 3, 4] }, 'accepted'],
    ['/tailrace.v1.MsgRegisterHost', { duties: [1, 1] }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { duties: [3, 1, 2] }, 'accepted'],
    ['/tailrace.v1.MsgRegisterHost', { deviceExpiryHeight: far }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { deviceExpiryHeight: far - 1n }, 'accepted'],
    ['/tailrace.v1.MsgRegisterHost', { peerId: '' }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { peerId: long(L.peerIdCharacters) }, 'accepted'],
    ['/tailrace.v1.MsgRegisterHost', { peerId: long(L.peerIdCharacters + 1) }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { shape: 'huge' }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { moniker: long(L.monikerCharacters) }, 'accepted'],
    ['/tailrace.v1.MsgRegisterHost', { moniker: long(L.monikerCharacters + 1) }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { attestation: undefined }, 'refused'],
    ...['engine', 'backend', 'adapter'].map((field): [TypeUrl, object, 'refused'] => [
      '/tailrace.v1.MsgRegisterHost',
      { attestation: { ...attestation, [field]: long(L.attestationCharacters + 1) } },
      'refused',
    ]),
    [
      '/tailrace.v1.MsgRegisterHost',
      { attestation: { ...attestation, conformanceDigest: new Uint8Array(31) } },
      'refused',
    ],
    ['/tailrace.v1.MsgRegisterHost', { stamp: undefined }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { stamp: { epoch: far, nonce: 0n } }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { deviceSignature: new Uint8Array(63) }, 'refused'],
    ['/tailrace.v1.MsgRegisterHost', { deviceSignature: new Uint8Array(65) }, 'refused'],
    ['/tailrace.v1.MsgSetActive', { host: '' }, 'refused'],
    ['/tailrace.v1.MsgSetPayout', { owner: '' }, 'refused'],
    ['/tailrace.v1.MsgSetPayout', { payout: '' }, 'accepted'],
    ['/tailrace.v1.MsgSetPayout', { payout: address }, 'accepted'],
    ['/tailrace.v1.MsgSetPayout', { payout: address.toUpperCase() }, 'refused'],
    ['/tailrace.v1.MsgSetPayout', { payout: `${address.slice(0, -1)}${address.endsWith('q') ? 'p' : 'q'}` }, 'refused'],
    ['/tailrace.v1.MsgSetPayout', { payout: 'tail1' }, 'refused'],
    ['/tailrace.v1.MsgRegisterValidator', { consensusPubkey: new Uint8Array(31) }, 'refused'],
    ['/tailrace.v1.MsgRegisterValidator', { blsPubkey: new Uint8Array(49) }, 'refused'],
    ['/tailrace.v1.MsgRegisterValidator', { blsPossession: new Uint8Array(95) }, 'refused'],
    ['/tailrace.v1.MsgRegisterValidator', { nodePubkey: new Uint8Array(32) }, 'refused'],
    ['/tailrace.v1.MsgRegisterValidator', { consensusSignature: new Uint8Array(65) }, 'refused'],
    ['/tailrace.v1.MsgNameValidator', { validator: new Uint8Array(19) }, 'refused'],
    ['/tailrace.v1.MsgNameValidator', { validator: new Uint8Array(0) }, 'accepted'],
    ['/tailrace.v1.MsgValidatorHeartbeat', { appHash: new Uint8Array(31) }, 'refused'],
    ['/tailrace.v1.MsgValidatorHeartbeat', { height: far }, 'refused'],
    ['/tailrace.v1.MsgVoteUpgrade', { height: 0n, version: 2, name: '' }, 'refused'],
    ['/tailrace.v1.MsgVoteUpgrade', { height: 9n, version: 0, name: '' }, 'refused'],
    ['/tailrace.v1.MsgVoteUpgrade', { height: 0n, version: 0, name: '' }, 'accepted'],
    ['/tailrace.v1.MsgVoteUpgrade', { height: 9n, version: 2, name: 'x'.repeat(257) }, 'refused'],
    ['/tailrace.v1.MsgCommitFinds', { nonces: [] }, 'refused'],
    ['/tailrace.v1.MsgCommitFinds', { nonces: [1n, 1n] }, 'refused'],
    ['/tailrace.v1.MsgCommitFinds', { nonces: [2n, 1n] }, 'refused'],
    ['/tailrace.v1.MsgCommitFinds', { nonces: [0n, 2n ** 64n - 1n] }, 'accepted'],
    ['/tailrace.v1.MsgCommitFinds', { nonces: nonces(L.noncesPerCommit) }, 'accepted'],
    ['/tailrace.v1.MsgCommitFinds', { nonces: nonces(L.noncesPerCommit + 1) }, 'refused'],
    ['/tailrace.v1.MsgCommitFinds', { epoch: far }, 'refused'],
    ['/tailrace.v1.MsgSubmitVerification', { round: L.verificationRounds }, 'refused'],
    ['/tailrace.v1.MsgSubmitVerification', { root: new Uint8Array(33) }, 'refused'],
    [
      '/tailrace.v1.MsgSubmitVerification',
      { mismatches: many(L.mismatchesPerReport, { host: address, nonce: 1n }) },
      'accepted',
    ],
    [
      '/tailrace.v1.MsgSubmitVerification',
      { mismatches: many(L.mismatchesPerReport + 1, { host: address, nonce: 1n }) },
      'refused',
    ],
    ['/tailrace.v1.MsgSubmitVerification', { mismatches: [{ host: 'tail1', nonce: 1n }] }, 'refused'],
    ['/tailrace.v1.MsgOpenVerification', { openings: [] }, 'refused'],
    ['/tailrace.v1.MsgOpenVerification', { openings: many(L.openingsPerReport, opening) }, 'accepted'],
    ['/tailrace.v1.MsgOpenVerification', { openings: many(L.openingsPerReport + 1, opening) }, 'refused'],
    ['/tailrace.v1.MsgOpenVerification', { openings: [{ ...opening, digest: new Uint8Array(31) }] }, 'refused'],
    [
      '/tailrace.v1.MsgOpenVerification',
      { openings: [{ ...opening, path: many(L.merklePathLength, digest) }] },
      'accepted',
    ],
    [
      '/tailrace.v1.MsgOpenVerification',
      { openings: [{ ...opening, path: many(L.merklePathLength + 1, digest) }] },
      'refused',
    ],
    ['/tailrace.v1.MsgOpenVerification', { openings: [{ ...opening, path: [new Uint8Array(31)] }] }, 'refused'],
    ['/tailrace.v1.MsgOpenVerification', { epoch: far }, 'refused'],
    ['/tailrace.v1.MsgChallengeFind', { find: undefined }, 'refused'],
    ['/tailrace.v1.MsgChallengeFind', { find: { host: '', nonce: 1n } }, 'refused'],
    ['/tailrace.v1.MsgChallengeOpening', { verifier: '' }, 'refused'],
    ['/tailrace.v1.MsgChallengeOpening', { round: L.verificationRounds }, 'refused'],
    ['/tailrace.v1.MsgChallengeOpening', { signer: 'x' }, 'refused'],
  ]

  test.each(cases.map(([typeUrl, change, expected], index) => ({ index, typeUrl, change, expected })))(
    '$index: $typeUrl $change is $expected',
    ({ typeUrl, change, expected }) => {
      const bytes = encode(typeUrl, { ...sampleOf<object>(typeUrl), ...change })
      expect(codeOf(() => decodeMessage(typeUrl, bytes))).toBe(
        expected === 'accepted' ? 'accepted' : 'message_out_of_bounds',
      )
    },
  )
})

test('duties are all but what moves money of an account', () => {
  const duties = TYPE_URLS.filter((typeUrl) => isDuty({ typeUrl, value: undefined } as unknown as TypedMessage))
  expect(TYPE_URLS.filter((typeUrl) => !duties.includes(typeUrl))).toEqual([
    '/cosmos.bank.v1beta1.MsgSend',
    '/tailrace.v1.MsgDepositEscrow',
    '/tailrace.v1.MsgWithdrawEscrow',
  ])
})

test('the signer is the address that the message names for it', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      const value = MsgSetActive.fromPartial({ signer: address, host: encodeAddress(new Uint8Array(20)) })
      expect(signerOf({ typeUrl: '/tailrace.v1.MsgSetActive', value })).toBe(address)
    }),
  )
})

test('shape names', () => {
  expect(['dev', 'std', 'toString', ''].map(isShapeName)).toEqual([true, true, false, false])
})

/** Values without prototypes and typed-array classes, so that two of them compare by content. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return [...value]
  }
  if (Array.isArray(value)) {
    return value.map(plain)
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]))
    : value
}

function leaves(value: unknown): number {
  if (value instanceof Uint8Array || typeof value === 'string') {
    return value.length + 1
  }
  return typeof value === 'object' && value !== null
    ? 1 + Object.values(value).reduce((total: number, field) => total + leaves(field), 0)
    : 1
}
