/** One suite for every DeskStore: the gateway's file, and the store in memory that tests of the desk use. */
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { DeskStore, OrderEntry } from '../../src/gateway/desk/ports.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { openDeskStore } from '../../src/main/gateway/desk-store.ts'
import { tempTree } from '../support/temp-tree.ts'
import type { MadeOrder, MadeReceipt } from '../support/work/fixtures.ts'
import { makeOrder, makeReceipt, makeVoucher, secretsOf, testKey } from '../support/work/fixtures.ts'
import { MemoryDeskStore } from '../support/work/memory-desk-store.ts'

const STORES: Readonly<Record<string, () => DeskStore>> = {
  memory: () => new MemoryDeskStore(),
  file: () => {
    const store = openDeskStore(join(tempTree({}), 'orders.sqlite'))
    onTestFinished(() => store.close())
    return store
  },
}

const payer = testKey('payer')
const other = testKey('other payer')
const ada = testKey('ada/owner').address
const bea = testKey('bea/owner').address
const cyn = testKey('cyn/owner').address
/** Most that an order of this suite may cost: 4 prompt tokens at a quarter and 8 of output, a utail each. */
const MOST = 9n

function made(sequence: bigint, total = 100n, expiryHeight = 200n, key = payer): MadeOrder {
  return makeOrder(key, { prompt: [1, 2, 3, 4], maxTokens: 8, order: { sequence, total, expiryHeight } })
}

function entryOf(order: MadeOrder, over: Partial<OrderEntry> = {}): OrderEntry {
  return {
    orderHash: toHex(order.hash),
    payer: payer.address,
    order: order.signed,
    atMs: 1_000 + Number(order.order.sequence),
    state: 'drawing',
    skipped: [],
    outputTokens: 0,
    price: 0n,
    ...over,
  }
}

