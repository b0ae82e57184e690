import { afterEach, describe, expect, it } from 'vitest'
import { testKey } from '../../../../test/support/work/fixtures.ts'
import type { OrderOutcome } from '../../../../test/support/work/work-gateway.ts'
import { WorkGateway } from '../../../../test/support/work/work-gateway.ts'
import type { HostSetup, WorkWorld } from '../../../../test/support/work/work-world.ts'
import { createWorkWorld } from '../../../../test/support/work/work-world.ts'
import { toHex } from '../../../lib/bytes.ts'
import { sumBigint } from '../../../lib/fixed-point.ts'
import { priceOf } from '../../../protocol/work/price.ts'

const WISH = { prompt: [1, 2, 3, 4, 5, 6, 7, 8], maxTokens: 6 }
const OTHER_PAYER = testKey('other payer')

let world: WorkWorld | undefined

afterEach(async () => {
  await world?.stop()
  world = undefined
})

async function alone(setup: HostSetup = {}): Promise<WorkWorld> {
  world = await createWorkWorld({ ada: setup })
  return world
}

function priceOfOutcome(net: WorkWorld, { tokens, made }: OrderOutcome): bigint {
  return priceOf(net.chain.price, made.prompt.length, tokens.length)
}

function paidFor(net: WorkWorld, outcomes: readonly OrderOutcome[]): bigint {
  return sumBigint(outcomes.map((outcome) => priceOfOutcome(net, outcome)))
}

function noticesOf(net: WorkWorld): string[] {
  return net
    .host('ada')
    .work.view()
    .notices.map(({ code }) => code)
}

function batchesSent(net: WorkWorld): string[] {
  return net.chain.executed.filter(({ action }) => action === 'MsgSubmitBatch').map(({ log }) => log)
}

