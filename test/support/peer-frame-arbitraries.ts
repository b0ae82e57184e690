/** Random frames of paid work, each within its bounds: every codec of protocol/peer-frames.ts must take them all. */
import fc from 'fast-check'
import type { OpeningHeader, OpeningItem, OrderOpen, WorkRequest } from '../../src/protocol/gen/tailrace/v1/peer.ts'
import type {
  BatchLeaf,
  InferenceRequest,
  Order,
  Receipt,
  ReceiptOpening,
  SamplingParams,
  SignedOrder,
  SignedReceipt,
  SignedRefusal,
  SignedVoucher,
  Skip,
  WorkData,
} from '../../src/protocol/gen/tailrace/v1/work.ts'
import { FinishReason, SkipReason } from '../../src/protocol/gen/tailrace/v1/work.ts'
import { SCORE_BYTES } from '../../src/protocol/inference.ts'
import type { OpeningContent } from '../../src/protocol/peer-frames.ts'
import type { OrderFrameBody } from '../../src/protocol/work/streams.ts'
import { anyAddress } from './message-arbitraries.ts'

const NO_NULL = { noNullPrototype: true } as const
const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const digest = bytesOf(32)
const owner = bytesOf(20)
const signature = bytesOf(64)
const u32 = fc.oneof(fc.nat(300), fc.nat(0xffffffff))
const amount = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }))
const height = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 48n - 1n }))
const model = fc.stringMatching(/^[a-z0-9][a-z0-9._/-]{0,30}$/)
const numericClass = fc.constantFrom('fp32-wasm', 'fp32-webgpu')
const token = fc.nat(262_143)
const tokens = fc.array(token, { minLength: 1, maxLength: 40 })
const chainId = fc.stringMatching(/^[a-z0-9-]{1,30}$/)
const peerId = fc.stringMatching(/^[A-Za-z0-9]{1,60}$/)

const sampling: fc.Arbitrary<SamplingParams> = fc.record(
  {
    temperature: fc.nat(131_072),
    topK: fc.nat(1_000),
    topP: fc.integer({ min: 1, max: 65_536 }),
    frequencyPenalty: fc.integer({ min: -131_072, max: 131_072 }),
    presencePenalty: fc.integer({ min: -131_072, max: 131_072 }),
    logitBias: fc
      .uniqueArray(token, { maxLength: 5 })
      .map((list) => list.sort((a, b) => a - b).map((id) => ({ token: id, bias: 65_536 - (id % 131_072) }))),
  },
  NO_NULL,
)

const anyRequest: fc.Arbitrary<InferenceRequest> = fc.record(
  {
    model,
    maxTokens: fc.integer({ min: 1, max: 131_072 }),
    sampling,
    stop: fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 3 }),
    seed: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined }),
    choice: fc.nat(4),
  },
  NO_NULL,
)

const constraints = fc.record(
  { numericClass: fc.constantFrom('', 'fp32-wasm'), minReputationPpm: fc.bigInt({ min: 0n, max: 1_000_000n }) },
  NO_NULL,
)

const anyOrder: fc.Arbitrary<Order> = fc
  .record(
    {
      chainId,
      payer: owner,
      sequence: height,
      total: amount,
      model,
      promptHash: digest,
      requestHash: digest,
      promptTokens: fc.integer({ min: 1, max: 131_072 }),
      maxTokens: fc.integer({ min: 1, max: 131_072 }),
      price: amount,
      maxPrice: amount,
      height: fc.bigInt({ min: 0n, max: 2n ** 40n }),
      constraints: fc.option(constraints, { nil: undefined }),
      gatewayPeer: peerId,
      lifetime: fc.bigInt({ min: 1n, max: 600n }),
    },
    NO_NULL,
  )
  .map(({ lifetime, ...order }) => ({ ...order, expiryHeight: order.height + lifetime }))

const anySignedOrder: fc.Arbitrary<SignedOrder> = fc.record({ order: anyOrder, signature }, NO_NULL)

const anyRefusal: fc.Arbitrary<SignedRefusal> = fc.record(
  {
    refusal: fc.record({ orderHash: digest, host: owner, code: fc.stringMatching(/^[a-z_]{1,30}$/), height }, NO_NULL),
    signature,
  },
  NO_NULL,
)

const anySkip: fc.Arbitrary<Skip> = fc.oneof(
  fc.record(
    { host: owner, reason: fc.constant(SkipReason.SKIP_REASON_TIMEOUT), refusal: fc.constant(undefined) },
    NO_NULL,
  ),
  fc.record({ host: owner, reason: fc.constant(SkipReason.SKIP_REASON_REFUSED), refusal: anyRefusal }, NO_NULL),
)

