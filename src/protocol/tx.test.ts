import { DirectSecp256k1Wallet, encodePubkey, makeAuthInfoBytes, makeSignDoc } from '@cosmjs/proto-signing'
import { PubKey } from 'cosmjs-types/cosmos/crypto/secp256k1/keys'
import { SignMode } from 'cosmjs-types/cosmos/tx/signing/v1beta1/signing'
import { AuthInfo, Fee, ModeInfo, SignerInfo, Tx, TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { bentBytes, MESSAGE_ARBITRARIES } from '../../test/support/message-arbitraries.ts'
import { readVectors } from '../../test/support/vectors.ts'
import { concatBytes, fromHex, toHex } from '../lib/bytes.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'
import { addressOfPublicKey } from './address.ts'
import { sha256 } from './hash.ts'
import type { MessageKind, TypeUrl } from './messages.ts'
import { MESSAGE_KINDS } from './messages.ts'
import { publicKeyOf, verifyBytes } from './signature.ts'
import { decodeRandomnessTx, decodeTx, encodeRandomnessTx, signDocBytes, TX_LIMITS } from './tx.ts'

interface TxVectors {
  readonly chainId: string
  readonly accountNumber: string
  readonly publicKey: string
  readonly bodyBytes: string
  readonly authInfoBytes: string
  readonly signBytes: string
  readonly signature: string
}

const DOCUMENTED = [
  'malformed_tx',
  'tx_too_large',
  'unsupported_tx',
  'unknown_message',
  'malformed_message',
  'message_out_of_bounds',
]
const secretKey = Uint8Array.from({ length: 32 }, (_, i) => i + 1)
const publicKey = publicKeyOf(secretKey)
const owner = addressOfPublicKey(publicKey)
const pubkeyAny = encodePubkey({ type: 'tendermint/PubKeySecp256k1', value: Buffer.from(publicKey).toString('base64') })
const EMPTY = new Uint8Array(0)

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(CodedError)
    return errorCode(error)
  }
  return 'accepted'
}

function anyMessage(typeUrl: TypeUrl, value: object): { typeUrl: string; value: Uint8Array } {
  const { codec } = MESSAGE_KINDS[typeUrl] as MessageKind<unknown>
  return { typeUrl, value: codec.encode(codec.fromPartial(value as Partial<unknown>)).finish() }
}

const transfer = anyMessage('/cosmos.bank.v1beta1.MsgSend', {
  fromAddress: owner,
  toAddress: owner,
  amount: [{ denom: 'utail', amount: '12' }],
})
const join = anyMessage('/tailrace.v1.MsgSetActive', { signer: owner, host: owner, active: true })

interface Parts {
  readonly body?: Partial<TxBody>
  readonly signer?: Partial<SignerInfo>
  readonly signers?: SignerInfo[]
  readonly fee?: Partial<Fee>
  readonly auth?: Partial<AuthInfo>
  readonly signatures?: Uint8Array[]
}

/** A transaction that decodes, but for the parts that the test replaces. */
function build({ body, signer, signers, fee, auth, signatures = [new Uint8Array(64)] }: Parts = {}): Uint8Array {
  const info = SignerInfo.fromPartial({
    publicKey: pubkeyAny,
    modeInfo: { single: { mode: SignMode.SIGN_MODE_DIRECT } },
    sequence: 3n,
    ...signer,
  })
  return TxRaw.encode({
    bodyBytes: TxBody.encode(
      TxBody.fromPartial({ messages: [join], memo: 'hello', timeoutHeight: 9n, ...body }),
    ).finish(),
    authInfoBytes: AuthInfo.encode(
      AuthInfo.fromPartial({
        signerInfos: signers ?? [info],
        fee: { amount: [{ denom: 'utail', amount: '5' }], gasLimit: 100_000n, ...fee },
        ...auth,
      }),
    ).finish(),
    signatures,
  }).finish()
}