describe('batches', () => {
  it('take what was countersigned, every so many blocks, one leaf for each receipt', async () => {
    const net = await alone()
    const placed = [1, 2, 3].map(() => net.gateway.place(WISH))
    await net.until('a batch', () => net.chain.batches.length > 0)
    expect(net.chain.batches).toMatchObject([{ leaves: 3, sum: paidFor(net, placed) }])
    const more = net.gateway.place(WISH)
    await net.until('another batch', () => net.chain.batches.length > 1)
    const [first, second] = net.chain.batches
    expect(Number((second?.height ?? 0n) - (first?.height ?? 0n))).toBeGreaterThanOrEqual(6)
    expect(second?.sum).toBe(priceOfOutcome(net, more))
    expect(net.peers.batches.map(({ batch }) => batch)).toEqual([1n, 2n])
  })

  it('hold the lanes of several payers, in address order', async () => {
    const net = await alone()
    net.chain.deposit(OTHER_PAYER, 10_000n)
    const other = new WorkGateway(net.chain, net.peers, OTHER_PAYER, 'peer-other')
    const placed = [net.gateway.place(WISH), other.place(WISH), net.gateway.place(WISH)]
    await net.until('a batch', () => net.chain.batches.length > 0)
    expect(net.chain.batches).toMatchObject([{ leaves: 3, sum: paidFor(net, placed) }])
    expect(net.chain.batches[0]?.lanes).toHaveLength(2)
    expect(net.chain.escrowOf(OTHER_PAYER).paid).toBe(paidFor(net, placed.slice(1, 2)))
  })

  it('fetch a voucher whose stream broke, and need no later one', async () => {
    const net = await alone()
    const lost = net.gateway.place({ ...WISH, conduct: 'voucher_lost' })
    await net.until('a batch', () => net.chain.batches.length > 0)
    expect(net.chain.batches[0]?.lanes[0]?.countersigned).toBe(priceOfOutcome(net, lost))
    expect(net.host('ada').work.view().jobs[0]?.state).toBe('batched')
  })

  it('fill the place of a voucher that never arrives with its receipt alone, and go on behind it', async () => {
    const net = await alone()
    const lost = net.gateway.place({ ...WISH, conduct: 'voucher_lost' })
    await net.advance(900)
    // The gateway countersigned it, and then forgot: nobody can be asked for this voucher again.
    net.gateway.vouchers.delete(toHex(lost.made.hash))
    const later = [net.gateway.place(WISH), net.gateway.place({ ...WISH, maxTokens: 3 })]
    await net.until('two batches', () => net.chain.batches.length > 1)
    const price = priceOfOutcome(net, lost)
    expect(net.chain.batches.map(({ lanes }) => lanes[0])).toMatchObject([
      { from: 0n, to: price, countersigned: 0n },
      { from: price, to: price + paidFor(net, later), countersigned: price + paidFor(net, later) },
    ])
    expect(batchesSent(net)).toEqual(['', ''])
    await net.until('both are paid', () => net.chain.batches.every(({ state }) => state === 'paid'))
  })

  it('bring a receipt without a voucher after the waiting time, each drawn for certain', async () => {
    const net = await alone()
    const outcome = net.gateway.place({ ...WISH, conduct: 'no_voucher' })
    await net.blocks(2)
    const made = Number(outcome.receipt?.receipt?.endHeight)
    await net.until('a batch', () => net.chain.batches.length > 0)
    const [batch] = net.chain.batches
    expect(Number(batch?.height)).toBeGreaterThanOrEqual(made + net.chain.params.serving.countersignBlocks)
    expect(batch?.lanes[0]).toMatchObject({ from: 0n, countersigned: 0n, to: priceOfOutcome(net, outcome) })
    await net.until('it is paid', () => batch?.state === 'paid')
  })

  it('bring what a gateway that vanished had got', async () => {
    const net = await alone()
    const outcome = net.gateway.place({ prompt: [1, 2], maxTokens: 50, conduct: 'vanish', after: 4 })
    await net.until('a batch', () => net.chain.batches.length > 0)
    const job = net.host('ada').work.view().jobs[0]
    expect(outcome.end).toBe('vanished')
    expect(job?.outputTokens).toBeGreaterThanOrEqual(4)
    expect(job?.outputTokens).toBeLessThanOrEqual(8)
    expect(net.chain.batches[0]?.sum).toBe(priceOf(net.chain.price, 2, job?.outputTokens ?? 0))
  })

  it('take vouchers further than an uncountersigned receipt when the payer goes on', async () => {
    const net = await alone()
    const loose = net.gateway.place({ ...WISH, conduct: 'no_voucher' })
    await net.until('a batch', () => net.chain.batches.length > 0)
    const next = net.gateway.place(WISH)
    await net.blocks(2)
    expect(next.lane).toBe(priceOfOutcome(net, loose))
    await net.until('another batch', () => net.chain.batches.length > 1)
    expect(net.chain.escrowOf(net.payer).paid).toBe(paidFor(net, [loose, next]))
  })

  it('leave a gap to the receipt that it belongs to, however alike another one is', async () => {
    const net = await alone()
    const alike = net.gateway.place({ ...WISH, conduct: 'no_voucher' })
    const lost = net.gateway.place({ ...WISH, conduct: 'voucher_lost' })
    const next = net.gateway.place(WISH)
    await net.until('the receipts', () => [alike, lost, next].every(({ end }) => end === 'receipt'))
    expect(priceOfOutcome(net, alike)).toBe(priceOfOutcome(net, lost))
    net.peers.setGone(net.gateway.peerId, true)
    await net.blocks(9)
    expect(net.chain.batches).toEqual([])
    net.peers.setGone(net.gateway.peerId, false)
    await net.until('a batch', () => net.chain.batches.length > 0)
    expect(net.chain.batches[0]).toMatchObject({ leaves: 2, sum: paidFor(net, [lost, next]) })
    const states = new Map(
      net
        .host('ada')
        .work.view()
        .jobs.map(({ orderHash, state }) => [orderHash, state]),
    )
    expect([lost, next].map(({ made }) => states.get(toHex(made.hash)))).toEqual(['batched', 'batched'])
  })

  it('give up a receipt that its payer passed over, and say so', async () => {
    const net = await alone()
    net.gateway.place({ ...WISH, conduct: 'no_voucher' })
    await net.advance(900)
    const next = net.gateway.place(WISH)
    await net.until('it is given up', () => noticesOf(net).includes('receipt_lost'))
    expect(net.chain.escrowOf(net.payer).paid).toBe(priceOfOutcome(net, next))
    expect(net.host('ada').work.view().jobs[1]).toMatchObject({ state: 'failed', errorCode: 'never_countersigned' })
  })

  it.each(['lost_before', 'lost_after'] as const)(
    'survive a transaction of which nothing is heard: %s',
    async (fault) => {
      const net = await alone()
      net.chain.lineFaults.push({ action: 'MsgSubmitBatch', fault })
      const outcome = net.gateway.place(WISH)
      await net.until('the batch is taken', () => noticesOf(net).includes('batch_taken'))
      await net.blocks(12)
      expect(net.chain.batches).toHaveLength(1)
      expect(net.chain.escrowOf(net.payer).paid).toBe(priceOfOutcome(net, outcome))
      expect(net.host('ada').work.view().jobs[0]?.batch).toMatchObject({ id: 1n, state: 'paid' })
    },
  )

  it('send again after the node forgot the transaction', async () => {
    const net = await alone()
    net.chain.lineFaults.push({ action: 'MsgSubmitBatch', fault: 'lost_after' })
    const outcome = net.gateway.place(WISH)
    await net.until('it is sent', () => net.chain.lineFaults.length === 0)
    net.chain.dropMempool()
    await net.until('the batch is taken', () => noticesOf(net).includes('batch_taken'))
    expect(net.chain.escrowOf(net.payer).paid).toBe(priceOfOutcome(net, outcome))
  })

  it('bring the other lanes where one of them cannot pay', async () => {
    const net = await alone()
    net.chain.deposit(OTHER_PAYER, 1_000n)
    const other = new WorkGateway(net.chain, net.peers, OTHER_PAYER, 'peer-other')
    const good = net.gateway.place(WISH)
    other.place(WISH)
    await net.blocks(2)
    // What the escrow query answers is not what the chain decides: the lane is closed behind this host's back.
    net.chain.refusedPayers.add(toHex(OTHER_PAYER.bytes))
    await net.until('the good lane is paid', () => net.chain.escrowOf(net.payer).paid > 0n)
    expect(net.chain.escrowOf(net.payer).paid).toBe(priceOfOutcome(net, good))
    const refused = () => batchesSent(net).filter((log) => log !== '').length
    expect(refused()).toBeGreaterThan(0)
    await net.blocks(60)
    // Alone and less and less often: the others are not kept waiting.
    expect(refused()).toBeLessThan(8)
    net.chain.refusedPayers.clear()
    await net.until('the other lane is paid', () => net.chain.escrowOf(OTHER_PAYER).paid > 0n)
  })

  it('find a batch that was thought refused, and take its receipts out of a later one', async () => {
    const net = await alone()
    net.chain.lineFaults.push({ action: 'MsgSubmitBatch', fault: 'lost_after' })
    const first = net.gateway.place(WISH)
    await net.until('it is sent', () => net.chain.lineFaults.length === 0)
    net.chain.holdMempool()
    net.chain.refusedPayers.add(toHex(net.payer.bytes))
    await net.until('it is thought refused', () => noticesOf(net).includes('batch_refused'))
    const second = net.gateway.place(WISH)
    await net.blocks(2)
    net.chain.refusedPayers.clear()
    net.chain.releaseHeld()
    await net.until(
      'everything is paid',
      () => net.chain.escrowOf(net.payer).paid === paidFor(net, [first, second]),
      80,
    )
    await net.blocks(20)
    expect(net.chain.escrowOf(net.payer).paid).toBe(paidFor(net, [first, second]))
    const states = net
      .host('ada')
      .work.view()
      .jobs.map(({ state, batch }) => [state, batch?.state])
    expect(states).toEqual([
      ['batched', 'paid'],
      ['batched', 'paid'],
    ])
  })

  it('go at once after a restart, however often the host is restarted', async () => {
    const net = await alone({ options: { batchEveryBlocks: 500 } })
    const ada = net.host('ada')
    const outcome = net.gateway.place(WISH)
    await net.until('the voucher', () => ada.work.view().jobs.some(({ state }) => state === 'countersigned'))
    await net.blocks(8)
    expect(net.chain.batches).toEqual([])
    await ada.stop()
    await ada.start()
    await net.until('a batch', () => net.chain.batches.length > 0, 12)
    expect(net.chain.batches[0]?.sum).toBe(priceOfOutcome(net, outcome))
  })

  it('go at once when the orders in them would expire', async () => {
    const net = await alone({ options: { batchEveryBlocks: 500 } })
    const expiryHeight = BigInt(net.chain.height() + 40)
    const outcome = net.gateway.place({ ...WISH, order: { expiryHeight } })
    await net.until('a batch', () => net.chain.batches.length > 0)
    expect(net.chain.batches[0]?.height).toBeLessThanOrEqual(expiryHeight)
    expect(net.chain.batches[0]?.sum).toBe(priceOfOutcome(net, outcome))
  })
})
