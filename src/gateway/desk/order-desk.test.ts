/** The order desk between scripted executors, a chain and a client: what an order comes to, and what it costs. */
import { describe, expect, it } from 'vitest'
import { createDeskWorld, DESK_DEPOSIT, GATEWAY_PEER } from '../../../test/support/work/desk-world.ts'
import { testKey } from '../../../test/support/work/fixtures.ts'
import { contradictionAmong, isForReceipt } from '../../../test/support/work/scripted-executor.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { FinishReason, SkipReason } from '../../protocol/gen/tailrace/v1/work.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import { orderHash, verifyOrder } from '../../protocol/work/order.ts'
import { verifyVoucher } from '../../protocol/work/receipt.ts'
import { createApiKey } from '../../protocol/work/session.ts'

/** Four prompt tokens at a quarter, eight of output: a utail each. */
const MOST = 9n
/** Of three output tokens. */
const PRICE = 4n
const NO_DELAY = 40

describe('an order', () => {
  it('brings its tokens and its receipt, and costs what the receipt says', async () => {
    const world = await createDeskWorld()
    const [first] = await world.nextDrawn()
    const order = world.follow()
    await world.advance(NO_DELAY)
    const placed = await order.placed
    expect(placed.executor).toBe(first?.owner.address)
    expect(order).toMatchObject({ tokens: [100, 101, 102], end: 'stop', result: { pricePaid: PRICE } })
    expect(await world.store.payer(world.payer.address)).toMatchObject({ nextSequence: 2n, owed: PRICE, reserved: 0n })
    expect(await world.store.order(placed.orderHash)).toMatchObject({ state: 'done', executor: placed.executor })
    expect(await world.desk.recent(5)).toMatchObject([{ orderHash: placed.orderHash, state: 'done', price: PRICE }])
    await world.desk.idle()
  })

  it('is signed by the session key, for the newest block, and vouched for in its lane', async () => {
    const world = await createDeskWorld()
    const [executor] = await world.nextDrawn()
    world.follow()
    await world.advance(NO_DELAY)
    const seen = executor?.orders[0]
    const { order, voucher, receipt } = { ...seen }
    expect(order).toMatchObject({
      sequence: 1n,
      total: MOST,
      maxPrice: MOST,
      height: BigInt(world.chain.height()),
      gatewayPeer: GATEWAY_PEER,
    })
    expect(order && verifyOrder(order, seen?.open.order?.signature ?? new Uint8Array(0), world.payer.publicKey)).toBe(
      true,
    )
    expect(voucher && receipt && isForReceipt(voucher, receipt)).toBe(true)
    expect(voucher?.voucher).toMatchObject({ cumulative: PRICE, sequence: 1n, total: MOST })
    expect(voucher?.voucher && verifyVoucher(voucher.voucher, voucher.signature, world.payer.publicKey)).toBe(true)
    expect(seen?.cancels).toBe(0)
  })

  it('promises all that is owed and open, one after the other, for orders that are placed at once', async () => {
    const world = await createDeskWorld({ hosts: { ada: { stepMs: 100 }, bea: { stepMs: 10 }, cyn: { stepMs: 35 } } })
    const orders = Array.from({ length: 12 }, () => world.follow())
    await world.advance(600)
    expect(orders.map(({ end }) => end)).toEqual(Array.from({ length: 12 }, () => 'stop'))
    const seen = world.executors.flatMap((executor) => executor.orders)
    const bySequence = seen.map(({ order }) => order).sort((a, b) => Number(a.sequence - b.sequence))
    expect(bySequence.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 12 }, (_, index) => BigInt(index + 1)),
    )
    expect(bySequence.map(({ total }) => total)).toEqual(
      Array.from({ length: 12 }, (_, index) => MOST * BigInt(index + 1)),
    )
    const vouchers = world.executors.map((executor) => executor.vouchers())
    expect(contradictionAmong(vouchers.flat())).toBeUndefined()
    for (const lane of vouchers) {
      expect(lane.map(({ voucher }) => voucher?.cumulative)).toEqual(lane.map((_, index) => PRICE * BigInt(index + 1)))
    }
    expect(await world.store.payer(world.payer.address)).toMatchObject({ owed: 12n * PRICE, reserved: 0n })
  })

  it('whose receipt comes after that of a later order is vouched for under the later number and the newest total', async () => {
    const world = await createDeskWorld({ hosts: { ada: {} } })
    const ada = world.executor('ada')
    ada.scripts.set(0, { stepMs: 200 })
    const [slow, fast] = [world.follow(), world.follow()]
    await world.advance(800)
    expect([slow.end, fast.end]).toEqual(['stop', 'stop'])
    expect(ada.orders.map(({ voucher }) => voucher?.voucher)).toMatchObject([
      { cumulative: 2n * PRICE, sequence: 2n, total: 2n * MOST },
      { cumulative: PRICE, sequence: 2n, total: 2n * MOST },
    ])
  })
})

