/** The decoders of bytes from strangers: transactions, their messages, gossip, frames of peer streams, questions to the chain. */
import { TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import fc from 'fast-check'
import { equalBytes } from '../../../src/lib/bytes.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { encodeAccountResponse, encodeBalanceResponse } from '../../../src/protocol/cosmos.ts'
import { decodeAccountSequence, decodeBalance } from '../../../src/protocol/cosmos-client.ts'
import {
  BatchAnnouncement,
  CheckRequest,
  decodeBatchAnnouncement,
  decodeCheckRequest,
  decodeHeartbeat,
  decodeRaceChallenge,
  Heartbeat,
  RaceChallenge,
} from '../../../src/protocol/gossip.ts'
import { SCORE_BYTES } from '../../../src/protocol/inference.ts'
import type { MessageKind, TypedMessage, TypeUrl } from '../../../src/protocol/messages.ts'
import { decodeMessage, MESSAGE_KINDS } from '../../../src/protocol/messages.ts'
import { DENOM, LOCAL_CHAIN_ID } from '../../../src/protocol/params.ts'
import type { FrameCodec } from '../../../src/protocol/peer-frames.ts'
import {
  ADDRESS_REPLIES,
  ADDRESS_REQUESTS,
  OPENING_FRAMES,
  OPENING_REPLIES,
  ORDER_FRAMES,
  PROBE_REPLIES,
  PROBE_REQUESTS,
  VOUCHER_REPLIES,
  VOUCHER_REQUESTS,
  WORK_REPLIES,
  WORK_REQUESTS,
} from '../../../src/protocol/peer-frames.ts'
import { decodeScores, writeScores } from '../../../src/protocol/sampling/scores.ts'
import { decodeSignDocument, decodeTx, signDocBytes } from '../../../src/protocol/tx.ts'
import { actorNamed, send, signTx } from '../chain/chain-harness.ts'
import { MESSAGE_ARBITRARIES } from '../message-arbitraries.ts'
import {
  anyOpeningFrame,
  anyOrderFrame,
  anyProbeRequest,
  anySignedReceipt,
  anySignedVoucher,
  anyWorkData,
  anyWorkRequest,
} from '../peer-frame-arbitraries.ts'
import { bentBytes } from './bend-bytes.ts'
import { stretchedValue } from './bend-values.ts'
import type { Decoder } from './decode-many.ts'

const SAMPLES = 12
const SEED = 11
const MESSAGE_CODES = ['malformed_message', 'message_out_of_bounds', 'unknown_message']
const TX_CODES = [...MESSAGE_CODES, 'malformed_tx', 'tx_too_large', 'unsupported_tx']
const HOST = actorNamed('ada').address

function samples<T>(arbitrary: fc.Arbitrary<T>): T[] {
  return fc.sample(arbitrary, { numRuns: SAMPLES, seed: SEED })
}

/** Of one decoder of bytes: what it takes must come back from `encode` as the very same bytes. */
function decoder<T>(
  name: string,
  valid: readonly Uint8Array[],
  codes: readonly string[],
  decode: (bytes: Uint8Array) => T,
  encode?: (value: T) => Uint8Array,
  stretch?: { readonly values: readonly unknown[]; readonly encode: (value: never) => Uint8Array },
): Decoder {
  for (const bytes of valid) {
    decode(bytes)
  }
  return {
    name,
    codes,
    input: (random) =>
      stretch === undefined || random() < 0.7
        ? bentBytes(random, valid)
        : stretch.encode(stretchedValue(random, stretch.values) as never),
    decode: (bytes: Uint8Array) => {
      const value = decode(bytes)
      if (encode !== undefined && !equalBytes(encode(value), bytes)) {
        throw new CodedError('another_form', 'what was decoded has another form than what came')
      }
      return value
    },
  }
}

const MESSAGES = (Object.entries(MESSAGE_ARBITRARIES) as [TypeUrl, fc.Arbitrary<unknown>][]).map(([typeUrl, any]) => ({
  typeUrl,
  valid: samples(any).map((value) => encodeMessage(typeUrl, value)),
  typed: samples(any).map((value) => ({ typeUrl, value }) as TypedMessage),
}))

function encodeMessage(typeUrl: TypeUrl, value: unknown): Uint8Array {
  return (MESSAGE_KINDS[typeUrl] as MessageKind<unknown>).codec.encode(value).finish()
}

export const MESSAGE_DECODERS: readonly Decoder[] = MESSAGES.map(({ typeUrl, valid, typed }) =>
  decoder(
    typeUrl,
    valid,
    MESSAGE_CODES,
    (bytes) => decodeMessage(typeUrl, bytes),
    ({ value }) => encodeMessage(typeUrl, value),
    { values: typed.map(({ value }) => value), encode: (value) => encodeMessage(typeUrl, value) },
  ),
)

const SENDER = actorNamed('rich')
/** Signed transactions with every kind of message, one signature that is right, and several messages at once. */
export const TRANSACTIONS: readonly Uint8Array[] = [
  signTx(SENDER, [send(SENDER, SENDER, 1n)], { sequence: 0n, fee: 1n }),
  signTx(SENDER, [send(SENDER, SENDER, 1n), send(SENDER, SENDER, 2n)], { sequence: 3n, timeoutHeight: 9n }),
  ...MESSAGES.map(({ typed }) => signTx(SENDER, typed.slice(0, 1), {})),
]

const DOCUMENTS = TRANSACTIONS.map((tx) => signDocBytes(TxRaw.decode(tx), LOCAL_CHAIN_ID, 0n))
const SIGNATURE = new Uint8Array(64).fill(9)
const DIGEST = new Uint8Array(32).fill(7)
const STAMPED = { host: HOST, epoch: 3n, sentAtMs: 1_700_000_000_000n, signature: SIGNATURE }
const GOSSIP: readonly Decoder[] = [
  decoder(
    'gossip heartbeat',
    [
      Heartbeat.encode({ ...STAMPED, height: 7n, appHash: DIGEST, phase: 'racing' }).finish(),
      Heartbeat.encode({ ...STAMPED, epoch: 2n ** 64n - 1n, height: 0n, appHash: DIGEST, phase: '' }).finish(),
    ],
    ['malformed_gossip'],
    decodeHeartbeat,
  ),
  decoder(
    'gossip race challenge',
    [RaceChallenge.encode({ ...STAMPED, challenger: HOST, nonce: 5n, digest: DIGEST }).finish()],
    ['malformed_gossip'],
    decodeRaceChallenge,
  ),
  decoder(
    'gossip batch',
    [BatchAnnouncement.encode({ ...STAMPED, batch: 4n, root: DIGEST, sum: 12n, leaves: 4, height: 9n }).finish()],
    ['malformed_gossip'],
    decodeBatchAnnouncement,
  ),
  decoder(
    'gossip check request',
    [CheckRequest.encode({ ...STAMPED, batch: 4n, point: 2, orderHash: DIGEST }).finish()],
    ['malformed_gossip'],
    decodeCheckRequest,
  ),
]

function frames<T>(name: string, codec: FrameCodec<T>, valid: readonly T[]): Decoder {
  const bytes = valid.map((frame) => codec.encode(frame))
  return decoder(`frame ${name}`, bytes, ['malformed_frame'], codec.decode, codec.encode, {
    values: valid,
    encode: codec.encode,
  })
}

const FRAMES: readonly Decoder[] = [
  frames('order', ORDER_FRAMES, samples(anyOrderFrame)),
  frames('opening', OPENING_FRAMES, samples(anyOpeningFrame)),
  frames('opening reply', OPENING_REPLIES, [{ kept: 3 }]),
  frames('probe', PROBE_REQUESTS, samples(anyProbeRequest)),
  frames('probe reply', PROBE_REPLIES, [{ ready: true }] as never[]),
  frames('voucher request', VOUCHER_REQUESTS, samples(anySignedReceipt.map((receipt) => ({ receipt })))),
  frames('voucher reply', VOUCHER_REPLIES, samples(anySignedVoucher.map((voucher) => ({ voucher })))),
  frames('work request', WORK_REQUESTS, samples(anyWorkRequest)),
  frames('work reply', WORK_REPLIES, samples(anyWorkData.map((data) => ({ data })))),
  frames('address request', ADDRESS_REQUESTS, [{ peerId: '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN' }]),
  frames('address reply', ADDRESS_REPLIES, [{ record: new Uint8Array(80).fill(1) }] as never[]),
]

const LOGITS = Int32Array.from({ length: 64 }, (_, token) => -token * 1_000)
const SCORES = new Uint8Array(SCORE_BYTES)
writeScores(LOGITS, 3, new DataView(SCORES.buffer), 0)
const ACCOUNT = encodeAccountResponse(HOST, 7n)
const BALANCE = encodeBalanceResponse(DENOM, 5n)

export const BYTE_DECODERS: readonly Decoder[] = [
  decoder('transaction', TRANSACTIONS, TX_CODES, decodeTx),
  decoder('sign document', DOCUMENTS, TX_CODES, decodeSignDocument),
  ...GOSSIP,
  ...FRAMES,
  decoder('scores', [SCORES], ['invalid_scores'], (bytes) => decodeScores(bytes, 1)),
  decoder('account of an answer', [ACCOUNT], ['malformed_answer'], decodeAccountSequence),
  decoder('balance of an answer', [BALANCE], ['malformed_answer'], decodeBalance),
]
