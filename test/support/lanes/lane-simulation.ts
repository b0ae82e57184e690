/**
 * One payer, its gateway, one executor and the chain, each as its rules are, without signatures, wires and models: a lane's whole life
 * takes milliseconds, so thousands of lives can be tried. Gateway and executor are killed between any two steps, stay away for a while,
 * keep what they stored and lose what was on the wire. Prices come from a tiny set, so receipts fit into each other's places.
 * What decides is the code itself (host/work/batches/lane-plan.ts); the world around it is written here a second time.
 */
import type { BatchPlan, PlanRules } from '../../../src/host/work/batches/batch-plan.ts'
import { planBatch } from '../../../src/host/work/batches/batch-plan.ts'
import type { LaneFacts } from '../../../src/host/work/batches/lane-plan.ts'
import { givenUpIn, isUrgent } from '../../../src/host/work/batches/lane-plan.ts'
import type { JobBook } from '../../../src/host/work/job-book.ts'
import { orderOf, priceOfJob } from '../../../src/host/work/job-book.ts'
import { laneHead } from '../../../src/host/work/lanes.ts'
import type { Job, OwnBatch } from '../../../src/host/work/ports.ts'
import { toHex, u64be } from '../../../src/lib/bytes.ts'
import { encodeAddress } from '../../../src/protocol/address.ts'
import type { SignedOrder, SignedReceipt, SignedVoucher } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { FinishReason, Order, Receipt, Voucher } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import { receiptHash } from '../../../src/protocol/work/receipt.ts'

export const LANE_TIMES = { countersignBlocks: 6, lifeBlocks: 60, orderBlocks: 90 } as const
const PAYER = new Uint8Array(20).fill(1)
const EXECUTOR = new Uint8Array(20).fill(2)
const SIGNER = encodeAddress(EXECUTOR)
const HASH = new Uint8Array(32).fill(3)
const NO_SIGNATURE = new Uint8Array(64)
const PRICES = [1n, 2n, 2n, 2n, 3n]
const MOST_UNDER_WAY = 5
const EVERY_BLOCKS = 6
/** Blocks without a kill, so that both sides have met before the next one. */
const PEACE_BLOCKS = 4

export interface LaneLife {
  /** Answers that the client got whole: the gateway stored their vouchers. */
  readonly delivered: readonly Answer[]
  /** Order names in the order in which batches took them. */
  readonly batched: readonly string[]
  /** What the chain took in all, and what the gateway says it owes. */
  readonly accepted: bigint
  readonly owed: bigint
  /** Sum of the prices in batches. */
  readonly paid: bigint
  readonly kills: number
  /** Of receipts that no voucher was ever given for. */
  readonly loose: number
  readonly givenUp: number
  readonly refused: readonly string[]
}

export interface Answer {
  readonly name: string
  readonly price: bigint
  readonly sequence: bigint
}

export interface LaneSetup {
  readonly seed: number
  /** Longest that a side stays away after a kill. */
  readonly awayBlocks: number
  /** What the executor takes for a last answer of the gateway; as it was given where absent. */
  readonly isAnswered?: () => boolean
}

export function liveLane(setup: LaneSetup): LaneLife {
  return new LaneWorld(setup).live()
}

interface Place {
  readonly name: string
  readonly sequence: bigint
  readonly price: bigint
  readonly height: number
  /** Where the executor said that the lane stands. */
  readonly claimed: bigint
  state: 'open' | 'done' | 'lost'
  voucher?: SignedVoucher
}

/** What one stream does next, and when. */
interface Stream {
  readonly place: Place
  step: 'working' | 'receipt' | 'countersigned' | 'voucher'
  due: number
  isCut: boolean
}

class LaneWorld {
  readonly #setup: LaneSetup
  readonly #random: (limit: number) => number
  #height = 1
  // The chain.
  #accepted = 0n
  #sequence = 0n
  readonly #leaves: Job[] = []
  readonly #refused: string[] = []
  // The gateway's book.
  readonly #places = new Map<string, Place>()
  #head = 0n
  #headSequence = 0n
  // The executor's book, and what it knows until it is killed.
  readonly #jobs = new Map<string, Job>()
  readonly #answered = new Set<string>()
  readonly #batches: OwnBatch[] = []
  #streams: Stream[] = []
  #nextSequence = 1
  #gatewayBack = 0
  #executorBack = 0
  #peaceUntil = 0
  #kills = 0
  #givenUp = 0
  #loose = 0

