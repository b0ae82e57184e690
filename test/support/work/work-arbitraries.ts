import fc from 'fast-check'
import { encodeAddress } from '../../../src/protocol/address.ts'
import { CheckVerdict } from '../../../src/protocol/gen/tailrace/v1/tx.ts'
import type {
  BatchLeaf,
  Order,
  Receipt,
  ReceiptOpening,
  SamplingParams,
  SignedOrder,
  SignedReceipt,
  SignedVoucher,
  Skip,
  Voucher,
  WorkData,
} from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { FinishReason, SkipReason } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { SCORE_BYTES } from '../../../src/protocol/inference.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'
import { WORK_LIMITS } from '../../../src/protocol/work/limits.ts'

/** Random messages of paid work, each within its bounds. */
type ValueOf<U extends string> = Extract<TypedMessage, { typeUrl: U }>['value']

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const address: fc.Arbitrary<string> = bytesOf(20).map(encodeAddress)
const owner = bytesOf(20)
const digest = bytesOf(32)
const signature = bytesOf(64)
const small = fc.bigInt({ min: 0n, max: 300n })
const amount = fc.oneof(small, fc.bigInt({ min: 0n, max: WORK_LIMITS.amount - 1n }))
const height = fc.oneof(small, fc.bigInt({ min: 0n, max: 2n ** 48n - 1n }))
const tokens = fc.nat(WORK_LIMITS.outputTokens)
const someTokens = fc.integer({ min: 1, max: WORK_LIMITS.outputTokens })
const q16 = fc.integer({ min: 0, max: 0x7fffffff })
const model = fc.constantFrom('tail/whale-0.9m', 'a', 'x/y-2.5')
const numericClass = fc.constantFrom('fp32-wasm', 'fp32-webgpu', 'other')
const point = fc.nat(0xffffffff)
const models = fc.uniqueArray(model, { maxLength: 3 }).map((names) => names.sort())

const order: fc.Arbitrary<Order> = fc
  .record({
    chainId: fc.constantFrom('tailrace-local-1', ''),
    payer: owner,
    sequence: height,
    total: amount,
    model,
    promptHash: digest,
    requestHash: digest,
    promptTokens: someTokens,
    maxTokens: someTokens,
    price: amount,
    maxPrice: amount,
    height: fc.bigInt({ min: 0n, max: 2n ** 47n }),
    expiryHeight: fc.bigInt({ min: 1n, max: BigInt(WORK_LIMITS.orderLifetime) }),
    constraints: fc.option(fc.record({ numericClass, minReputationPpm: fc.bigInt({ min: 0n, max: 1_000_000n }) }), {
      nil: undefined,
    }),
    gatewayPeer: fc.string({ maxLength: WORK_LIMITS.peerIdCharacters }),
  })
  .map((value) => ({ ...value, expiryHeight: value.height + value.expiryHeight }))
const signedOrder: fc.Arbitrary<SignedOrder> = fc.record({ order, signature })

const refusal = fc.record({
  refusal: fc.record({ orderHash: digest, host: owner, code: fc.constantFrom('busy', 'not_loaded'), height }),
  signature,
})
const skip: fc.Arbitrary<Skip> = fc.oneof(
  fc.record({
    host: owner,
    reason: fc.constant(SkipReason.SKIP_REASON_TIMEOUT),
    refusal: fc.constant(undefined),
  }),
  fc.record({ host: owner, reason: fc.constant(SkipReason.SKIP_REASON_REFUSED), refusal }),
)

const receipt: fc.Arbitrary<Receipt> = fc
  .record({
    orderHash: digest,
    executor: owner,
    promptTokens: tokens,
    outputTokens: tokens,
    tokensHash: digest,
    scoresHash: digest,
    startHeight: fc.bigInt({ min: 0n, max: 2n ** 47n }),
    endHeight: small,
    price: amount,
    finish: fc.constantFrom(FinishReason.FINISH_REASON_STOP, FinishReason.FINISH_REASON_LENGTH),
    skipped: fc.array(skip, { maxLength: WORK_LIMITS.skips }),
    numericClass,
  })
  .map((value) => ({ ...value, endHeight: value.startHeight + value.endHeight }))
const signedReceipt: fc.Arbitrary<SignedReceipt> = fc.record({ receipt, signature })

const voucher: fc.Arbitrary<Voucher> = fc.record({
  chainId: fc.constantFrom('tailrace-local-1', 'tailrace-1'),
  payer: owner,
  executor: owner,
  cumulative: amount,
  sequence: height,
  total: amount,
  receiptHash: digest,
})
const signedVoucher: fc.Arbitrary<SignedVoucher> = fc.record({ voucher, signature })

const leaf: fc.Arbitrary<BatchLeaf> = fc
  .record({
    orderHash: digest,
    payer: owner,
    from: fc.bigInt({ min: 0n, max: WORK_LIMITS.amount - 301n }),
    to: small,
    promptTokens: tokens,
    outputTokens: tokens,
    receiptHash: digest,
  })
  .map((value) => ({ ...value, to: value.from + value.to }))

