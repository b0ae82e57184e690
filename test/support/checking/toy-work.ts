/** Orders that a toy model answered, their batch on the real chain, and the executor's part in its checks. */
import { toHex } from '../../../src/lib/bytes.ts'
import type { CheckState } from '../../../src/protocol/gen/tailrace/v1/state.ts'
import type { InferenceRequest, Order, Receipt, WorkData } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { FinishReason } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { orderHash, promptHash, requestHash, samplingSeed } from '../../../src/protocol/work/order.ts'
import { priceOf } from '../../../src/protocol/work/price.ts'
import { scoresHash, tokensHash } from '../../../src/protocol/work/receipt.ts'
import type { SentBatch } from '../chain/chain-checks.ts'
import { batchOf, openingsOf, openReceipts, postWork } from '../chain/chain-checks.ts'
import type { Actor, HostActor } from '../chain/chain-harness.ts'
import type { DoneWork, Workbench } from '../chain/chain-work.ts'
import { priceNow, TEST_MODEL } from '../chain/chain-work.ts'
import type { CheckingWorld } from './checking-world.ts'
import type { ToyOptions, ToyOutput } from './toy-inference.ts'
import { toyGenerate } from './toy-inference.ts'

const ONE = 65_536

export interface ToyWorkOptions {
  readonly toy?: ToyOptions
  readonly seed?: bigint
  readonly prompt?: readonly number[]
  readonly maxTokens?: number
  readonly stop?: readonly string[]
  /** What the executor says that came out. */
  readonly bend?: (output: ToyOutput) => ToyOutput
  readonly order?: Partial<Order>
  readonly receipt?: Partial<Receipt>
  /** Without a voucher: it is always checked. */
  readonly loose?: boolean
}

export interface ToyWork {
  readonly done: DoneWork
  readonly data: WorkData
}

/** A seed in the request, so that the output does not depend on the order, which is signed later here. */
export function toyRequest(options: ToyWorkOptions): InferenceRequest {
  return {
    model: TEST_MODEL.id,
    maxTokens: options.maxTokens ?? 24,
    sampling: { temperature: ONE, topK: 0, topP: ONE, frequencyPenalty: 0, presencePenalty: 0, logitBias: [] },
    stop: [...(options.stop ?? [])],
    seed: options.seed ?? 7n,
    choice: 0,
  }
}

/** Work of this host for this payer; nothing is sent. */
export function toyWork(
  chain: Parameters<typeof priceNow>[0],
  bench: Workbench,
  session: Actor,
  host: HostActor,
  options: ToyWorkOptions = {},
): ToyWork {
  const request = toyRequest(options)
  const prompt = [...(options.prompt ?? [3, 1, 4, 1, 5])]
  const { maxTokens, sampling, stop, model } = request
  const seed = samplingSeed(request, new Uint8Array(32))
  const job = { model, prompt, maxTokens, sampling: sampling as NonNullable<typeof sampling>, stop, choice: 0 }
  const honest = toyGenerate({ ...job, samplingSeed: seed }, options.toy)
  const { tokens, scores, finish } = options.bend?.(honest) ?? honest
  const price = priceNow(chain)
  const done = bench.work(session, host, {
    promptTokens: prompt.length,
    outputTokens: tokens.length,
    ...(options.loose === true ? { loose: true } : {}),
    order: {
      promptHash: promptHash(prompt),
      requestHash: requestHash(request),
      maxTokens,
      price,
      maxPrice: priceOf(price, prompt.length, maxTokens),
      ...options.order,
    },
    receipt: {
      tokensHash: tokensHash(tokens),
      scoresHash: scoresHash(scores),
      finish: finish === 'stop' ? FinishReason.FINISH_REASON_STOP : FinishReason.FINISH_REASON_LENGTH,
      ...options.receipt,
    },
  })
  return { done, data: { orderHash: orderHash(done.order.order), request, prompt, output: tokens, scores } }
}

export class ToyExecutor {
  readonly works: readonly ToyWork[]
  readonly sent: SentBatch
  readonly #world: CheckingWorld
  readonly #asked = new Set<string>()

  /** Hands its data out honestly, as executor and as gateway. */
  constructor(world: CheckingWorld, sent: SentBatch, works: readonly ToyWork[]) {
    this.works = works
    this.#world = world
    this.sent = sent
    const source = world.honestSource((hash) => this.dataOf(hash))
    world.sources.set(`peer of ${sent.host.owner.name}`, source)
    world.sources.set('peer of a gateway', source)
  }

  get id(): bigint {
    return this.sent.id
  }

  dataOf(hash: string): WorkData | undefined {
    return this.works.find(({ data }) => toHex(data.orderHash) === hash)?.data
  }

  checks(): CheckState[] {
    return batchOf(this.#world.chain, this.id).checks
  }

  batchState(): string {
    return batchOf(this.#world.chain, this.id).batch.state
  }

  states(): string[] {
    return this.checks().map(({ state }) => state)
  }

  /** Opens in the next block what is drawn. */
  open(): void {
    this.#once('drawn', (checks) => {
      const { device } = this.sent.host
      void this.#world.submit(device, [openReceipts(device, this.id, openingsOf(this.sent.tree, checks))])
    })
  }

  /** Posts in the next block what is demanded. */
  post(): void {
    this.#once('demanded', (checks) => {
      const { device } = this.sent.host
      for (const check of checks) {
        const data = this.dataOf(toHex(check.opening?.leaf?.orderHash ?? new Uint8Array(0)))
        if (data !== undefined) {
          void this.#world.submit(device, [postWork(device, check, data)])
        }
      }
    })
  }

  /** Blocks, in which it opens and where asked posts, until every check is in one of these states. */
  async playUntil(states: readonly string[], { posts = false, most = 60 } = {}): Promise<void> {
    const isThere = (): boolean => {
      this.open()
      if (posts) {
        this.post()
      }
      const checks = this.checks()
      return checks.length > 0 && checks.every(({ state }) => states.includes(state))
    }
    await this.#world.until(() => `checks in ${states.join()}, not ${this.states().join()}`, isThere, most)
  }

  #once(state: string, action: (checks: CheckState[]) => void): void {
    const fresh = this.checks().filter((check) => check.state === state && !this.#asked.has(`${state}/${check.point}`))
    for (const { point } of fresh) {
      this.#asked.add(`${state}/${point}`)
    }
    if (fresh.length > 0) {
      action(fresh.slice(0, 16))
    }
  }
}