describe('while the disk is full', () => {
  it('no new order is signed, and what is under way is vouched for', async () => {
    let isFull = false
    const world = await createDeskWorld({ hosts: { ada: { stepMs: 100 } }, isDiskFull: () => isFull })
    const underWay = world.follow()
    await world.advance(150)
    isFull = true
    const late = world.follow()
    await world.advance(600)
    expect([underWay.end, late.end]).toEqual(['stop', 'disk_full'])
    expect(world.executor('ada').vouchers()).toHaveLength(1)
    // Nothing was reserved and no number taken.
    expect(await world.store.payer(world.payer.address)).toMatchObject({ nextSequence: 2n, owed: PRICE, reserved: 0n })
    isFull = false
    const again = world.follow()
    await world.advance(600)
    expect(again.end).toBe('stop')
  })
})

describe('who is asked', () => {
  it('passes a host over that signs a refusal, and shows it to the next', async () => {
    const world = await createDeskWorld()
    const [first, second] = await world.nextDrawn()
    Object.assign(first as object, { script: { answer: 'refuse', code: 'busy' } })
    const order = world.follow()
    await world.advance(NO_DELAY)
    expect(order.end).toBe('stop')
    const [skip] = second?.orders[0]?.open.skipped ?? []
    expect(skip).toMatchObject({ host: first?.owner.bytes, reason: SkipReason.SKIP_REASON_REFUSED })
    expect(skip?.refusal?.refusal?.orderHash).toEqual(orderHash(second?.orders[0]?.order as never))
    const [row] = await world.desk.recent(1)
    expect(row?.skipped).toEqual([{ executor: first?.owner.address, reason: 'busy' }])
    expect(await world.store.payer(world.payer.address)).toMatchObject({ owed: PRICE, reserved: 0n })
  })

  it('waits so long for a silent host, and keeps in reserve what that one may still bring', async () => {
    const world = await createDeskWorld({ options: { acceptTimeoutMs: 500 } })
    const [first, second] = await world.nextDrawn()
    Object.assign(first as object, { script: { answer: 'silent' } })
    const order = world.follow()
    await world.advance(450)
    expect(second?.orders).toHaveLength(0)
    await world.advance(200)
    expect(order.end).toBe('stop')
    expect(second?.orders[0]?.open.skipped).toMatchObject([{ reason: SkipReason.SKIP_REASON_TIMEOUT }])
    expect(first?.orders[0]?.isOver).toBe(true)
    expect(await world.store.payer(world.payer.address)).toMatchObject({ owed: PRICE, reserved: MOST })
  })

  it.each(['forged_refusal', 'foreign_refusal', 'hang_up'] as const)('takes %s for silence', async (answer) => {
    const world = await createDeskWorld()
    const [first, second] = await world.nextDrawn()
    Object.assign(first as object, { script: { answer } })
    const order = world.follow()
    await world.advance(NO_DELAY)
    expect(order.end).toBe('stop')
    expect(second?.orders[0]?.open.skipped).toMatchObject([{ reason: SkipReason.SKIP_REASON_TIMEOUT }])
    expect(await world.store.payer(world.payer.address)).toMatchObject({ reserved: MOST })
  })

  it('reserves nothing for a host that the order never reached', async () => {
    const world = await createDeskWorld()
    const [first] = await world.nextDrawn()
    world.peers.setGone(first?.peerId ?? '', true)
    const order = world.follow()
    await world.advance(NO_DELAY)
    expect(order.end).toBe('stop')
    expect(await world.store.payer(world.payer.address)).toMatchObject({ owed: PRICE, reserved: 0n })
    expect(await world.desk.recent(1)).toMatchObject([{ skipped: [{ reason: 'timeout' }] }])
  })

  it('asks no more than three, and then says whether they were busy or silent', async () => {
    const busy = await createDeskWorld({
      hosts: {
        ada: { answer: 'refuse' },
        bea: { answer: 'refuse' },
        cyn: { answer: 'refuse' },
        dan: { answer: 'refuse' },
      },
    })
    const refused = busy.follow()
    await busy.advance(NO_DELAY)
    expect(refused.end).toBe('all_busy')
    expect(busy.executors.flatMap(({ orders }) => orders)).toHaveLength(3)
    expect(await busy.store.payer(busy.payer.address)).toMatchObject({ reserved: 0n, owed: 0n, nextSequence: 2n })

    const silent = await createDeskWorld({
      hosts: { ada: { answer: 'silent' }, bea: { answer: 'silent' }, cyn: { answer: 'silent' } },
      options: { acceptTimeoutMs: 100 },
    })
    const lost = silent.follow()
    await silent.advance(400)
    expect(lost.end).toBe('no_host')
    expect(await silent.store.payer(silent.payer.address)).toMatchObject({ reserved: 3n * MOST })
    await expect(lost.placed).rejects.toMatchObject({ fields: { retryAfterSeconds: 10 } })
  })

  it('asks nobody else where the escrow covers no second executor', async () => {
    const world = await createDeskWorld({ deposit: 20n, options: { acceptTimeoutMs: 100 } })
    const [first, second] = await world.nextDrawn()
    Object.assign(first as object, { script: { answer: 'silent' } })
    const order = world.follow({ maxTokens: 15 })
    await world.advance(200)
    expect(order.end).toBe('insufficient_quota')
    expect(second?.orders).toHaveLength(0)
    expect(await world.store.payer(world.payer.address)).toMatchObject({ reserved: 16n })
  })

  it('gives up where an executor finds the order itself at fault', async () => {
    const world = await createDeskWorld()
    const [first, second] = await world.nextDrawn()
    Object.assign(first as object, { script: { answer: 'fail', code: 'price_too_low' } })
    const order = world.follow()
    await world.advance(NO_DELAY)
    expect(order.end).toBe('order_refused')
    expect(second?.orders).toHaveLength(0)
    expect(await world.desk.recent(1)).toMatchObject([{ state: 'failed', errorCode: 'price_too_low' }])
    expect(await world.store.payer(world.payer.address)).toMatchObject({ reserved: 0n })
  })
})

