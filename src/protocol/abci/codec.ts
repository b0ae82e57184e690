/**
 * ABCI 2.0 as CometBFT 0.38 speaks it, as values: requests decoded with bounds, answers encoded with their length in front.
 * Invariant: no bytes make `decodeAbciRequest` throw anything but `malformed_request`, nor allocate more than a small multiple
 * of their own length. The layers above see no codec. Source: proto/tendermint/abci/types.proto of CometBFT 0.38.
 */
import { BinaryWriter } from 'cosmjs-types/binary'
import type {
  CommitInfo,
  Event,
  ExecTxResult,
  Misbehavior,
  Request,
  RequestFinalizeBlock,
  RequestInitChain,
  RequestPrepareProposal,
  RequestProcessProposal,
  RequestQuery,
  ResponseCheckTx,
  ResponseQuery,
  Snapshot,
  ValidatorUpdate,
} from 'cosmjs-types/tendermint/abci/types'
import { Request as RequestCodec, Response as ResponseCodec } from 'cosmjs-types/tendermint/abci/types'
import { CodedError } from '../../lib/coded-error.ts'

export type AbciCommitInfo = CommitInfo
export type AbciEvent = Event
export type AbciMisbehavior = Misbehavior
export type AbciSnapshot = Snapshot
export type AbciTxResult = ExecTxResult
export type AbciValidatorUpdate = ValidatorUpdate
export type AbciFinalizeBlock = RequestFinalizeBlock
export type AbciInitChain = RequestInitChain
export type AbciPrepareProposal = RequestPrepareProposal
export type AbciProcessProposal = RequestProcessProposal
export type AbciQuery = RequestQuery
export type AbciCheckTxAnswer = ResponseCheckTx
export type AbciQueryAnswer = ResponseQuery

export type AbciKind = keyof Request
export type AbciRequestOf<K extends AbciKind> = NonNullable<Request[K]>
export type AbciAnswerOf<K extends AbciKind> = NonNullable<ResponseCodec[K]>
export type AbciRequest = { [K in AbciKind]: { readonly kind: K; readonly value: AbciRequestOf<K> } }[AbciKind]

export const CHECK_TYPE = { new: 0, recheck: 1 } as const
/** Of proposals and of vote extensions alike. */
export const VERDICT = { accept: 1, reject: 2 } as const
export const MISBEHAVIOUR_KIND = { duplicateVote: 1, lightClientAttack: 2 } as const
/** How a validator voted, in a commit. */
export const BLOCK_ID_FLAG = { absent: 1, commit: 2, nil: 3 } as const
export const OFFER_RESULT = { accept: 1, abort: 2, reject: 3, rejectFormat: 4, rejectSender: 5 } as const
export const APPLY_RESULT = { accept: 1, abort: 2, retry: 3, retrySnapshot: 4, rejectSnapshot: 5 } as const

const KIB = 1024
const MIB = 1024 * KIB

interface KindOnWire {
  readonly kind: AbciKind
  /** The largest request of this kind that a CometBFT with our genesis sends. */
  readonly maxBytes: number
}

/** A block has 2 MiB, its evidence 1 MiB, each of its votes some 100 bytes. */
const BLOCK_BYTES = 8 * MIB

/** By the field number of the oneof. */
const KINDS: ReadonlyMap<number, KindOnWire> = new Map<number, KindOnWire>([
  [1, { kind: 'echo', maxBytes: 64 * KIB }],
  [2, { kind: 'flush', maxBytes: 64 }],
  [3, { kind: 'info', maxBytes: 4 * KIB }],
  // The genesis file may have 16 MiB.
  [5, { kind: 'initChain', maxBytes: 20 * MIB }],
  [6, { kind: 'query', maxBytes: 2 * MIB }],
  [8, { kind: 'checkTx', maxBytes: 2 * MIB }],
  [11, { kind: 'commit', maxBytes: 64 }],
  [12, { kind: 'listSnapshots', maxBytes: 64 }],
  [13, { kind: 'offerSnapshot', maxBytes: 8 * MIB }],
  [14, { kind: 'loadSnapshotChunk', maxBytes: KIB }],
  // CometBFT's message with a chunk has at most 16 MB.
  [15, { kind: 'applySnapshotChunk', maxBytes: 17 * MIB }],
  [16, { kind: 'prepareProposal', maxBytes: BLOCK_BYTES }],
  [17, { kind: 'processProposal', maxBytes: BLOCK_BYTES }],
  [18, { kind: 'extendVote', maxBytes: BLOCK_BYTES }],
  [19, { kind: 'verifyVoteExtension', maxBytes: 64 * KIB }],
  [20, { kind: 'finalizeBlock', maxBytes: BLOCK_BYTES }],
])

/** Bytes of a request's first tag: two for field numbers from 16 on. */
export const TAG_BYTES = 2

/**
 * How long a request may be that begins with these bytes (TAG_BYTES of them, or the whole request): what cannot come is
 * refused before it is taken in. 0 where no request begins so.
 */