const anyReceipt: fc.Arbitrary<Receipt> = fc
  .record(
    {
      orderHash: digest,
      executor: owner,
      promptTokens: fc.nat(131_072),
      outputTokens: fc.nat(131_072),
      tokensHash: digest,
      scoresHash: digest,
      startHeight: fc.bigInt({ min: 0n, max: 2n ** 40n }),
      took: fc.bigInt({ min: 0n, max: 1_000n }),
      price: amount,
      finish: fc.constantFrom(
        FinishReason.FINISH_REASON_STOP,
        FinishReason.FINISH_REASON_LENGTH,
        FinishReason.FINISH_REASON_CANCELLED,
      ),
      skipped: fc.array(anySkip, { maxLength: 2 }),
      numericClass,
    },
    NO_NULL,
  )
  .map(({ took, ...receipt }) => ({ ...receipt, endHeight: receipt.startHeight + took }))

export const anySignedReceipt: fc.Arbitrary<SignedReceipt> = fc.record({ receipt: anyReceipt, signature }, NO_NULL)

export const anySignedVoucher: fc.Arbitrary<SignedVoucher> = fc.record(
  {
    voucher: fc.record(
      {
        chainId,
        payer: owner,
        executor: owner,
        cumulative: amount,
        sequence: height,
        total: amount,
        receiptHash: digest,
      },
      NO_NULL,
    ),
    signature,
  },
  NO_NULL,
)

export const anyWorkData: fc.Arbitrary<WorkData> = fc
  .record({ orderHash: digest, request: anyRequest, prompt: tokens, output: tokens, hasScores: fc.boolean() }, NO_NULL)
  .map(({ hasScores, ...data }) => ({
    ...data,
    scores: new Uint8Array(hasScores ? data.output.length * SCORE_BYTES : 0).fill(data.output.length),
  }))

const anyLeaf: fc.Arbitrary<BatchLeaf> = fc
  .record(
    {
      orderHash: digest,
      payer: owner,
      from: fc.bigInt({ min: 0n, max: 2n ** 40n }),
      length: fc.bigInt({ min: 0n, max: 2n ** 30n }),
      promptTokens: fc.nat(131_072),
      outputTokens: fc.nat(131_072),
      receiptHash: digest,
    },
    NO_NULL,
  )
  .map(({ length, ...leaf }) => ({ ...leaf, to: leaf.from + length }))

const anyOpening: fc.Arbitrary<ReceiptOpening> = fc.record(
  {
    index: fc.nat(4_095),
    leaf: anyLeaf,
    path: fc.array(fc.record({ hash: digest, sum: amount }, NO_NULL), { maxLength: 12 }),
    order: anySignedOrder,
    receipt: anySignedReceipt,
  },
  NO_NULL,
)

export const anyOpeningItem: fc.Arbitrary<OpeningItem> = fc.record({ opening: anyOpening, data: anyWorkData }, NO_NULL)

export const anyOpeningHeader: fc.Arbitrary<OpeningHeader> = fc.record(
  {
    executor: anyAddress,
    batch: height,
    root: digest,
    sum: amount,
    leaves: fc.integer({ min: 1, max: 4_096 }),
    txHash: fc.constantFrom('', 'AB'.repeat(32)),
  },
  NO_NULL,
)

export const anyOrderOpen: fc.Arbitrary<OrderOpen> = fc.record(
  { order: anySignedOrder, request: anyRequest, prompt: tokens, skipped: fc.array(anySkip, { maxLength: 2 }) },
  NO_NULL,
)

export const anyWorkRequest: fc.Arbitrary<WorkRequest> = fc.record(
  { orderHash: digest, batch: height, point: u32, withScores: fc.boolean() },
  NO_NULL,
)

export const anyProbeRequest = fc.record({ orderHash: digest, model }, NO_NULL)

export const anyOrderFrame: fc.Arbitrary<OrderFrameBody> = fc.oneof(
  anyOrderOpen.map((value) => ({ $case: 'open' as const, value })),
  fc.record({ queue: u32, lane: amount }, NO_NULL).map((value) => ({ $case: 'accepted' as const, value })),
  anyRefusal.map((value) => ({ $case: 'refusal' as const, value })),
  tokens.map((list) => ({
    $case: 'tokens' as const,
    value: { tokens: list, scores: new Uint8Array(list.length * SCORE_BYTES).fill(7) },
  })),
  u32.map((queue) => ({ $case: 'heartbeat' as const, value: { queue } })),
  anySignedReceipt.map((value) => ({ $case: 'receipt' as const, value })),
  fc.stringMatching(/^[a-z_]{1,30}$/).map((code) => ({ $case: 'failed' as const, value: { code } })),
  fc.constant({ $case: 'cancel' as const, value: {} }),
  anySignedVoucher.map((value) => ({ $case: 'voucher' as const, value })),
)

export const anyOpeningFrame: fc.Arbitrary<OpeningContent> = fc.oneof(
  anyOpeningHeader.map((value) => ({ $case: 'header' as const, value })),
  anyOpeningItem.map((value) => ({ $case: 'item' as const, value })),
)

/** One fixed message of a kind, for tests that need any. */
export function sampleOf<T>(arbitrary: fc.Arbitrary<T>, seed = 7): T {
  return fc.sample(arbitrary, { numRuns: 1, seed })[0] as T
}