describe('a transaction that CosmJS signed', () => {
  let bytes: Uint8Array

  beforeAll(async () => {
    const wallet = await DirectSecp256k1Wallet.fromKey(secretKey, 'tail')
    const [account] = await wallet.getAccounts()
    expect(account?.address).toBe(owner)
    const bodyBytes = TxBody.encode(TxBody.fromPartial({ messages: [transfer, transfer], memo: 'grüße' })).finish()
    const authInfoBytes = makeAuthInfoBytes(
      [{ pubkey: pubkeyAny, sequence: 7n }],
      [{ denom: 'utail', amount: '250' }],
      90_000,
      undefined,
      undefined,
    )
    const signDoc = makeSignDoc(bodyBytes, authInfoBytes, 'tailrace-local-1', 4)
    const { signed, signature } = await wallet.signDirect(owner, signDoc)
    bytes = TxRaw.encode({
      bodyBytes: signed.bodyBytes,
      authInfoBytes: signed.authInfoBytes,
      signatures: [Buffer.from(signature.signature, 'base64')],
    }).finish()
  })

  test('decodes, and its signature covers our sign bytes', () => {
    const tx = decodeTx(bytes)
    expect(tx).toMatchObject({ signer: owner, feeAmount: 250n, gasLimit: 90_000n, sequence: 7n, timeoutHeight: 0n })
    expect(tx.messages.map((message) => message.typeUrl)).toEqual([transfer.typeUrl, transfer.typeUrl])
    expect(toHex(tx.publicKey ?? EMPTY)).toBe(toHex(publicKey))
    expect(toHex(tx.hash)).toBe(toHex(sha256(bytes)))
    expect(verifyBytes(publicKey, signDocBytes(tx, 'tailrace-local-1', 4n), tx.signature)).toBe(true)
    expect(verifyBytes(publicKey, signDocBytes(tx, 'tailrace-1', 4n), tx.signature)).toBe(false)
    expect(verifyBytes(publicKey, signDocBytes(tx, 'tailrace-local-1', 5n), tx.signature)).toBe(false)
  })

  test('an unsigned one, as CosmJS simulates it, decodes too', () => {
    // StargateClient.simulate sends a Tx with one empty signature, an unspecified mode and an empty fee.
    const simulated = Tx.encode(
      Tx.fromPartial({
        authInfo: AuthInfo.fromPartial({
          fee: Fee.fromPartial({}),
          signerInfos: [
            {
              publicKey: pubkeyAny,
              sequence: 7n,
              modeInfo: { single: { mode: SignMode.SIGN_MODE_UNSPECIFIED } },
            },
          ],
        }),
        body: TxBody.fromPartial({ messages: [transfer] }),
        signatures: [EMPTY],
      }),
    ).finish()
    expect(decodeTx(simulated)).toMatchObject({ signer: owner, feeAmount: 0n, gasLimit: 0n, signature: EMPTY })
  })
})

test('sign bytes and signature of the published vector', () => {
  const vector = readVectors<TxVectors>('tx')
  const parts = { bodyBytes: fromHex(vector.bodyBytes), authInfoBytes: fromHex(vector.authInfoBytes) }
  const signBytes = signDocBytes(parts, vector.chainId, BigInt(vector.accountNumber))
  expect(toHex(signBytes)).toBe(vector.signBytes)
  expect(verifyBytes(fromHex(vector.publicKey), signBytes, fromHex(vector.signature))).toBe(true)
  // Its addresses are those of another network.
  const raw = TxRaw.encode({ ...parts, signatures: [fromHex(vector.signature)] }).finish()
  expect(codeOf(() => decodeTx(raw))).toBe('message_out_of_bounds')
})