export function maxRequestBytes(start: Uint8Array): number {
  const first = start[0] ?? 0
  const tag = first < 0x80 ? first : (first & 0x7f) | ((start[1] ?? 0) << 7)
  return (tag & 7) === 2 ? (KINDS.get(tag >>> 3)?.maxBytes ?? 0) : 0
}

/** Fields of a request, nested messages included: 14,000 transactions or 10,000 votes fit, a bomb of empty entries does not. */
const MAX_FIELDS = 65_536

/** Field numbers that hold messages, so that what repeats in them is counted as well. */
interface Nested {
  readonly [field: number]: Nested
}

const FLAT: Nested = {}
const COMMIT: Nested = { 2: FLAT }
const PARAMS: Nested = { 1: FLAT, 2: FLAT, 3: FLAT, 4: FLAT, 5: FLAT }
const NESTED: Nested = {
  ...Object.fromEntries([...KINDS.keys()].map((field) => [field, FLAT])),
  5: { 3: PARAMS, 4: FLAT },
  13: { 1: FLAT },
  16: { 3: COMMIT, 4: FLAT },
  17: { 2: COMMIT, 3: FLAT },
  18: { 5: COMMIT, 6: FLAT },
  20: { 2: COMMIT, 3: FLAT },
}

/** One request without its length prefix. @throws CodedError `malformed_request` */
export function decodeAbciRequest(frame: Uint8Array): AbciRequest {
  assertBounded(frame)
  let request: Request
  try {
    request = RequestCodec.decode(frame)
  } catch (cause) {
    throw new CodedError('malformed_request', 'the request cannot be decoded', { cause })
  }
  const known = Object.entries(request).filter(([, value]) => value !== undefined)
  const [first] = known
  if (first === undefined || known.length > 1) {
    throw new CodedError('malformed_request', 'a request is one of the kinds that ABCI 2.0 has')
  }
  // The decoder made the pair of one key and the message that belongs to it.
  return { kind: first[0], value: first[1] } as AbciRequest
}

/** One answer with its length in front, as it goes over the socket. */
export function encodeAbciAnswer<K extends AbciKind>(kind: K, value: AbciAnswerOf<K>): Uint8Array {
  return encodeDelimited({ [kind]: value })
}

/** The answer to what cannot be answered: CometBFT stops when it gets one. */
export function encodeAbciException(error: string): Uint8Array {
  return encodeDelimited({ exception: { error } })
}

function encodeDelimited(answer: ResponseCodec): Uint8Array {
  return ResponseCodec.encode(answer, BinaryWriter.create().fork()).ldelim().finish()
}

function assertBounded(frame: Uint8Array): void {
  if (frame.length > maxRequestBytes(frame)) {
    throw new CodedError('malformed_request', 'a request of this kind is not so long')
  }
  countFields(frame, { at: 0, end: frame.length, count: 0 }, NESTED)
}

interface Walk {
  at: number
  end: number
  count: number
}

/** Walks over the fields without keeping any. */
function countFields(bytes: Uint8Array, walk: Walk, nested: Nested): void {
  while (walk.at < walk.end) {
    walk.count += 1
    if (walk.count > MAX_FIELDS) {
      throw new CodedError('malformed_request', `a request has at most ${MAX_FIELDS} fields`)
    }
    const tag = readVarint(bytes, walk)
    const wireType = tag & 7
    if (wireType === 2) {
      enterField(bytes, walk, nested[tag >>> 3])
    } else if (wireType === 0) {
      readVarint(bytes, walk)
    } else if (wireType === 1 || wireType === 5) {
      walk.at += wireType === 1 ? 8 : 4
    } else {
      throw new CodedError('malformed_request', 'no message of ABCI has groups')
    }
  }
  if (walk.at > walk.end) {
    throw new CodedError('malformed_request', 'a field is longer than its message')
  }
}

function enterField(bytes: Uint8Array, walk: Walk, nested: Nested | undefined): void {
  const length = readVarint(bytes, walk)
  const { end } = walk
  if (walk.at + length > end) {
    throw new CodedError('malformed_request', 'a field is longer than its message')
  }
  if (nested === undefined) {
    walk.at += length
    return
  }
  walk.end = walk.at + length
  countFields(bytes, walk, nested)
  walk.end = end
}

/** Low 32 bits of a varint: enough for tags and lengths within a frame. */
function readVarint(bytes: Uint8Array, walk: Walk): number {
  let value = 0
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = bytes[walk.at]
    walk.at += 1
    if (byte === undefined || walk.at > walk.end) {
      throw new CodedError('malformed_request', 'the request ends within a number')
    }
    if (shift < 32) {
      value |= (byte & 0x7f) << shift
    }
    if (byte < 0x80) {
      return value >>> 0
    }
  }
  throw new CodedError('malformed_request', 'a number has at most ten bytes')
}