const opening: fc.Arbitrary<ReceiptOpening> = fc
  .record({
    index: fc.nat(WORK_LIMITS.leavesPerBatch),
    leaf,
    path: fc.array(fc.record({ hash: digest, sum: amount }), { maxLength: WORK_LIMITS.pathLength }),
    order: signedOrder,
    receipt: signedReceipt,
    voucher: fc.option(signedVoucher, { nil: undefined }),
  })
  .map(({ voucher: maybe, ...rest }) => (maybe === undefined ? rest : { ...rest, voucher: maybe }))

const data: fc.Arbitrary<WorkData> = fc
  .record({
    orderHash: digest,
    request: fc.record({
      model,
      maxTokens: someTokens,
      sampling: fc.constant<SamplingParams>({
        temperature: 65_536,
        topK: 40,
        topP: 65_536,
        frequencyPenalty: 0,
        presencePenalty: 0,
        logitBias: [],
      }),
      stop: fc.constant<string[]>(['\n']),
      choice: fc.nat(WORK_LIMITS.choices - 1),
    }),
    prompt: fc.array(tokens, { maxLength: 20 }),
    output: fc.array(tokens, { maxLength: 20 }),
    scores: fc.constant(new Uint8Array(0)),
  })
  .map((value) => ({ ...value, scores: new Uint8Array(value.output.length * SCORE_BYTES) }))

const ruling = fc.record({
  valid: fc.boolean(),
  maxMargin: q16,
  softMargins: fc.nat(WORK_LIMITS.outputTokens),
  scoresHash: digest,
})

const report = fc.oneof(
  fc.record({
    batch: height,
    point,
    verdict: fc.constantFrom(CheckVerdict.CHECK_VERDICT_PASS, CheckVerdict.CHECK_VERDICT_FAIL),
    maxMargin: q16,
    softMargins: fc.nat(WORK_LIMITS.outputTokens),
    scoresHash: digest,
  }),
  fc.record({
    batch: height,
    point,
    verdict: fc.constant(CheckVerdict.CHECK_VERDICT_UNAVAILABLE),
    maxMargin: fc.constant(0),
    softMargins: fc.constant(0),
    scoresHash: fc.constant(new Uint8Array(0)),
  }),
)

const isSameCheck = { selector: ({ batch, point: at }: { batch: bigint; point: number }) => `${batch}/${at}` }

const deposit: fc.Arbitrary<ValueOf<'/tailrace.v1.MsgDepositEscrow'>> = fc.record({
  owner: address,
  sessionPubkey: bytesOf(33),
  amount: fc.bigInt({ min: 1n, max: WORK_LIMITS.amount - 1n }),
  models,
  maxPrice: amount,
  spendLimit: amount,
  expiryHeight: height,
})

export const WORK_ARBITRARIES = {
  '/tailrace.v1.MsgDepositEscrow': deposit,
  '/tailrace.v1.MsgWithdrawEscrow': fc.record({ owner: address, payer: owner }),
  '/tailrace.v1.MsgServeModels': fc.record({
    signer: address,
    host: address,
    offers: fc
      .uniqueArray(fc.record({ model, numericClass, tokensPerSecond: fc.integer({ min: 1, max: 1_000_000 }) }), {
        maxLength: 3,
        selector: (offer) => offer.model,
      })
      .map((offers) => offers.sort((a, b) => (a.model < b.model ? -1 : 1))),
  }),
  '/tailrace.v1.MsgSubmitBatch': fc.record({
    signer: address,
    model,
    root: digest,
    sum: fc.bigInt({ min: 1n, max: WORK_LIMITS.amount - 1n }),
    leaves: fc.integer({ min: 1, max: WORK_LIMITS.leavesPerBatch }),
    lanes: fc
      .uniqueArray(fc.record({ payer: owner, to: amount, voucher: fc.option(signedVoucher, { nil: undefined }) }), {
        minLength: 1,
        maxLength: 4,
        selector: (lane) => lane.payer.join(),
      })
      .map((lanes) => lanes.sort((a, b) => (hexOf(a.payer) < hexOf(b.payer) ? -1 : 1))),
    uncountersigned: fc.array(opening, { maxLength: 2 }),
  }),
  '/tailrace.v1.MsgOpenReceipts': fc.record({
    signer: address,
    batch: height,
    openings: fc
      .uniqueArray(fc.record({ point, opening }), { minLength: 1, maxLength: 3, selector: (one) => one.point })
      .map((openings) => openings.sort((a, b) => a.point - b.point)),
  }),
  '/tailrace.v1.MsgCommitChecks': fc.record({
    signer: address,
    commits: fc.uniqueArray(fc.record({ batch: height, point, hash: digest }), {
      minLength: 1,
      maxLength: 4,
      ...isSameCheck,
    }),
  }),
  '/tailrace.v1.MsgReportChecks': fc.record({
    signer: address,
    reports: fc.uniqueArray(report, { minLength: 1, maxLength: 4, ...isSameCheck }),
  }),
  '/tailrace.v1.MsgPostWork': fc.record({ signer: address, batch: height, point, data }),
  '/tailrace.v1.MsgCommitRuling': fc.record({ signer: address, batch: height, point, hash: digest }),
  '/tailrace.v1.MsgRevealRuling': fc.record({ signer: address, batch: height, point, ruling, salt: digest }),
  '/tailrace.v1.MsgProveOvercommit': fc.record({
    signer: address,
    first: signedOrder,
    second: fc.option(signedOrder, { nil: undefined }),
  }),
} as const

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