describe('what a transaction may be', () => {
  const other = addressOfPublicKey(publicKeyOf(new Uint8Array(32).fill(7)))
  const foreign = anyMessage('/tailrace.v1.MsgSetActive', { signer: other, host: owner, active: true })
  const many = <T>(length: number, value: T): T[] => Array.from({ length }, () => value)
  const direct = { single: { mode: SignMode.SIGN_MODE_DIRECT } }
  const info = SignerInfo.fromPartial({ publicKey: pubkeyAny, modeInfo: direct, sequence: 3n })
  const keyAny = (key: Uint8Array): { typeUrl: string; value: Uint8Array } => ({
    typeUrl: pubkeyAny.typeUrl,
    value: PubKey.encode({ key }).finish(),
  })

  test('the one that the cases below vary is taken', () => {
    expect(decodeTx(build())).toMatchObject({ signer: owner, feeAmount: 5n, sequence: 3n, timeoutHeight: 9n })
  })

  test.each<[string, Parts, string]>([
    ['eight messages', { body: { messages: many(TX_LIMITS.messages, join) } }, 'accepted'],
    ['nine messages', { body: { messages: many(TX_LIMITS.messages + 1, join) } }, 'unsupported_tx'],
    ['no message', { body: { messages: [] } }, 'unsupported_tx'],
    ['messages of two signers', { body: { messages: [join, foreign] } }, 'unsupported_tx'],
    ['an unknown message', { body: { messages: [{ typeUrl: '/x.Y', value: EMPTY }] } }, 'unknown_message'],
    ['a malformed message', { body: { messages: [{ ...join, value: Uint8Array.of(0x0a) }] } }, 'malformed_message'],
    ['a message out of bounds', { body: { messages: [{ ...join, value: EMPTY }] } }, 'message_out_of_bounds'],
    ['the longest memo', { body: { memo: 'm'.repeat(TX_LIMITS.memoCharacters) } }, 'accepted'],
    ['a longer memo', { body: { memo: 'm'.repeat(TX_LIMITS.memoCharacters + 1) } }, 'unsupported_tx'],
    ['extension options', { body: { extensionOptions: [join] } }, 'unsupported_tx'],
    ['other extension options', { body: { nonCriticalExtensionOptions: [join] } }, 'unsupported_tx'],
    ['unordered execution', { body: { unordered: true } }, 'unsupported_tx'],
    ['a timeout by time', { body: { timeoutTimestamp: { seconds: 1n, nanos: 0 } } }, 'unsupported_tx'],
    ['no signer', { signers: [] }, 'unsupported_tx'],
    ['two signers', { signers: [info, info] }, 'unsupported_tx'],
    ['no signature yet', { signatures: [] }, 'accepted'],
    ['two signatures', { signatures: many(2, new Uint8Array(64)) }, 'unsupported_tx'],
    ['no public key', { signers: [SignerInfo.fromPartial({ modeInfo: direct })] }, 'accepted'],
    [
      'an Ed25519 key',
      { signer: { publicKey: { ...keyAny(publicKey), typeUrl: '/cosmos.crypto.ed25519.PubKey' } } },
      'unsupported_tx',
    ],
    ['a key of 32 bytes', { signer: { publicKey: keyAny(new Uint8Array(32)) } }, 'malformed_tx'],
    [
      'a key that cannot be decoded',
      { signer: { publicKey: { ...pubkeyAny, value: Uint8Array.of(0x0a, 9) } } },
      'malformed_tx',
    ],
    [
      'a key with more after it',
      { signer: { publicKey: { ...pubkeyAny, value: concatBytes(pubkeyAny.value, Uint8Array.of(0x10, 1)) } } },
      'malformed_tx',
    ],
    [
      'amino JSON',
      { signer: { modeInfo: ModeInfo.fromPartial({ single: { mode: SignMode.SIGN_MODE_LEGACY_AMINO_JSON } }) } },
      'unsupported_tx',
    ],
    [
      'several keys',
      { signer: { modeInfo: ModeInfo.fromPartial({ multi: { modeInfos: [direct] } }) } },
      'unsupported_tx',
    ],
    [
      'one mode and several',
      { signer: { modeInfo: ModeInfo.fromPartial({ ...direct, multi: { modeInfos: [] } }) } },
      'unsupported_tx',
    ],
    ['no mode', { signers: [SignerInfo.fromPartial({ publicKey: pubkeyAny })] }, 'unsupported_tx'],
    ['no fee', { auth: { fee: undefined } as never }, 'accepted'],
    ['a fee of another coin', { fee: { amount: [{ denom: 'uatom', amount: '5' }] } }, 'unsupported_tx'],
    ['a fee of two coins', { fee: { amount: many(2, { denom: 'utail', amount: '5' }) } }, 'unsupported_tx'],
    ['a negative fee', { fee: { amount: [{ denom: 'utail', amount: '-5' }] } }, 'unsupported_tx'],
    ['a fee that somebody else pays', { fee: { payer: other } }, 'unsupported_tx'],
    ['somebody else as payer of no fee', { fee: { amount: [], payer: other } }, 'unsupported_tx'],
    ['a granter', { fee: { amount: [], granter: other } }, 'unsupported_tx'],
    ['a tip', { auth: { tip: { amount: [], tipper: other } } }, 'unsupported_tx'],
    ['a sequence of 64 bits', { signer: { sequence: 2n ** 64n - 1n } }, 'accepted'],
  ])('%s', (_name, parts, expected) => {
    expect(codeOf(() => decodeTx(build(parts)))).toBe(expected)
  })

  test('no bytes', () => {
    expect(codeOf(() => decodeTx(EMPTY))).toBe('unsupported_tx')
  })

  test('the largest size', () => {
    const room = TX_LIMITS.bytes
    expect(codeOf(() => decodeTx(new Uint8Array(room + 1)))).toBe('tx_too_large')
    expect(codeOf(() => decodeTx(new Uint8Array(room)))).toBe('malformed_tx')
  })
})

