/** Keys, orders and receipts of paid work in tests: real signatures, everything else as small as it can be. */
import { createHash } from 'node:crypto'
import type { Job, KeptOpening, OwnBatch, WorkKeysPort } from '../../../src/host/work/ports.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { addressOfPublicKey, decodeAddress } from '../../../src/protocol/address.ts'
import { MsgSubmitBatch } from '../../../src/protocol/gen/tailrace/v1/tx.ts'
import type {
  InferenceRequest,
  Order,
  Receipt,
  SignedOrder,
  SignedReceipt,
  SignedVoucher,
  WorkData,
} from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { FinishReason } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { SCORE_BYTES } from '../../../src/protocol/inference.ts'
import { publicKeyOf } from '../../../src/protocol/signature.ts'
import { orderHash, promptHash, requestHash, signOrder } from '../../../src/protocol/work/order.ts'
import { priceOf } from '../../../src/protocol/work/price.ts'
import { receiptHash, scoresHash, signVoucher, tokensHash } from '../../../src/protocol/work/receipt.ts'
import { signReceipt, signRefusal } from '../chain/device-signing.ts'
import { TEST_CHAIN_ID } from '../host-chain.ts'
import type { HostSecrets } from '../host-chain-port.ts'
import { samplingParams } from '../sampling-logits.ts'

export const WORK_MODEL = 'tail/whale-0.9m'

export interface TestKey {
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
  /** `tail1…` */
  readonly address: string
  /** 20 bytes. */
  readonly bytes: Uint8Array
}

export function testKey(name: string): TestKey {
  const secret = new Uint8Array(createHash('sha256').update(name).digest())
  const publicKey = publicKeyOf(secret)
  const address = addressOfPublicKey(publicKey)
  return { secret, publicKey, address, bytes: decodeAddress(address) }
}

export function secretsOf(name: string): HostSecrets {
  return { owner: testKey(`${name}/owner`).secret, device: testKey(`${name}/device`).secret }
}

export function workKeysOf(secrets: HostSecrets): WorkKeysPort {
  return {
    signReceipt: async (receipt) => signReceipt(receipt, secrets.device),
    signRefusal: async (refusal) => signRefusal(refusal, secrets.device),
    // What gossip hashes is shown beside src/protocol; here it is only carried.
    signBatchAnnouncement: async (message) => ({ ...message, signature: new Uint8Array(64) }),
    signCheckRequest: async (message) => ({ ...message, signature: new Uint8Array(64) }),
  }
}

export interface Wish {
  readonly prompt: readonly number[]
  readonly maxTokens: number
  readonly request?: Partial<InferenceRequest>
  readonly order?: Partial<Order>
}

export interface MadeOrder {
  readonly signed: SignedOrder
  readonly order: Order
  readonly hash: Uint8Array
  readonly request: InferenceRequest
  readonly prompt: readonly number[]
}

export function makeOrder(payer: TestKey, { prompt, maxTokens, ...over }: Wish): MadeOrder {
  const request: InferenceRequest = {
    model: WORK_MODEL,
    maxTokens,
    sampling: samplingParams(),
    stop: [],
    seed: undefined,
    choice: 0,
    ...over.request,
  }
  const price = over.order?.price ?? 1_000_000n
  const maxPrice = priceOf(price, prompt.length, maxTokens)
  const order: Order = {
    chainId: TEST_CHAIN_ID,
    payer: payer.bytes,
    sequence: 1n,
    total: maxPrice,
    model: WORK_MODEL,
    promptHash: promptHash(prompt),
    requestHash: requestHash(request),
    promptTokens: prompt.length,
    maxTokens,
    price,
    maxPrice,
    height: 1n,
    expiryHeight: 200n,
    constraints: undefined,
    gatewayPeer: 'peer-gateway',
    ...over.order,
  }
  return { signed: signOrder(order, payer.secret), order, hash: orderHash(order), request, prompt }
}

export interface MadeReceipt {
  readonly receipt: SignedReceipt
  readonly data: WorkData
  readonly hash: Uint8Array
}

export function makeReceipt(
  { order, hash, request, prompt }: MadeOrder,
  executor: HostSecrets,
  over: { readonly tokens?: readonly number[]; readonly receipt?: Partial<Receipt> } = {},
): MadeReceipt {
  const output = [...(over.tokens ?? [5, 6, 7])]
  const scores = new Uint8Array(output.length * SCORE_BYTES).fill(1)
  const content: Receipt = {
    orderHash: hash,
    executor: decodeAddress(addressOfPublicKey(publicKeyOf(executor.owner))),
    promptTokens: prompt.length,
    outputTokens: output.length,
    tokensHash: tokensHash(output),
    scoresHash: scoresHash(scores),
    startHeight: 1n,
    endHeight: 2n,
    price: priceOf(order.price, prompt.length, output.length),
    finish: FinishReason.FINISH_REASON_LENGTH,
    skipped: [],
    numericClass: 'fp32-wasm',
    ...over.receipt,
  }
  return {
    receipt: signReceipt(content, executor.device),
    data: { orderHash: hash, request, prompt: [...prompt], output, scores },
    hash: receiptHash(content),
  }
}

export function makeVoucher(payer: TestKey, made: MadeOrder, receipt: MadeReceipt, cumulative: bigint): SignedVoucher {
  return signVoucher(
    {
      chainId: TEST_CHAIN_ID,
      payer: payer.bytes,
      executor: receipt.receipt.receipt?.executor ?? new Uint8Array(20),
      cumulative,
      sequence: made.order.sequence,
      total: made.order.total > cumulative ? made.order.total : cumulative,
      receiptHash: receipt.hash,
    },
    payer.secret,
  )
}

/** A job with its data, as the executor stores it. */
export function makeJob(
  payer: TestKey,
  sequence: bigint,
  over: Partial<Job> & { readonly cumulative?: bigint; readonly endHeight?: bigint; readonly model?: string } = {},
): { readonly job: Job; readonly data: WorkData } {
  const { cumulative, endHeight = 2n, model = WORK_MODEL, ...rest } = over
  const made = makeOrder(payer, { prompt: [1, 2, 3, 4], maxTokens: 8, order: { sequence, model } })
  const receipt = makeReceipt(made, secretsOf('ada'), { receipt: { endHeight } })
  const job: Job = {
    orderHash: toHex(made.hash),
    order: made.signed,
    acceptedAtMs: Number(sequence),
    state: cumulative === undefined ? 'delivered' : 'countersigned',
    receipt: receipt.receipt,
    ...(cumulative === undefined ? {} : { voucher: makeVoucher(payer, made, receipt, cumulative) }),
    ...rest,
  }
  return { job, data: receipt.data }
}

export function makeBatch(root: string, leaves: readonly string[], over: Partial<OwnBatch> = {}): OwnBatch {
  return {
    root,
    model: WORK_MODEL,
    sum: 12n,
    leaves,
    message: MsgSubmitBatch.fromPartial({ model: WORK_MODEL, sum: 12n, leaves: leaves.length }),
    state: 'sending',
    handedToGateways: false,
    handedToCustodian: false,
    ...over,
  }
}

export function makeKept(payer: TestKey, sequence: bigint, batch: bigint, index = 0): KeptOpening {
  const { job, data } = makeJob(payer, sequence)
  return {
    header: {
      executor: testKey('ada/owner').address,
      batch,
      root: new Uint8Array(32).fill(1),
      sum: 12n,
      leaves: 4,
      txHash: '',
    },
    opening: { index, leaf: undefined, path: [], order: job.order, receipt: job.receipt },
    data,
  }
}
