/** An executor that does what a script says: real signatures, made-up tokens. What it was told by gateways is kept. */
import { equalBytes, toHex } from '../../../src/lib/bytes.ts'
import type { Clock } from '../../../src/lib/runtime.ts'
import type { OrderOpen } from '../../../src/protocol/gen/tailrace/v1/peer.ts'
import type { Order, Receipt, SignedReceipt, SignedVoucher } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { FinishReason } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { SCORE_BYTES } from '../../../src/protocol/inference.ts'
import { orderHash } from '../../../src/protocol/work/order.ts'
import { priceOf } from '../../../src/protocol/work/price.ts'
import { receiptHash, scoresHash, tokensHash } from '../../../src/protocol/work/receipt.ts'
import type { OrderFrameBody, OrderStream } from '../../../src/protocol/work/streams.ts'
import { signReceipt, signRefusal } from '../chain/device-signing.ts'
import type { TestKey } from './fixtures.ts'
import { testKey } from './fixtures.ts'
import type { WorkPeers } from './work-peers.ts'

export interface ExecutorScript {
  /** What it answers to `open`; `hang_up` closes the stream without a word. */
  readonly answer?: 'accept' | 'refuse' | 'forged_refusal' | 'foreign_refusal' | 'fail' | 'silent' | 'hang_up'
  readonly code?: string
  /** Tokens that it makes. Default 3, one in each frame. */
  readonly tokens?: number
  readonly stepMs?: number
  /** Goes away after so many tokens. */
  readonly diesAfter?: number
  /** Says that it failed after so many tokens. */
  readonly failsAfter?: number
  /** After its tokens it only says that it is alive. */
  readonly beatsForever?: boolean
  readonly heedsCancel?: boolean
  /** A cancelled order brings no receipt. */
  readonly hidesReceipt?: boolean
  readonly finish?: FinishReason
  readonly bend?: (receipt: Receipt) => Partial<Receipt>
  readonly signer?: TestKey
  /** What it says of its lane beside the truth. */
  readonly lane?: bigint
  /** Takes no frame after its receipt. */
  readonly isDeafAtEnd?: boolean
  /** Frames sent in place of tokens and receipt. */
  readonly frames?: readonly OrderFrameBody[]
}

/** One order as its executor saw it. */
export interface SeenOrder {
  readonly open: OrderOpen
  readonly order: Order
  cancels: number
  receipt?: SignedReceipt
  voucher?: SignedVoucher
  /** The gateway went away. */
  isOver: boolean
}

export class ScriptedExecutor {
  readonly owner: TestKey
  readonly device: TestKey
  readonly peerId: string
  readonly orders: SeenOrder[] = []
  script: ExecutorScript
  /** For single orders, by their place among all that came. */
  readonly scripts = new Map<number, ExecutorScript>()
  readonly #clock: Clock

  constructor(name: string, peers: WorkPeers, clock: Clock, script: ExecutorScript = {}) {
    this.owner = testKey(`${name}/owner`)
    this.device = testKey(`${name}/device`)
    this.peerId = `peer-${name}`
    this.script = script
    this.#clock = clock
    peers.port(this.peerId).onOrder((stream) => this.#serve(stream))
  }

  /** Vouchers of one payer in the order in which they came. */
  vouchers(): SignedVoucher[] {
    return this.orders.flatMap(({ voucher }) => voucher ?? [])
  }

  async #serve(stream: OrderStream): Promise<void> {
    const frames = stream.frames()[Symbol.asyncIterator]()
    const first = await frames.next()
    const open = first.done !== true && first.value.$case === 'open' ? first.value.value : undefined
    const order = open?.order?.order
    if (open === undefined || order === undefined) {
      return
    }
    const seen: SeenOrder = { open, order, cancels: 0, isOver: false }
    const script = this.scripts.get(this.orders.length) ?? this.script
    this.orders.push(seen)
    const told = new AbortController()
    if (script.isDeafAtEnd !== true) {
      void this.#listen(frames, seen, told)
    }
    if ((script.answer ?? 'accept') !== 'accept') {
      await this.#decline(stream, seen, script)
      return
    }
    await stream.send({ $case: 'accepted', value: { queue: 0, lane: script.lane ?? 0n } })
    await this.#work(stream, seen, script, told.signal)
  }