  constructor(setup: LaneSetup) {
    this.#setup = setup
    this.#random = randomOf(setup.seed)
  }

  live(): LaneLife {
    const { orderBlocks, lifeBlocks } = LANE_TIMES
    const isOver = (): boolean => this.#height > orderBlocks && this.#streams.length === 0 && this.#isSettled()
    for (; this.#height < orderBlocks + 2 * lifeBlocks && !isOver(); this.#height++) {
      this.#block()
    }
    this.#head = this.#accepted > this.#head ? this.#accepted : this.#head
    return {
      delivered: [...this.#places.values()].filter(({ state }) => state === 'done'),
      batched: this.#leaves.map(({ orderHash }) => orderHash),
      accepted: this.#accepted,
      owed: this.#head,
      paid: this.#leaves.reduce((sum, job) => sum + priceOfJob(job), 0n),
      kills: this.#kills,
      loose: this.#loose,
      givenUp: this.#givenUp,
      refused: this.#refused,
    }
  }

  #block(): void {
    this.#takeBatches()
    if (this.#isUp('gateway') && this.#isUp('executor')) {
      while (this.#height < LANE_TIMES.orderBlocks && this.#random(3) === 0) {
        this.#placeOrder()
      }
      this.#ask()
    }
    for (const stream of [...this.#streams].filter(({ due }) => due <= this.#height)) {
      this.#advance(stream)
      this.#maybeKill()
    }
    if (this.#isUp('executor')) {
      this.#batch()
    }
  }

  #isSettled(): boolean {
    const { open, openBatches } = this.#book()
    return open().length === 0 && openBatches().length === 0
  }

