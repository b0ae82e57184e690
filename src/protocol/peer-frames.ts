/**
 * Frames that peers send each other over streams about paid work (proto/tailrace/v1/peer.proto), each with its codec and its
 * bounds. Invariant: a decoded frame is within its bounds and in canonical form (encoding it gives the bytes that came), so
 * nobody behind a codec looks at lengths again. What the numbers mean is not judged here. Everything that `decode` throws is
 * CodedError `malformed_frame` with a `reason`. Read next: work/violations.ts (bounds of the parts), p2p/protocols/.
 */
import { equalBytes } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { tryDecodeAddress } from './address.ts'
import type { OpeningHeader, OpeningItem, OrderOpen, OrderTokens } from './gen/tailrace/v1/peer.ts'
import {
  AddressReply,
  AddressRequest,
  OpeningFrame,
  OpeningReply,
  OrderFrame,
  ProbeReply,
  ProbeRequest,
  VoucherReply,
  VoucherRequest,
  WorkReply,
  WorkRequest,
} from './gen/tailrace/v1/peer.ts'
import type { SignedReceipt, SignedRefusal, SignedVoucher, WorkData } from './gen/tailrace/v1/work.ts'
import { SCORE_BYTES } from './inference.ts'
import { SIGNATURE_BYTES } from './signature.ts'
import { WORK_LIMITS } from './work/limits.ts'
import { requestViolation } from './work/request-violation.ts'
import type { OrderFrameBody } from './work/streams.ts'
import {
  isAmount,
  isHeight,
  isModel,
  openingViolation,
  receiptViolation,
  refusalViolation,
  signedOrderViolation,
  skipViolation,
  voucherViolation,
  workDataViolation,
} from './work/violations.ts'
import type { WireShape } from './work/wire-bounds.ts'
import { wireViolation } from './work/wire-bounds.ts'

export const PEER_FRAME_LIMITS = {
  /** The longest prompt as varints, the request, skips. */
  orderBytes: 1024 * 1024,
  /** Opening and data of one receipt: the longest output with its scores is 6.3 MB. */
  openingBytes: 8 * 1024 * 1024,
  workBytes: 8 * 1024 * 1024,
  /** Everything of fixed size: requests, receipts with their refusals, vouchers. */
  smallBytes: 4 * 1024,
  recordBytes: 8 * 1024,
  tokensPerFrame: 256,
  /** Fields of one frame, nested ones too: 1,024 logit biases and what stands beside them. */
  fields: 4_096,
} as const

export type OpeningContent = NonNullable<OpeningFrame['frame']>

/** One kind of frame: how long it may be (in either direction), and its bytes. */
export interface FrameCodec<T> {
  readonly maxBytes: number
  encode(message: T): Uint8Array
  /** @throws CodedError `malformed_frame` */
  decode(bytes: Uint8Array): T
}

const DIGEST_BYTES = 32
const CODE = /^[a-z0-9_]+$/
const PEER_ID = /^[A-Za-z0-9]+$/
const TX_HASH = /^[0-9A-F]{64}$/

const REQUEST_SHAPE: WireShape = { 3: {} }
const RECEIPT_SHAPE: WireShape = { 1: {} }
const DATA_SHAPE: WireShape = { 2: REQUEST_SHAPE, 3: 'packed', 4: 'packed' }
const ORDER_SHAPE: WireShape = { 1: { 2: REQUEST_SHAPE, 3: 'packed' }, 4: { 1: 'packed' }, 6: RECEIPT_SHAPE }
const OPENING_SHAPE: WireShape = { 2: { 1: { 5: RECEIPT_SHAPE }, 2: DATA_SHAPE } }

const orderFrames = codecOf(OrderFrame, PEER_FRAME_LIMITS.orderBytes, ORDER_SHAPE, ({ frame }) =>
  frame === undefined ? 'empty frame' : orderContentViolation(frame),
)
export const ORDER_FRAMES: FrameCodec<OrderFrameBody> = {
  maxBytes: orderFrames.maxBytes,
  encode: (frame) => orderFrames.encode({ frame }),
  decode: (bytes) => orderFrames.decode(bytes).frame as OrderFrameBody,
}