describe('an executor that does not deliver', () => {
  it('dies in the middle: the client hears of it, what it may bring stays reserved until the order has expired', async () => {
    const world = await createDeskWorld({ hosts: { ada: { diesAfter: 2 } }, options: { orderBlocks: 20 } })
    const order = world.follow()
    await world.advance(NO_DELAY)
    expect(order).toMatchObject({ tokens: [100, 101], end: 'executor_lost' })
    expect(await world.store.payer(world.payer.address)).toMatchObject({ reserved: MOST, owed: 0n })
    expect(world.executor('ada').vouchers()).toEqual([])
    await world.blocks(80)
    expect(await world.store.payer(world.payer.address)).toMatchObject({ reserved: 0n, owed: 0n })
  })

  it('says that it failed', async () => {
    const world = await createDeskWorld({ hosts: { ada: { failsAfter: 1 } } })
    const order = world.follow()
    await world.advance(NO_DELAY)
    expect(order).toMatchObject({ tokens: [100], end: 'executor_failed' })
    expect(await world.desk.recent(1)).toMatchObject([{ state: 'failed', errorCode: 'inference_failed' }])
    expect(await world.store.payer(world.payer.address)).toMatchObject({ reserved: 0n })
  })

  it('brings its receipt to the chain without us: what the chain took is owed, and the lane goes on from there', async () => {
    const world = await createDeskWorld({ hosts: { ada: { diesAfter: 2 } }, options: { orderBlocks: 20 } })
    const ada = world.executor('ada')
    world.follow()
    await world.advance(NO_DELAY)
    const lane = world.chain.lanes
    lane.set(`${Buffer.from(world.payer.bytes).toString('hex')}/${ada.owner.address}`, { accepted: 3n, sequence: 1n })
    await world.blocks(80)
    expect(await world.store.payer(world.payer.address)).toMatchObject({ reserved: 0n, owed: 3n })
    ada.script = {}
    const next = world.follow()
    await world.advance(NO_DELAY)
    expect(next.end).toBe('stop')
    expect(ada.orders[1]?.order.total).toBe(3n + MOST)
    expect(ada.orders[1]?.voucher?.voucher).toMatchObject({ cumulative: 3n + PRICE })
  })

  it('sends more tokens than were ordered, or scores that do not fit', async () => {
    const tokens = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    const excess = { tokens, scores: new Uint8Array(tokens.length * SCORE_BYTES) }
    for (const script of [{ tokens: 9 }, { tokens: 0, frames: [{ $case: 'tokens', value: excess } as const] }]) {
      const world = await createDeskWorld({ hosts: { ada: script } })
      const order = world.follow()
      await world.advance(200)
      expect(order.end).toBe('executor_lost')
      expect(order.tokens.length).toBeLessThan(9)
      expect(await world.store.payer(world.payer.address)).toMatchObject({ reserved: MOST })
    }
  })

  it('only says that it is alive: the order ends when it has expired', async () => {
    const world = await createDeskWorld({ hosts: { ada: { beatsForever: true } }, options: { orderBlocks: 10 } })
    const order = world.follow()
    await world.blocks(9)
    expect(order.end).toBe('running')
    await world.blocks(4)
    expect(order).toMatchObject({ tokens: [100, 101, 102], end: 'executor_lost' })
    await world.desk.idle()
  })

  it('takes no voucher: the client does not wait for it, and it is given again when it is asked for', async () => {
    const world = await createDeskWorld({ hosts: { ada: { isDeafAtEnd: true } } })
    const order = world.follow()
    await world.advance(NO_DELAY)
    expect(order.end).toBe('stop')
    const ada = world.executor('ada')
    const receipt = ada.orders[0]?.receipt
    const port = world.peers.port('peer-asker')
    const asked = () => port.requestVoucher(GATEWAY_PEER, receipt as never, new AbortController().signal)
    const [first, second] = [await asked(), await asked()]
    expect(first?.voucher).toMatchObject({ cumulative: PRICE })
    expect(second).toEqual(first)
    const forged = { ...receipt, receipt: { ...receipt?.receipt, outputTokens: 5 } }
    expect(await port.requestVoucher(GATEWAY_PEER, forged as never, new AbortController().signal)).toBeUndefined()
  })
})