describe('one transaction has one form', () => {
  const tx = build()
  const raw = TxRaw.decode(tx)
  const variant = (change: Partial<TxRaw>): Uint8Array => TxRaw.encode({ ...raw, ...change }).finish()
  const unknownField = Uint8Array.of(0xf8, 0x07, 1)
  const rest = tx.slice(1 + varint(raw.bodyBytes.length).length + raw.bodyBytes.length)

  test.each<[string, Uint8Array]>([
    ['an unknown field after it', concatBytes(tx, unknownField)],
    ['an unknown field before it', concatBytes(unknownField, tx)],
    ['an unknown field in the body', variant({ bodyBytes: concatBytes(raw.bodyBytes, unknownField) })],
    ['an unknown field in the auth info', variant({ authInfoBytes: concatBytes(raw.authInfoBytes, unknownField) })],
    ['the body twice', concatBytes(TxRaw.encode(TxRaw.fromPartial({ bodyBytes: raw.bodyBytes })).finish(), tx)],
    [
      'a length that takes a byte too many',
      concatBytes(Uint8Array.of(0x0a), padded(raw.bodyBytes), raw.bodyBytes, rest),
    ],
    ['field 0', concatBytes(Uint8Array.of(0, 0), tx)],
    ['a byte cut off', tx.slice(0, -1)],
  ])('%s is malformed', (_name, bytes) => {
    expect(bytes).not.toEqual(tx)
    expect(codeOf(() => decodeTx(bytes))).toBe('malformed_tx')
  })

  test('nesting without end gives one and the same code, however deep the stack is', () => {
    for (const [depth, expected] of [
      [1, 'unsupported_tx'],
      [300, 'unsupported_tx'],
      [400, 'malformed_tx'],
      [5_000, 'malformed_tx'],
      [15_000, 'malformed_tx'],
    ] as const) {
      const info = wrap(0x12, nestedModes(depth))
      const authInfoBytes = wrap(0x0a, info)
      expect(authInfoBytes.length > TX_LIMITS.authInfoBytes, String(depth)).toBe(expected === 'malformed_tx')
      expect(
        codeOf(() => decodeTx(variant({ authInfoBytes }))),
        String(depth),
      ).toBe(expected)
    }
    // Groups nest without lengths: 100,000 levels in as many bytes, in every part.
    const groups = new Uint8Array(100_000).fill(0x7b, 0, 50_000).fill(0x7c, 50_000)
    for (const bytes of [groups, variant({ bodyBytes: groups }), variant({ authInfoBytes: groups })]) {
      expect(codeOf(() => decodeTx(bytes))).toBe('malformed_tx')
    }
  })
})

describe('any bytes', () => {
  const typeUrls = Object.keys(MESSAGE_KINDS) as TypeUrl[]
  const message = fc.constantFrom(...typeUrls).chain((typeUrl) => {
    const values: fc.Arbitrary<object> = MESSAGE_ARBITRARIES[typeUrl]
    return values.map((value) => anyMessage(typeUrl, value))
  })
  const valid = message.map((single) => build({ body: { messages: [single] } }))

  test('every message within bounds is carried', () => {
    fc.assert(
      fc.property(valid, (bytes) => {
        const tx = decodeTx(bytes)
        expect(
          toHex(
            TxRaw.encode({
              bodyBytes: tx.bodyBytes,
              authInfoBytes: tx.authInfoBytes,
              signatures: [tx.signature],
            }).finish(),
          ),
        ).toBe(toHex(bytes))
      }),
    )
  })

  test('give a transaction or a documented error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), bentBytes(valid)), (bytes) => {
        expect([...DOCUMENTED, 'accepted']).toContain(codeOf(() => decodeTx(bytes)))
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('the transaction of the randomness', () => {
  test('round trip', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (signature) => {
        const bytes = encodeRandomnessTx(signature)
        expect([...(decodeRandomnessTx(bytes) ?? [1])]).toEqual([...signature])
      }),
    )
  })

  test('is no ordinary transaction, and no ordinary transaction is one', () => {
    expect(codeOf(() => decodeTx(encodeRandomnessTx(new Uint8Array(96))))).toBe('malformed_tx')
    for (const bytes of [build(), EMPTY, Uint8Array.of(0), Uint8Array.of(0x52, 0)]) {
      expect(decodeRandomnessTx(bytes)).toBeUndefined()
    }
  })
})

function varint(value: number): Uint8Array {
  const out: number[] = []
  for (let rest = value; ; rest >>= 7) {
    if (rest < 0x80) {
      return Uint8Array.of(...out, rest)
    }
    out.push((rest & 0x7f) | 0x80)
  }
}

/** The length of a field with one byte more than it needs. */
function padded(bytes: Uint8Array): Uint8Array {
  const shortest = varint(bytes.length)
  return concatBytes(shortest.slice(0, -1), Uint8Array.of((shortest.at(-1) as number) | 0x80, 0))
}

function wrap(tag: number, bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(tag), varint(bytes.length), bytes)
}

/** ModeInfo { multi { modeInfos: [ ModeInfo { multi … } ] } }, built from the inside out. */
function nestedModes(depth: number): Uint8Array {
  const single = ModeInfo.encode(ModeInfo.fromPartial({ single: { mode: SignMode.SIGN_MODE_DIRECT } })).finish()
  const headers: Uint8Array[] = []
  let size = single.length
  for (let level = 0; level < 2 * depth; level++) {
    const header = concatBytes(Uint8Array.of(0x12), varint(size))
    headers.push(header)
    size += header.length
  }
  return concatBytes(...headers.reverse(), single)
}