const openingFrames = codecOf(OpeningFrame, PEER_FRAME_LIMITS.openingBytes, OPENING_SHAPE, ({ frame }) =>
  frame === undefined ? 'empty frame' : openingContentViolation(frame),
)
export const OPENING_FRAMES: FrameCodec<OpeningContent> = {
  maxBytes: openingFrames.maxBytes,
  encode: (frame) => openingFrames.encode({ frame }),
  decode: (bytes) => openingFrames.decode(bytes).frame as OpeningContent,
}

export const OPENING_REPLIES: FrameCodec<OpeningReply> = codecOf(
  OpeningReply,
  PEER_FRAME_LIMITS.smallBytes,
  {},
  (reply) => firstOf(reply.kept <= WORK_LIMITS.leavesPerBatch || 'kept out of range'),
)

export const PROBE_REQUESTS: FrameCodec<ProbeRequest> = codecOf(
  ProbeRequest,
  PEER_FRAME_LIMITS.smallBytes,
  {},
  (request) =>
    firstOf(isDigest(request.orderHash) || 'order_hash must be 32 bytes', isModel(request.model) || 'model name'),
)
export const PROBE_REPLIES: FrameCodec<ProbeReply> = codecOf(
  ProbeReply,
  PEER_FRAME_LIMITS.smallBytes,
  {},
  () => undefined,
)

export const VOUCHER_REQUESTS: FrameCodec<VoucherRequest> = codecOf(
  VoucherRequest,
  PEER_FRAME_LIMITS.smallBytes,
  { 1: RECEIPT_SHAPE },
  ({ receipt }) => (receipt === undefined ? 'receipt is missing' : signedReceiptViolation(receipt)),
)
export const VOUCHER_REPLIES: FrameCodec<VoucherReply> = codecOf(
  VoucherReply,
  PEER_FRAME_LIMITS.smallBytes,
  {},
  ({ voucher }) => (voucher === undefined ? undefined : signedVoucherViolation(voucher)),
)

export const WORK_REQUESTS: FrameCodec<WorkRequest> = codecOf(
  WorkRequest,
  PEER_FRAME_LIMITS.smallBytes,
  {},
  (request) =>
    firstOf(
      isDigest(request.orderHash) || 'order_hash must be 32 bytes',
      isHeight(request.batch) || 'batch out of range',
    ),
)
export const WORK_REPLIES: FrameCodec<WorkReply> = codecOf(
  WorkReply,
  PEER_FRAME_LIMITS.workBytes,
  { 1: DATA_SHAPE },
  ({ data }) => (data === undefined ? undefined : workDataViolation(data)),
)

export const ADDRESS_REQUESTS: FrameCodec<AddressRequest> = codecOf(
  AddressRequest,
  PEER_FRAME_LIMITS.smallBytes,
  {},
  ({ peerId }) => firstOf((PEER_ID.test(peerId) && peerId.length <= WORK_LIMITS.peerIdCharacters) || 'peer_id'),
)
/** What the record holds is for libp2p to verify: it is signed by the peer that it names. */
export const ADDRESS_REPLIES: FrameCodec<AddressReply> = codecOf(
  AddressReply,
  PEER_FRAME_LIMITS.recordBytes,
  {},
  () => undefined,
)

function orderContentViolation(frame: OrderFrameBody): string | undefined {
  switch (frame.$case) {
    case 'open':
      return orderOpenViolation(frame.value)
    case 'accepted':
      return firstOf(isAmount(frame.value.lane) || 'lane out of range')
    case 'refusal':
      return signedRefusalViolation(frame.value)
    case 'tokens':
      return tokensViolation(frame.value)
    case 'receipt':
      return signedReceiptViolation(frame.value)
    case 'failed':
      return firstOf((CODE.test(frame.value.code) && frame.value.code.length <= WORK_LIMITS.codeCharacters) || 'code')
    case 'voucher':
      return signedVoucherViolation(frame.value)
    case 'heartbeat':
    case 'cancel':
      return undefined
  }
}

function openingContentViolation(frame: OpeningContent): string | undefined {
  return frame.$case === 'header' ? openingHeaderViolation(frame.value) : openingItemViolation(frame.value)
}