  #isUp(side: 'gateway' | 'executor'): boolean {
    return this.#height >= (side === 'gateway' ? this.#gatewayBack : this.#executorBack)
  }

  #placeOrder(): void {
    const open = this.#streams.filter(({ step, isCut }) => step === 'working' && !isCut)
    if (open.length >= MOST_UNDER_WAY) {
      return
    }
    // Other executors have the sequences between.
    this.#nextSequence += this.#random(3) === 0 ? 2 : 1
    const sequence = BigInt(this.#nextSequence)
    const price = PRICES[this.#random(PRICES.length)] ?? 1n
    const height = this.#height
    const job: Job = {
      orderHash: toHex(hashOf(sequence)),
      order: orderOfPlace(sequence, price, height),
      acceptedAtMs: height,
      state: 'running',
    }
    const name = job.orderHash
    this.#jobs.set(name, job)
    const claimed = laneHead(this.#book(), PAYER, this.#accepted)
    const place: Place = { name, sequence, price, height, claimed, state: 'open' }
    this.#places.set(name, place)
    this.#streams.push({ place, step: 'working', due: height + this.#random(10), isCut: false })
  }

  /** One step of an order: work, receipt, voucher, each stored before it is sent. */
  #advance(stream: Stream): void {
    const { place } = stream
    const job = this.#jobs.get(place.name)
    const isReachable = !stream.isCut && this.#isUp('gateway') && this.#isUp('executor')
    if (stream.step === 'working') {
      if (!this.#isUp('executor') || job?.state !== 'running') {
        this.#end(stream)
        return
      }
      // A gateway that went away gets a receipt for what there is.
      this.#jobs.set(place.name, { ...job, state: 'delivered', receipt: receiptOfPlace(place, this.#height) })
      stream.step = 'receipt'
      // A client that reads slowly keeps the receipt waiting behind its tokens.
      stream.due = this.#height + (this.#random(6) === 0 ? this.#random(5) : 0)
    } else if (stream.step === 'receipt') {
      if (!this.#isUp('gateway') || place.state !== 'open' || (stream.isCut && this.#random(2) === 0)) {
        this.#end(stream)
        return
      }
      this.#countersign(place, job)
      stream.step = 'voucher'
    } else {
      if (isReachable && place.voucher !== undefined && job?.state === 'delivered') {
        this.#jobs.set(place.name, { ...job, state: 'countersigned', voucher: place.voucher })
      }
      this.#end(stream)
    }
  }

  #end(stream: Stream): void {
    this.#streams = this.#streams.filter((each) => each !== stream)
    if (stream.place.state === 'open' && this.#isUp('gateway')) {
      stream.place.state = 'lost'
    }
  }

  /** As gateway/desk/countersigning.ts: behind the last voucher, or where the chain went on without us and the executor says so. */
  #countersign(place: Place, job: Job | undefined): void {
    if (place.claimed > this.#head) {
      this.#head = this.#accepted > this.#head ? this.#accepted : this.#head
    }
    this.#head += place.price
    this.#headSequence = place.sequence > this.#headSequence ? place.sequence : this.#headSequence
    const voucher = Voucher.fromPartial({
      payer: PAYER,
      executor: EXECUTOR,
      chainId: 'lane',
      cumulative: this.#head,
      total: this.#head,
      sequence: this.#headSequence,
      receiptHash: receiptHash(job?.receipt?.receipt ?? Receipt.fromPartial({})),
    })
    place.voucher = { voucher, signature: NO_SIGNATURE }
    place.state = 'done'
  }

  #maybeKill(): void {
    if (this.#height < this.#peaceUntil || this.#height >= LANE_TIMES.orderBlocks || this.#random(12) > 0) {
      return
    }
    this.#kills += 1
    const away = this.#random(2) === 0 ? this.#random(3) : this.#random(this.#setup.awayBlocks + 1)
    const isGateway = this.#random(2) === 0
    for (const stream of this.#streams) {
      stream.isCut = true
    }
    if (isGateway) {
      this.#gatewayBack = this.#height + away
      for (const place of this.#places.values()) {
        place.state = place.state === 'open' ? 'lost' : place.state
      }
    } else {
      this.#executorBack = this.#height + away
      this.#answered.clear()
      for (const [name, job] of this.#jobs) {
        if (job.state === 'running') {
          this.#jobs.set(name, { ...job, state: 'failed', errorCode: 'executor_restarted' })
        }
      }
      this.#streams = this.#streams.filter(({ step }) => step === 'receipt')
    }
    this.#peaceUntil = this.#height + away + PEACE_BLOCKS
  }

  /** As host/work/lanes.ts and gateway/desk/openings.ts: what is still open at the gateway is no answer. */
  #ask(): void {
    for (const job of this.#jobs.values()) {
      const place = this.#places.get(job.orderHash)
      const isAsked = job.state === 'delivered' && !this.#isLive(job.orderHash) && !this.#answered.has(job.orderHash)
      if (!isAsked || place === undefined || place.state === 'open' || this.#random(4) === 0) {
        continue
      }
      if (place.voucher === undefined) {
        this.#answered.add(job.orderHash)
      } else {
        this.#jobs.set(job.orderHash, { ...job, state: 'countersigned', voucher: place.voucher })
      }
    }
  }

  #isLive(name: string): boolean {
    return this.#streams.some(({ place, isCut, step, due }) => {
      const isWaiting = step !== 'receipt' || this.#height < due + 2
      return place.name === name && !isCut && isWaiting
    })
  }

  #batch(): void {
    const sending = this.#batches.filter(({ state }) => state === 'sending')
    const isHurried = this.#book()
      .open()
      .some((job) => job.receipt !== undefined && isUrgent(job, this.#rules()))
    const isDue = isHurried || this.#height % EVERY_BLOCKS === 0 || this.#random(8) === 0
    if (sending.length > 0 || !isDue) {
      return
    }
    const jobs = this.#book().open()
    const rules = this.#rules()
    const facts = this.#facts()
    for (const { job, code } of givenUpIn(jobs, facts, rules)) {
      this.#givenUp += 1
      this.#jobs.set(job.orderHash, { ...job, state: 'failed', errorCode: code })
    }
    const plan = planBatch(this.#book().open(), new Map([[toHex(PAYER), facts]]), rules)
    if (plan !== undefined) {
      this.#store(plan)
    }
  }

  #store({ batch, placed }: BatchPlan): void {
    this.#batches.push(batch)
    for (const [index, place] of placed.entries()) {
      const job = this.#jobs.get(place.orderHash)
      if (job !== undefined) {
        this.#jobs.set(place.orderHash, { ...job, ...place, state: 'batched', root: batch.root, index })
      }
    }
  }

  #rules(): PlanRules {
    return {
      signer: SIGNER,
      height: this.#height,
      countersignBlocks: LANE_TIMES.countersignBlocks,
      isOver: (name) => !this.#isLive(name),
      isAnswered: this.#setup.isAnswered ?? ((name) => this.#answered.has(name)),
      isFlushing: false,
    }
  }

  #facts(): LaneFacts {
    const batched = [...this.#jobs.values()].filter(({ state }) => state === 'batched')
    const named = batched.flatMap((job) =>
      job.reached === undefined ? [orderOf(job).sequence, job.voucher?.voucher?.sequence ?? 0n] : [job.reached],
    )
    const reached = named.reduce((most, each) => (each > most ? each : most), 0n)
    return { accepted: this.#accepted, available: 1_000_000n, reached, isSuspect: false }
  }

  /** What of the executor's book is asked here. */
  #book(): JobBook {
    const jobs = [...this.#jobs.values()]
    return {
      open: () => jobs.filter(({ state }) => state !== 'batched' && state !== 'failed'),
      openBatches: () => this.#batches.filter(({ state }) => state === 'sending'),
    } as unknown as JobBook
  }

  /** A block or two later; sent again by an executor that was killed in between. */
  #takeBatches(): void {
    for (const [at, batch] of this.#batches.entries()) {
      if (batch.state !== 'sending' || !this.#isUp('executor') || this.#random(3) === 0) {
        continue
      }
      const jobs = batch.leaves.map((name) => this.#jobs.get(name) as Job)
      const wrong = this.#violation(batch, jobs)
      if (wrong === undefined) {
        this.#batches[at] = { ...batch, state: 'taken' }
        this.#leaves.push(...jobs)
        this.#loose += batch.message.uncountersigned.length
      } else {
        if (wrong !== 'expired') {
          this.#refused.push(wrong)
        }
        this.#batches[at] = { ...batch, state: 'refused' }
        for (const { root: _root, index: _index, from: _from, to: _to, reached: _reached, ...job } of jobs) {
          this.#jobs.set(job.orderHash, { ...job, state: job.voucher === undefined ? 'delivered' : 'countersigned' })
        }
      }
    }
  }

  /** As chain/work/lane-claims.ts and uncountersigned.ts, and as each leaf would be judged if it were opened. */
  #violation({ message }: OwnBatch, jobs: readonly Job[]): string | undefined {
    const [lane] = message.lanes
    const { voucher } = lane?.voucher ?? {}
    const to = lane?.to ?? 0n
    let sequence = voucher !== undefined && voucher.sequence > this.#sequence ? voucher.sequence : this.#sequence
    let position = this.#accepted
    for (const job of jobs) {
      if (job.from !== position || job.to !== position + priceOfJob(job)) {
        return 'not_in_line'
      }
      position = job.to
      if (voucher !== undefined) {
        if (job.voucher?.voucher?.cumulative !== job.to) {
          return 'foreign_voucher'
        }
        continue
      }
      const { sequence: own, expiryHeight } = orderOf(job)
      const endHeight = Number(job.receipt?.receipt?.endHeight)
      if (
        own <= sequence ||
        endHeight + LANE_TIMES.countersignBlocks > this.#height ||
        expiryHeight < BigInt(this.#height)
      ) {
        return own <= sequence ? 'lane_behind' : expiryHeight < BigInt(this.#height) ? 'expired' : 'too_early'
      }
      sequence = own
    }
    if (position !== to || (voucher !== undefined && voucher.cumulative !== to)) {
      return 'uncovered'
    }
    this.#accepted = to
    this.#sequence = sequence
    return undefined
  }
}

function hashOf(sequence: bigint): Uint8Array {
  return sha256(u64be(sequence))
}

function orderOfPlace(sequence: bigint, price: bigint, height: number): SignedOrder {
  const order = Order.fromPartial({
    chainId: 'lane',
    payer: PAYER,
    sequence,
    total: price,
    model: 'lane/model',
    promptHash: HASH,
    requestHash: HASH,
    promptTokens: 1,
    maxTokens: 1,
    price: 1n,
    maxPrice: price,
    height: BigInt(height),
    expiryHeight: BigInt(height + LANE_TIMES.lifeBlocks),
    gatewayPeer: 'peer-gateway',
  })
  return { order, signature: NO_SIGNATURE }
}

function receiptOfPlace({ sequence, price }: Place, height: number): SignedReceipt {
  const receipt = Receipt.fromPartial({
    orderHash: hashOf(sequence),
    executor: EXECUTOR,
    promptTokens: 1,
    outputTokens: 1,
    tokensHash: HASH,
    scoresHash: HASH,
    startHeight: 1n,
    endHeight: BigInt(height),
    price,
    finish: FinishReason.FINISH_REASON_STOP,
    numericClass: 'fp32-wasm',
  })
  return { receipt, signature: NO_SIGNATURE }
}

/** Seeded; uniform enough to choose what happens next. */
function randomOf(seed: number): (limit: number) => number {
  let state = (seed * 0x9e3779b1 + 0x6d2b79f5) >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}