  async #listen(frames: AsyncIterator<OrderFrameBody>, seen: SeenOrder, told: AbortController): Promise<void> {
    try {
      for (let next = await frames.next(); next.done !== true; next = await frames.next()) {
        if (next.value.$case === 'cancel') {
          seen.cancels += 1
          told.abort()
        } else if (next.value.$case === 'voucher') {
          seen.voucher = next.value.value
        }
      }
    } catch {
      // The stream broke: the gateway went away.
    }
    seen.isOver = true
    told.abort()
  }

  async #decline(stream: OrderStream, { order }: SeenOrder, script: ExecutorScript): Promise<void> {
    const code = script.code ?? 'busy'
    const host = script.answer === 'foreign_refusal' ? testKey('somebody else').bytes : this.owner.bytes
    const refusal = { orderHash: orderHash(order), host, code, height: order.height }
    switch (script.answer) {
      case 'refuse':
      case 'foreign_refusal':
      case 'forged_refusal': {
        const signer = script.answer === 'forged_refusal' ? testKey('forger') : this.device
        await stream.send({ $case: 'refusal', value: signRefusal(refusal, signer.secret) })
        break
      }
      case 'fail':
        await stream.send({ $case: 'failed', value: { code } })
        break
      case 'hang_up':
        await stream.close()
        break
      default:
    }
  }

  async #work(stream: OrderStream, seen: SeenOrder, script: ExecutorScript, told: AbortSignal): Promise<void> {
    const output: number[] = []
    const scores: Uint8Array[] = []
    const most = script.tokens ?? 3
    while (output.length < most && !(told.aborted && script.heedsCancel !== false)) {
      if (output.length === script.diesAfter) {
        ;(stream as OrderStream & { cut(): void }).cut()
        return
      }
      if (output.length === script.failsAfter) {
        await stream.send({ $case: 'failed', value: { code: 'inference_failed' } })
        return
      }
      await this.#clock.sleep(script.stepMs ?? 10)
      const token = 100 + output.length
      const score = new Uint8Array(SCORE_BYTES).fill(token)
      output.push(token)
      scores.push(score)
      await stream.send({ $case: 'tokens', value: { tokens: [token], scores: score } })
    }
    for (const frame of script.frames ?? []) {
      await stream.send(frame)
    }
    while (script.beatsForever === true) {
      await this.#clock.sleep(1_500)
      await stream.send({ $case: 'heartbeat', value: { queue: 0 } })
    }
    if (script.hidesReceipt === true) {
      return
    }
    const receipt = this.#receipt(seen, output, scores, script, told.aborted)
    seen.receipt = receipt
    await stream.send({ $case: 'receipt', value: receipt })
  }

  #receipt(
    { open, order }: SeenOrder,
    output: readonly number[],
    scores: readonly Uint8Array[],
    script: ExecutorScript,
    isCancelled: boolean,
  ): SignedReceipt {
    const isLast = !isCancelled || script.heedsCancel === false
    const ending = isLast ? FinishReason.FINISH_REASON_STOP : FinishReason.FINISH_REASON_CANCELLED
    const honest: Receipt = {
      orderHash: orderHash(order),
      executor: this.owner.bytes,
      promptTokens: order.promptTokens,
      outputTokens: output.length,
      tokensHash: tokensHash(output),
      scoresHash: scoresHash(Buffer.concat(scores)),
      startHeight: order.height,
      endHeight: order.height + 1n,
      price: priceOf(order.price, order.promptTokens, output.length),
      finish: script.finish ?? ending,
      skipped: [...open.skipped],
      numericClass: 'fp32-wasm',
    }
    return signReceipt({ ...honest, ...script.bend?.(honest) }, (script.signer ?? this.device).secret)
  }
}

/** Two vouchers for one place of a lane, or for one receipt; undefined where there are none. */
export function contradictionAmong(vouchers: readonly SignedVoucher[]): string | undefined {
  const byPlace = new Map<string, Uint8Array>()
  const byReceipt = new Map<string, bigint>()
  for (const { voucher } of vouchers) {
    if (voucher === undefined) {
      continue
    }
    const place = `${toHex(voucher.payer)}/${toHex(voucher.executor)}/${voucher.cumulative}`
    const receipt = toHex(voucher.receiptHash)
    if (!equalBytes(byPlace.get(place) ?? voucher.receiptHash, voucher.receiptHash)) {
      return `two receipts at ${place}`
    }
    if ((byReceipt.get(receipt) ?? voucher.cumulative) !== voucher.cumulative) {
      return `one receipt at two places: ${receipt}`
    }
    byPlace.set(place, voucher.receiptHash)
    byReceipt.set(receipt, voucher.cumulative)
  }
  return undefined
}

export function isForReceipt({ voucher }: SignedVoucher, { receipt }: SignedReceipt): boolean {
  return voucher !== undefined && receipt !== undefined && equalBytes(voucher.receiptHash, receiptHash(receipt))
}