function orderOpenViolation({ order, request, prompt, skipped }: OrderOpen): string | undefined {
  return firstOf(
    signedOrderViolation(order),
    request === undefined ? 'request is missing' : requestViolation(request),
    (prompt.length > 0 && prompt.length <= WORK_LIMITS.promptTokens) || 'prompt length',
    skipped.length <= WORK_LIMITS.skips || 'too many skips',
    ...skipped.map(skipViolation),
  )
}

function tokensViolation({ tokens, scores }: OrderTokens): string | undefined {
  return firstOf(
    (tokens.length > 0 && tokens.length <= PEER_FRAME_LIMITS.tokensPerFrame) || 'number of tokens',
    scores.length === tokens.length * SCORE_BYTES || 'scores do not fit the tokens',
  )
}

function openingHeaderViolation(header: OpeningHeader): string | undefined {
  return firstOf(
    tryDecodeAddress(header.executor) !== undefined || 'executor is no address',
    isHeight(header.batch) || 'batch out of range',
    isDigest(header.root) || 'root must be 32 bytes',
    isAmount(header.sum) || 'sum out of range',
    (header.leaves > 0 && header.leaves <= WORK_LIMITS.leavesPerBatch) || 'leaves out of range',
    header.txHash === '' || TX_HASH.test(header.txHash) || 'tx_hash',
  )
}

function openingItemViolation({ opening, data }: OpeningItem): string | undefined {
  return firstOf(
    opening === undefined ? 'opening is missing' : openingViolation(opening),
    data === undefined ? 'data is missing' : workDataViolation(data as WorkData),
  )
}

function signedReceiptViolation({ receipt, signature }: SignedReceipt): string | undefined {
  return firstOf(
    receipt === undefined ? 'receipt is missing' : receiptViolation(receipt),
    signature.length === SIGNATURE_BYTES || 'receipt signature must be 64 bytes',
  )
}

function signedRefusalViolation({ refusal, signature }: SignedRefusal): string | undefined {
  return firstOf(
    refusal === undefined ? 'refusal is missing' : refusalViolation(refusal),
    signature.length === SIGNATURE_BYTES || 'refusal signature must be 64 bytes',
  )
}

function signedVoucherViolation({ voucher, signature }: SignedVoucher): string | undefined {
  return firstOf(
    voucher === undefined ? 'voucher is missing' : voucherViolation(voucher),
    signature.length === SIGNATURE_BYTES || 'voucher signature must be 64 bytes',
  )
}

interface MessageCodec<T> {
  encode(message: T): { finish(): Uint8Array }
  decode(bytes: Uint8Array): T
}

function codecOf<T>(
  message: MessageCodec<T>,
  maxBytes: number,
  shape: WireShape,
  violation: (message: T) => string | undefined,
): FrameCodec<T> {
  const bounds = { fields: PEER_FRAME_LIMITS.fields, packed: WORK_LIMITS.promptTokens + WORK_LIMITS.outputTokens }
  return {
    maxBytes,
    encode: (value) => message.encode(value).finish(),
    decode(bytes) {
      if (bytes.length > maxBytes) {
        throw malformed('frame too large')
      }
      const unbounded = wireViolation(bytes, shape, bounds)
      if (unbounded !== undefined) {
        throw malformed(unbounded)
      }
      let decoded: T
      try {
        decoded = message.decode(bytes)
      } catch (cause) {
        throw malformed('cannot be decoded', cause)
      }
      const wrong = violation(decoded)
      if (wrong !== undefined) {
        throw malformed(wrong)
      }
      if (!equalBytes(message.encode(decoded).finish(), bytes)) {
        throw malformed('not in canonical form')
      }
      return decoded
    },
  }
}

function malformed(reason: string, cause?: unknown): CodedError {
  return new CodedError('malformed_frame', `malformed frame: ${reason}`, { fields: { reason }, cause })
}

function isDigest(bytes: Uint8Array): boolean {
  return bytes.length === DIGEST_BYTES
}

function firstOf(...conditions: readonly (true | string | undefined)[]): string | undefined {
  return conditions.find((condition): condition is string => typeof condition === 'string')
}
