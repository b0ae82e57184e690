import type {
  BatchOfOrder,
  DeskStore,
  LaneHead,
  OrderEnd,
  OrderEntry,
  PayerBook,
  SkippedExecutor,
} from '../../../src/gateway/desk/ports.ts'
import { SILENT } from '../../../src/gateway/desk/ports.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import type { Order, SignedReceipt, SignedVoucher, WorkData } from '../../../src/protocol/gen/tailrace/v1/work.ts'

interface Row {
  entry: OrderEntry
  reserved: bigint
  isWatched: boolean
  data?: WorkData
}

const KEEP_BLOCKS = 50_000

/** The gateway's book in memory: the same rules as the file's, written a second time. It outlives the desks that use it. */
export class MemoryDeskStore implements DeskStore {
  readonly #rows = new Map<string, Row>()
  readonly #payers = new Map<string, PayerBook>()
  readonly #lanes = new Map<string, LaneHead>()

  async payer(payer: string): Promise<PayerBook> {
    return this.#bookOf(payer)
  }

  async putOrder(entry: OrderEntry): Promise<void> {
    const book = this.#bookOf(entry.payer)
    const { sequence, maxPrice, total } = orderOf(entry)
    if (sequence < book.nextSequence) {
      throw new CodedError('sequence_taken', 'another order has this sequence')
    }
    this.#payers.set(entry.payer, {
      nextSequence: sequence + 1n,
      owed: book.owed,
      reserved: book.reserved + maxPrice,
      promised: total > book.promised ? total : book.promised,
    })
    this.#rows.set(entry.orderHash, { entry, reserved: maxPrice, isWatched: false })
  }

  async nameCandidate(orderHash: string, executor: string, skipped: readonly SkippedExecutor[]): Promise<void> {
    const row = this.#open(orderHash)
    row.entry = { ...row.entry, executor }
    this.#note(row, skipped, true)
  }

  async startStreaming(orderHash: string): Promise<void> {
    const row = this.#open(orderHash)
    row.entry = { ...row.entry, state: 'streaming' }
  }

  async countersign(orderHash: string, receipt: SignedReceipt, voucher: SignedVoucher, data: WorkData): Promise<void> {
    const row = this.#open(orderHash)
    const { price = 0n, outputTokens = 0 } = receipt.receipt ?? {}
    const { cumulative = 0n, sequence = 0n } = voucher.voucher ?? {}
    const { payer, executor = '' } = row.entry
    if (this.#laneOf(payer, executor).cumulative + price !== cumulative) {
      throw new CodedError('lane_moved', 'the voucher does not follow the last one of its lane')
    }
    row.entry = { ...row.entry, state: 'done', receipt, voucher, outputTokens, price }
    row.data = data
    row.isWatched = true
    this.#note(row, row.entry.skipped, false)
    this.#moveLane(payer, executor, { cumulative, sequence })
  }

  async closeOrder(orderHash: string, { errorCode, isOut, skipped }: OrderEnd): Promise<void> {
    const row = this.#open(orderHash)
    row.entry = { ...row.entry, state: isOut ? 'lost' : 'failed', errorCode }
    row.isWatched = true
    this.#note(row, skipped ?? row.entry.skipped, isOut)
  }

  async lane(payer: string, executor: string): Promise<LaneHead> {
    return this.#laneOf(payer, executor)
  }

  async reconcileLane(payer: string, executor: string, accepted: bigint): Promise<void> {
    const lane = this.#laneOf(payer, executor)
    if (accepted > lane.cumulative) {
      this.#moveLane(payer, executor, { ...lane, cumulative: accepted })
    }
  }

  async watchedLanes(): Promise<readonly { readonly payer: string; readonly executor: string }[]> {
    const lanes = [...this.#rows.values()]
      .filter(({ isWatched }) => isWatched)
      .flatMap(({ entry }) => {
        const asked = entry.executor === undefined ? [] : [entry.executor]
        return [...asked, ...entry.skipped.map(({ executor }) => executor)].map((executor) => ({
          payer: entry.payer,
          executor,
        }))
      })
    return [...new Map(lanes.map((lane) => [`${lane.payer}/${lane.executor}`, lane])).values()]
  }

  async order(orderHash: string): Promise<OrderEntry | undefined> {
    return this.#rows.get(orderHash)?.entry
  }

  async workData(orderHash: string): Promise<WorkData | undefined> {
    return this.#rows.get(orderHash)?.data
  }

  async setBatch(orderHash: string, batch: BatchOfOrder): Promise<void> {
    const row = this.#rows.get(orderHash)
    if (row !== undefined) {
      row.entry = { ...row.entry, batch }
    }
  }

  async orders(limit: number, payer?: string): Promise<readonly OrderEntry[]> {
    const entries = [...this.#rows.values()].map(({ entry }) => entry).reverse()
    return entries
      .filter((entry) => payer === undefined || entry.payer === payer)
      .sort((a, b) => b.atMs - a.atMs)
      .slice(0, limit)
  }

  async unfinished(): Promise<readonly OrderEntry[]> {
    return [...this.#rows.values()].map(({ entry }) => entry).filter(isOpen)
  }

  async prune(belowHeight: number): Promise<void> {
    for (const [name, row] of this.#rows) {
      const expiry = Number(orderOf(row.entry).expiryHeight)
      if (row.isWatched && expiry < belowHeight) {
        row.isWatched = false
        this.#setReserved(row, 0n)
      }
      if (!row.isWatched && !isOpen(row.entry) && expiry < belowHeight - KEEP_BLOCKS) {
        this.#rows.delete(name)
      }
    }
  }

  #bookOf(payer: string): PayerBook {
    return this.#payers.get(payer) ?? { nextSequence: 1n, owed: 0n, reserved: 0n, promised: 0n }
  }

  #laneOf(payer: string, executor: string): LaneHead {
    return this.#lanes.get(`${payer}/${executor}`) ?? { cumulative: 0n, sequence: 0n }
  }

  #note(row: Row, skipped: readonly SkippedExecutor[], isOut: boolean): void {
    row.entry = { ...row.entry, skipped }
    const silent = skipped.filter(({ reason }) => reason === SILENT).length
    this.#setReserved(row, orderOf(row.entry).maxPrice * BigInt(silent + (isOut ? 1 : 0)))
  }

  #setReserved(row: Row, reserved: bigint): void {
    const book = this.#bookOf(row.entry.payer)
    this.#payers.set(row.entry.payer, { ...book, reserved: book.reserved + reserved - row.reserved })
    row.reserved = reserved
  }

  #moveLane(payer: string, executor: string, to: LaneHead): void {
    const from = this.#laneOf(payer, executor).cumulative
    const book = this.#bookOf(payer)
    this.#payers.set(payer, { ...book, owed: book.owed + to.cumulative - from })
    this.#lanes.set(`${payer}/${executor}`, to)
  }

  #open(orderHash: string): Row {
    const row = this.#rows.get(orderHash)
    if (row === undefined || !isOpen(row.entry)) {
      throw new CodedError('order_closed', 'this order is not open')
    }
    return row
  }
}

function isOpen({ state }: OrderEntry): boolean {
  return state === 'drawing' || state === 'streaming'
}

function orderOf({ order }: OrderEntry): Order {
  if (order.order === undefined) {
    throw new CodedError('internal', 'a signed order has its order')
  }
  return order.order
}