describe.each(Object.entries(STORES))('desk store: %s', (_name, create) => {
  let store: DeskStore

  beforeEach(() => {
    store = create()
  })

  async function streaming(sequence: bigint, executor = ada): Promise<{ order: MadeOrder; name: string }> {
    const order = made(sequence)
    const name = toHex(order.hash)
    await store.putOrder(entryOf(order))
    await store.nameCandidate(name, executor, [])
    await store.startStreaming(name)
    return { order, name }
  }

  async function countersign(order: MadeOrder, cumulative: bigint): Promise<MadeReceipt> {
    const receipt = makeReceipt(order, secretsOf('ada'))
    const voucher = makeVoucher(payer, order, receipt, cumulative)
    await store.countersign(toHex(order.hash), receipt.receipt, voucher, receipt.data)
    return receipt
  }

  it('starts a payer at one with nothing owed', async () => {
    expect(await store.payer(payer.address)).toEqual({ nextSequence: 1n, owed: 0n, reserved: 0n, promised: 0n })
    expect(await store.lane(payer.address, ada)).toEqual({ cumulative: 0n, sequence: 0n })
    expect(await store.order('00')).toBeUndefined()
    expect(await store.workData('00')).toBeUndefined()
  })

  it('takes each sequence once, and all below it', async () => {
    await store.putOrder(entryOf(made(1n, 50n)))
    await expect(store.putOrder(entryOf(made(1n, 51n)))).rejects.toMatchObject({ code: 'sequence_taken' })
    await store.putOrder(entryOf(made(7n, 40n)))
    await expect(store.putOrder(entryOf(made(6n)))).rejects.toMatchObject({ code: 'sequence_taken' })
    expect(await store.payer(payer.address)).toEqual({
      nextSequence: 8n,
      owed: 0n,
      reserved: 2n * MOST,
      promised: 50n,
    })
    expect(await store.payer(other.address)).toMatchObject({ nextSequence: 1n })
  })

  it('lets one of many have a sequence that all want at once', async () => {
    const tries = [1, 2, 3, 4].map((total) => store.putOrder(entryOf(made(1n, BigInt(100 + total)))))
    const ends = await Promise.allSettled(tries)
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await store.payer(payer.address)).toMatchObject({ nextSequence: 2n, reserved: MOST })
  })

  it('gives back an order as it was put, and with what became of it', async () => {
    const { order, name } = await streaming(1n)
    expect(await store.order(name)).toEqual({ ...entryOf(order), state: 'streaming', executor: ada })
    const receipt = await countersign(order, 4n)
    const voucher = makeVoucher(payer, order, receipt, 4n)
    expect(await store.order(name)).toEqual({
      ...entryOf(order),
      state: 'done',
      executor: ada,
      receipt: receipt.receipt,
      voucher,
      outputTokens: 3,
      price: 4n,
    })
    expect(await store.workData(name)).toEqual(receipt.data)
  })

  it('turns a reservation into the price, and moves the lane by it', async () => {
    const first = await streaming(1n)
    const second = await streaming(2n)
    await countersign(first.order, 4n)
    expect(await store.payer(payer.address)).toMatchObject({ owed: 4n, reserved: MOST })
    await countersign(second.order, 8n)
    expect(await store.payer(payer.address)).toMatchObject({ owed: 8n, reserved: 0n })
    expect(await store.lane(payer.address, ada)).toEqual({ cumulative: 8n, sequence: 2n })
    expect(await store.lane(payer.address, bea)).toEqual({ cumulative: 0n, sequence: 0n })
  })

  it('refuses a voucher that does not follow the last one, and leaves everything as it was', async () => {
    const first = await streaming(1n)
    const second = await streaming(2n)
    await countersign(first.order, 4n)
    for (const cumulative of [3n, 4n, 7n, 9n]) {
      await expect(countersign(second.order, cumulative)).rejects.toMatchObject({ code: 'lane_moved' })
    }
    expect(await store.order(second.name)).toMatchObject({ state: 'streaming' })
    expect(await store.payer(payer.address)).toMatchObject({ owed: 4n, reserved: MOST })
    await countersign(second.order, 8n)
  })

  it('finishes an order once', async () => {
    const { order, name } = await streaming(1n)
    await countersign(order, 4n)
    const late = [
      () => countersign(order, 8n),
      () => store.closeOrder(name, { errorCode: 'executor_lost', isOut: true }),
      () => store.nameCandidate(name, bea, []),
      () => store.startStreaming(name),
    ]
    for (const step of late) {
      await expect(step()).rejects.toMatchObject({ code: 'order_closed' })
    }
    expect(await store.payer(payer.address)).toMatchObject({ owed: 4n, reserved: 0n })
  })

  it('keeps what a lost order may cost until it has expired', async () => {
    const { name } = await streaming(1n)
    await store.closeOrder(name, { errorCode: 'executor_lost', isOut: true })
    expect(await store.order(name)).toMatchObject({ state: 'lost', errorCode: 'executor_lost' })
    expect(await store.watchedLanes()).toEqual([{ payer: payer.address, executor: ada }])
    await store.prune(200)
    expect(await store.payer(payer.address)).toMatchObject({ reserved: MOST })
    await store.prune(201)
    expect(await store.payer(payer.address)).toMatchObject({ reserved: 0n })
    expect(await store.watchedLanes()).toEqual([])
    expect(await store.order(name)).toMatchObject({ state: 'lost' })
  })

  it('releases what a failed order may cost at once, but goes on watching its lane', async () => {
    const { name } = await streaming(1n)
    await store.closeOrder(name, { errorCode: 'cancelled', isOut: false })
    expect(await store.order(name)).toMatchObject({ state: 'failed', errorCode: 'cancelled' })
    expect(await store.payer(payer.address)).toMatchObject({ reserved: 0n, owed: 0n })
    expect(await store.watchedLanes()).toEqual([{ payer: payer.address, executor: ada }])
  })

  it('reserves for each silent candidate beside, whatever becomes of the order', async () => {
    const order = made(1n)
    const name = toHex(order.hash)
    const silent = { executor: bea, reason: 'timeout' }
    await store.putOrder(entryOf(order))
    await store.nameCandidate(name, bea, [])
    await store.nameCandidate(name, cyn, [silent])
    expect(await store.payer(payer.address)).toMatchObject({ reserved: 2n * MOST })
    const skipped = [silent, { executor: cyn, reason: 'busy' }]
    await store.nameCandidate(name, ada, skipped)
    expect(await store.payer(payer.address)).toMatchObject({ reserved: 2n * MOST })
    await store.startStreaming(name)
    await countersign(order, 4n)
    expect(await store.order(name)).toMatchObject({ state: 'done', skipped })
    expect(await store.payer(payer.address)).toMatchObject({ owed: 4n, reserved: MOST })
    const lanes = (await store.watchedLanes()).map(({ executor }) => executor)
    expect(lanes).toEqual(expect.arrayContaining([ada, bea]))
    await store.prune(201)
    expect(await store.payer(payer.address)).toMatchObject({ owed: 4n, reserved: 0n })
  })

  it('notes at the end who was asked in vain', async () => {
    const order = made(1n)
    const name = toHex(order.hash)
    await store.putOrder(entryOf(order))
    await store.nameCandidate(name, ada, [])
    const skipped = [
      { executor: ada, reason: 'timeout' },
      { executor: bea, reason: 'unreachable' },
    ]
    await store.closeOrder(name, { errorCode: 'no_host', isOut: false, skipped })
    expect(await store.order(name)).toMatchObject({ state: 'failed', skipped })
    expect(await store.payer(payer.address)).toMatchObject({ reserved: MOST })
  })

  it('owes what the chain took without a voucher, once, and never goes back', async () => {
    const { order } = await streaming(1n)
    await store.reconcileLane(payer.address, ada, 6n)
    await store.reconcileLane(payer.address, ada, 6n)
    await store.reconcileLane(payer.address, ada, 2n)
    expect(await store.lane(payer.address, ada)).toEqual({ cumulative: 6n, sequence: 0n })
    expect(await store.payer(payer.address)).toMatchObject({ owed: 6n, reserved: MOST })
    await countersign(order, 10n)
    expect(await store.payer(payer.address)).toMatchObject({ owed: 10n, reserved: 0n })
    expect(await store.lane(payer.address, ada)).toEqual({ cumulative: 10n, sequence: 1n })
  })

  it('lists the newest first, of one payer or of all, and what is unfinished', async () => {
    const { name: first } = await streaming(1n)
    const { order, name: second } = await streaming(2n)
    const foreign = made(1n, 100n, 200n, other)
    await store.putOrder(entryOf(foreign, { payer: other.address, atMs: 1_002 }))
    await countersign(order, 4n)
    const third = toHex(foreign.hash)
    const names = (entries: readonly OrderEntry[]) => entries.map(({ orderHash }) => orderHash)
    expect(names(await store.orders(10))).toEqual([third, second, first])
    expect(names(await store.orders(2))).toEqual([third, second])
    expect(names(await store.orders(10, payer.address))).toEqual([second, first])
    expect(names(await store.unfinished()).sort()).toEqual([first, third].sort())
  })

  it('keeps where the receipt stands in its batch', async () => {
    const { order, name } = await streaming(1n)
    const { receipt } = await countersign(order, 4n)
    const batch = {
      id: 5n,
      txHash: 'AB'.repeat(32),
      root: new Uint8Array(32).fill(3),
      sum: 4n,
      leaves: 1,
      opening: { index: 0, leaf: undefined, path: [], order: order.signed, receipt },
    }
    await store.setBatch(name, batch)
    expect(await store.order(name)).toMatchObject({
      state: 'done',
      batch: { ...batch, opening: { index: 0, receipt } },
    })
  })

  it('forgets closed orders long after they have expired, never open ones', async () => {
    const { name: open } = await streaming(1n)
    const { order, name: done } = await streaming(2n)
    await countersign(order, 4n)
    await store.prune(50_200)
    expect(await store.order(done)).toBeDefined()
    await store.prune(50_201)
    expect(await store.order(done)).toBeUndefined()
    expect(await store.order(open)).toMatchObject({ state: 'streaming' })
    expect(await store.payer(payer.address)).toMatchObject({ nextSequence: 3n, owed: 4n, reserved: MOST })
    expect(await store.lane(payer.address, ada)).toEqual({ cumulative: 4n, sequence: 2n })
  })
})