describe('a receipt that does not fit', () => {
  const other = testKey('other')
  const faults = {
    'another order': () => ({ orderHash: new Uint8Array(32).fill(1) }),
    'another executor': () => ({ executor: other.bytes }),
    'more prompt tokens': () => ({ promptTokens: 5 }),
    'more output tokens': () => ({ outputTokens: 4 }),
    'other tokens': () => ({ tokensHash: new Uint8Array(32).fill(2) }),
    'other scores': () => ({ scoresHash: new Uint8Array(32).fill(3) }),
    'a higher price': () => ({ price: PRICE + 1n }),
    'a lower price': () => ({ price: PRICE - 1n }),
    'a skip that was none': () => ({
      skipped: [{ host: other.bytes, reason: SkipReason.SKIP_REASON_TIMEOUT, refusal: undefined }],
    }),
  } as const

  it.each(Object.entries(faults))('%s: gets no voucher', async (_name, bend) => {
    const world = await createDeskWorld({ hosts: { ada: { bend } } })
    const order = world.follow()
    await world.advance(NO_DELAY)
    expect(order).toMatchObject({ tokens: [100, 101, 102], end: 'bad_receipt' })
    expect(world.executor('ada').vouchers()).toEqual([])
    expect(await world.store.payer(world.payer.address)).toMatchObject({ owed: 0n, reserved: MOST })
    expect(await world.store.lane(world.payer.address, world.executor('ada').owner.address)).toMatchObject({
      cumulative: 0n,
    })
  })

  it('signed by another key: gets no voucher', async () => {
    const world = await createDeskWorld({ hosts: { ada: { signer: other } } })
    const order = world.follow()
    await world.advance(NO_DELAY)
    expect(order.end).toBe('bad_receipt')
    expect(world.executor('ada').vouchers()).toEqual([])
  })

  it('for a prompt alone: gets no voucher where nobody cancelled', async () => {
    for (const finish of [FinishReason.FINISH_REASON_STOP, FinishReason.FINISH_REASON_CANCELLED]) {
      const world = await createDeskWorld({ hosts: { ada: { tokens: 0, finish } } })
      const order = world.follow()
      await world.advance(NO_DELAY)
      expect(order.end).toBe('bad_receipt')
    }
  })
})

describe('a lane', () => {
  it('does not follow what an executor claims', async () => {
    const world = await createDeskWorld({ hosts: { ada: { lane: 1_000n } } })
    world.follow()
    await world.advance(NO_DELAY)
    world.follow()
    await world.advance(NO_DELAY)
    const places = world
      .executor('ada')
      .vouchers()
      .map(({ voucher }) => voucher?.cumulative)
    expect(places).toEqual([PRICE, 2n * PRICE])
  })

  it('goes on from where it stands when the chain does not answer', async () => {
    const world = await createDeskWorld({ hosts: { ada: { lane: 1_000n } } })
    const order = world.follow()
    await world.settle()
    world.chain.isOut = true
    await world.advance(NO_DELAY)
    expect(order.end).toBe('stop')
    expect(world.executor('ada').vouchers()).toMatchObject([{ voucher: { cumulative: PRICE } }])
  })
})

