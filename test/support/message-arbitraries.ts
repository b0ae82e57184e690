import fc from 'fast-check'
import { encodeAddress } from '../../src/protocol/address.ts'
import { VALIDATOR_LIMITS } from '../../src/protocol/consensus/validator.ts'
import { Duty } from '../../src/protocol/gen/tailrace/v1/tx.ts'
import type { TypedMessage, TypeUrl } from '../../src/protocol/messages.ts'
import { MESSAGE_LIMITS } from '../../src/protocol/messages.ts'
import { SHAPE_NAMES } from '../../src/protocol/params.ts'
import { WORK_ARBITRARIES } from './work/work-arbitraries.ts'

/** Random messages of every kind, each within its bounds: `decodeMessage` must take them all. */
type ValueOf<U extends TypeUrl> = Extract<TypedMessage, { typeUrl: U }>['value']
type Arbitraries = { readonly [U in TypeUrl]: fc.Arbitrary<ValueOf<U>> }

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const u64 = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
/** Below 2^48: epochs and heights. */
const count = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 48n - 1n }))
const digest = bytesOf(32)
const round = fc.nat(MESSAGE_LIMITS.verificationRounds - 1)
/** Any text that UTF-8 can carry. */
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'binary', maxLength }).filter((value) => value.length <= maxLength)

export const anyAddress: fc.Arbitrary<string> = bytesOf(20).map(encodeAddress)
const findRef = fc.record({ host: anyAddress, nonce: u64 }, { noNullPrototype: true })

export const MESSAGE_ARBITRARIES: Arbitraries = {
  '/cosmos.bank.v1beta1.MsgSend': fc.record({
    fromAddress: anyAddress,
    toAddress: anyAddress,
    amount: fc
      .record({
        denom: fc.constantFrom('utail', 'x', ''),
        amount: fc.bigInt({ min: 1n, max: 10n ** 30n - 1n }).map(String),
      })
      .map((coin) => [coin]),
  }),
  '/tailrace.v1.MsgRegisterHost': fc.record({
    owner: anyAddress,
    devicePubkey: bytesOf(33),
    duties: fc.shuffledSubarray([Duty.DUTY_RACE, Duty.DUTY_VERIFY, Duty.DUTY_HEARTBEAT, Duty.DUTY_SERVE], {
      minLength: 1,
    }),
    deviceExpiryHeight: count,
    peerId: fc.string({ minLength: 1, maxLength: MESSAGE_LIMITS.peerIdCharacters }),
    shape: fc.constantFrom(...SHAPE_NAMES),
    moniker: text(MESSAGE_LIMITS.monikerCharacters),
    attestation: fc.record({
      engine: text(MESSAGE_LIMITS.attestationCharacters),
      backend: text(MESSAGE_LIMITS.attestationCharacters),
      adapter: text(MESSAGE_LIMITS.attestationCharacters),
      conformanceDigest: digest,
    }),
    stamp: fc.record({ epoch: count, nonce: u64 }),
    deviceSignature: bytesOf(64),
  }),
  '/tailrace.v1.MsgSetActive': fc.record({ signer: anyAddress, host: anyAddress, active: fc.boolean() }),
  '/tailrace.v1.MsgSetPayout': fc.record({ owner: anyAddress, payout: fc.oneof(fc.constant(''), anyAddress) }),
  '/tailrace.v1.MsgCommitFinds': fc.record({
    signer: anyAddress,
    epoch: count,
    nonces: fc
      .uniqueArray(u64, { minLength: 1, maxLength: 200 })
      .map((nonces) => nonces.sort((a, b) => (a < b ? -1 : 1))),
  }),
  '/tailrace.v1.MsgSubmitVerification': fc.record({
    signer: anyAddress,
    epoch: count,
    round,
    root: digest,
    mismatches: fc.array(findRef, { maxLength: MESSAGE_LIMITS.mismatchesPerReport }),
  }),
  '/tailrace.v1.MsgOpenVerification': fc.record({
    signer: anyAddress,
    epoch: count,
    round,
    openings: fc.array(
      fc.record({
        index: fc.nat(0xffffffff),
        digest,
        path: fc.array(digest, { maxLength: MESSAGE_LIMITS.merklePathLength }),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  }),
  '/tailrace.v1.MsgChallengeFind': fc.record({ signer: anyAddress, epoch: count, find: findRef }),
  '/tailrace.v1.MsgChallengeOpening': fc.record({
    signer: anyAddress,
    epoch: count,
    round,
    verifier: anyAddress,
    index: fc.nat(0xffffffff),
  }),
  ...WORK_ARBITRARIES,
  '/tailrace.v1.MsgRegisterValidator': fc.record({
    owner: anyAddress,
    consensusPubkey: bytesOf(32),
    blsPubkey: bytesOf(48),
    blsPossession: bytesOf(96),
    nodePubkey: bytesOf(33),
    consensusSignature: bytesOf(64),
  }),
  '/tailrace.v1.MsgNameValidator': fc.record({
    owner: anyAddress,
    validator: fc.oneof(bytesOf(20), fc.constant(new Uint8Array(0))),
  }),
  '/tailrace.v1.MsgValidatorHeartbeat': fc.record({
    signer: anyAddress,
    validator: bytesOf(20),
    height: count,
    appHash: digest,
  }),
  '/tailrace.v1.MsgVoteUpgrade': fc.oneof(
    fc.record({
      signer: anyAddress,
      validator: bytesOf(20),
      height: fc.bigInt({ min: 1n, max: 2n ** 48n - 1n }),
      version: fc.integer({ min: 1, max: 1_000_000 }),
      name: text(VALIDATOR_LIMITS.upgradeNameCharacters),
    }),
    fc.record({ signer: anyAddress, validator: bytesOf(20) }).map((vote) => ({
      ...vote,
      height: 0n,
      version: 0,
      name: '',
    })),
  ),
}

/** A valid encoding with one to four bytes changed, added or cut: the errors that random bytes never reach. */
export function bentBytes(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.nat(1_000_000),
    how: fc.constantFrom('change', 'insert', 'cut', 'repeat'),
    byte: fc.nat(255),
  })
  return fc.tuple(valid, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([bytes, edits]) => {
    const out = [...bytes]
    for (const { at, how, byte } of edits) {
      const place = out.length === 0 ? 0 : at % out.length
      if (how === 'change') {
        out[place] = byte
      } else if (how === 'insert') {
        out.splice(place, 0, byte)
      } else if (how === 'cut') {
        out.splice(place, 1 + (byte % 8))
      } else {
        out.splice(place, 0, ...out.slice(place, place + 1 + (byte % 16)))
      }
    }
    return Uint8Array.from(out)
  })
}