describe('a client that leaves', () => {
  it('is told of by one cancel; the receipt for what was made is countersigned', async () => {
    const world = await createDeskWorld({ hosts: { ada: { tokens: 8, stepMs: 100 } } })
    const leaving = new AbortController()
    const order = world.follow({ signal: leaving.signal })
    await world.advance(250)
    leaving.abort()
    await world.advance(300)
    const [seen] = world.executor('ada').orders
    expect(seen?.cancels).toBe(1)
    expect(seen?.receipt?.receipt).toMatchObject({ finish: FinishReason.FINISH_REASON_CANCELLED, outputTokens: 3 })
    expect(seen?.voucher && seen.receipt && isForReceipt(seen.voucher, seen.receipt)).toBe(true)
    expect(order).toMatchObject({ end: 'cancelled', result: { pricePaid: PRICE } })
    expect(await world.store.payer(world.payer.address)).toMatchObject({ owed: PRICE, reserved: 0n })
  })

  it('stops reading and goes away: the executor is told once', async () => {
    const world = await createDeskWorld({ hosts: { ada: { tokens: 8, stepMs: 100 } } })
    const leaving = new AbortController()
    const placing = world.place({ signal: leaving.signal })
    await world.advance(NO_DELAY)
    const { tokens, result } = await placing
    const iterator = tokens[Symbol.asyncIterator]()
    await iterator.return?.()
    leaving.abort()
    await iterator.return?.()
    await world.advance(500)
    await expect(result).resolves.toMatchObject({ finish: 'cancelled' })
    expect(world.executor('ada').orders[0]).toMatchObject({ cancels: 1 })
  })

  it('stops reading: the order ends by itself', async () => {
    const world = await createDeskWorld({ hosts: { ada: { tokens: 8, stepMs: 100 } } })
    const placing = world.place()
    await world.advance(NO_DELAY)
    const placed = await placing
    const reading = (async () => {
      for await (const _chunk of placed.tokens) {
        break
      }
    })()
    await world.advance(500)
    await reading
    await expect(placed.result).resolves.toMatchObject({ finish: 'cancelled' })
    expect(world.executor('ada').orders[0]).toMatchObject({ cancels: 1 })
    await world.desk.idle()
  })

  it('never begins to read: the order ends by itself', async () => {
    const world = await createDeskWorld({ hosts: { ada: { tokens: 8, stepMs: 100 } } })
    const leaving = new AbortController()
    const placing = world.place({ signal: leaving.signal })
    await world.advance(NO_DELAY)
    const placed = await placing
    leaving.abort()
    await world.advance(500)
    await expect(placed.result).resolves.toMatchObject({ finish: 'cancelled' })
    await world.desk.idle()
    expect(await placed.tokens[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  })

  it('does not wait for ever for an executor that does not stop', async () => {
    for (const script of [
      { hidesReceipt: true },
      { beatsForever: true },
      { tokens: 8, stepMs: 5_000, heedsCancel: false },
    ]) {
      const world = await createDeskWorld({ hosts: { ada: script }, options: { receiptTimeoutMs: 1_000 } })
      const leaving = new AbortController()
      const order = world.follow({ signal: leaving.signal })
      await world.advance(100)
      leaving.abort()
      await world.advance(900)
      expect(order.end).toBe('running')
      await world.advance(200)
      expect(order.end).toBe('executor_lost')
      await world.desk.idle()
      expect(await world.store.payer(world.payer.address)).toMatchObject({ owed: 0n, reserved: MOST })
    }
  })

  it('leaves while executors are asked: nobody else is, and only who has the order may still bring something', async () => {
    const world = await createDeskWorld({ options: { acceptTimeoutMs: 1_000 } })
    const [first, second] = await world.nextDrawn()
    Object.assign(first as object, { script: { answer: 'silent' } })
    const leaving = new AbortController()
    const order = world.follow({ signal: leaving.signal })
    await world.advance(100)
    leaving.abort()
    await world.advance(1_500)
    expect(order.end).toBe('aborted')
    expect(second?.orders).toHaveLength(0)
    expect(await world.store.payer(world.payer.address)).toMatchObject({ reserved: MOST })
  })
})

describe('a gateway that starts again', () => {
  it('closes what was under way, and promises that beside every new order', async () => {
    const world = await createDeskWorld({ hosts: { ada: { tokens: 8, stepMs: 100 } } })
    world.follow()
    await world.advance(250)
    await world.restart()
    expect(await world.desk.recent(1)).toMatchObject([{ state: 'failed', errorCode: 'gateway_restarted' }])
    expect(await world.store.payer(world.payer.address)).toMatchObject({ reserved: MOST, owed: 0n })
    const next = world.follow()
    await world.advance(1_000)
    expect(next.end).toBe('stop')
    expect(world.executor('ada').orders[1]?.order).toMatchObject({ sequence: 2n, total: 2n * MOST })
  })
})

describe('an order that the payer cannot have', () => {
  const terms = {
    insufficient_quota: { deposit: 8n },
    key_expired: { escrow: { expiryHeight: 1n } },
    model_not_allowed: { escrow: { models: ['tail/other'] } },
    price_above_cap: { escrow: { maxPrice: 5n } },
  } as const
  it.each(Object.entries(terms))('ends with %s before anybody hears of it', async (code, setup) => {
    const world = await createDeskWorld(setup as Parameters<typeof createDeskWorld>[0])
    const order = world.follow()
    await world.advance(NO_DELAY)
    expect(order.end).toBe(code)
    expect(world.executors.flatMap(({ orders }) => orders)).toHaveLength(0)
    expect(await world.store.payer(world.payer.address)).toMatchObject({ nextSequence: 1n, reserved: 0n })
  })

  it.each([{ frozen: true }, { closed: true }, { releaseHeight: 5n }])(
    'ends where the escrow is %o',
    async (escrow) => {
      const world = await createDeskWorld({ escrow })
      const order = world.follow()
      await world.advance(NO_DELAY)
      expect(order.end).toBe('key_expired')
    },
  )

  it('ends for an unknown model, an unknown key, and where nobody serves', async () => {
    const world = await createDeskWorld()
    const ends = [
      world.follow({ request: { model: 'tail/none' } }),
      world.follow({ apiKey: createApiKey(new Uint8Array(32).fill(1)) }),
      world.follow({ apiKey: 'sk-none' }),
    ]
    await world.advance(NO_DELAY)
    expect(ends.map(({ end }) => end)).toEqual(['unknown_model', 'key_unknown', 'invalid_api_key'])
    const empty = await createDeskWorld({ hosts: {} })
    const order = empty.follow()
    await empty.advance(NO_DELAY)
    expect(order.end).toBe('no_host')
    expect(await empty.store.payer(empty.payer.address)).toMatchObject({ nextSequence: 1n })
  })

  it('never promises more than the escrow holds, however many are placed at once', async () => {
    const world = await createDeskWorld({ deposit: 100n, hosts: { ada: { stepMs: 20 } } })
    const orders = Array.from({ length: 30 }, () => world.follow())
    await world.advance(200)
    const ends = orders.map(({ end }) => end)
    expect(ends.filter((end) => end === 'stop')).toHaveLength(10)
    expect(ends.filter((end) => end === 'insufficient_quota')).toHaveLength(20)
    const totals = world.executor('ada').orders.map(({ order }) => order.total)
    expect(totals.every((total) => total <= 90n)).toBe(true)
  })

  it('is bounded in number', async () => {
    const world = await createDeskWorld({ hosts: { ada: { stepMs: 20 } }, options: { maxOpenOrders: 3 } })
    const orders = Array.from({ length: 5 }, () => world.follow())
    await world.advance(200)
    expect(orders.map(({ end }) => end).sort()).toEqual(['overloaded', 'overloaded', 'stop', 'stop', 'stop'])
    const later = world.follow()
    await world.advance(200)
    expect(later.end).toBe('stop')
  })
})

describe('a book that was lost', () => {
  it('begins above what was settled, and owes what was paid', async () => {
    const world = await createDeskWorld({ escrow: { paid: 40n } })
    world.follow()
    await world.advance(NO_DELAY)
    const [order] = world.executors.flatMap(({ orders }) => orders)
    expect(order?.order).toMatchObject({ sequence: 41n, total: 40n + MOST })
    expect(order?.order.total ?? 0n).toBeLessThan(DESK_DEPOSIT)
    expect(equalBytes(order?.order.payer ?? new Uint8Array(0), world.payer.bytes)).toBe(true)
  })
})
