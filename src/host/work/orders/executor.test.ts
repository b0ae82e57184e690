import { afterEach, describe, expect, it } from 'vitest'
import type { TestKey } from '../../../../test/support/work/fixtures.ts'
import { testKey } from '../../../../test/support/work/fixtures.ts'
import { MODEL_PRICE } from '../../../../test/support/work/work-chain.ts'
import type { OrderOutcome } from '../../../../test/support/work/work-gateway.ts'
import { WorkGateway } from '../../../../test/support/work/work-gateway.ts'
import type { HostSetup, WorkWorld } from '../../../../test/support/work/work-world.ts'
import { createWorkWorld } from '../../../../test/support/work/work-world.ts'
import { equalBytes, toHex } from '../../../lib/bytes.ts'
import { decodeAddress } from '../../../protocol/address.ts'
import { FinishReason, SkipReason } from '../../../protocol/gen/tailrace/v1/work.ts'
import { verifyBytes } from '../../../protocol/signature.ts'
import { refusalHash } from '../../../protocol/work/order.ts'
import { priceOf } from '../../../protocol/work/price.ts'

const PROMPT = [1, 2, 3, 4, 5, 6, 7, 8]
const WISH = { prompt: PROMPT, maxTokens: 6 }

let world: WorkWorld | undefined

afterEach(async () => {
  await world?.stop()
  world = undefined
})

/** One host alone: everything is drawn for it. */
async function alone(setup: HostSetup = {}): Promise<WorkWorld> {
  world = await createWorkWorld({ ada: setup })
  return world
}

function jobsOf(net: WorkWorld) {
  return net.host('ada').work.view().jobs
}

describe('an executor', () => {
  it('makes the same tokens for the same order and hands out each once', async () => {
    const net = await alone()
    const first = net.gateway.place({ ...WISH, request: { seed: 7n } })
    const second = net.gateway.place({ ...WISH, request: { seed: 7n } })
    const other = net.gateway.place({ ...WISH, request: { seed: 8n } })
    await net.blocks(4)
    expect(first.tokens).toHaveLength(6)
    expect(second.tokens).toEqual(first.tokens)
    expect(other.tokens).not.toEqual(first.tokens)
  })

  it('sends heartbeats while an order waits for its turn, at least every two seconds', async () => {
    const net = await alone({ toy: { stepMs: 1_000 } })
    net.gateway.place(WISH)
    const waiting = net.gateway.place(WISH)
    await net.blocks(5)
    expect(waiting.frames[0]).toBe('accepted')
    expect(waiting.tokens).toEqual([])
    expect(waiting.heartbeats).toBeGreaterThanOrEqual(2)
    await net.blocks(8)
    expect(waiting.end).toBe('receipt')
  })

  it('refuses by its signature when the queue is full, and gives the same refusal again', async () => {
    const net = await alone({ options: { queueLimit: 1 }, toy: { stepMs: 500 } })
    const placed = [1, 2, 3].map(() => net.gateway.place(WISH))
    await net.advance(500)
    const refused = placed[2] as OrderOutcome
    expect(refused).toMatchObject({ end: 'refused', code: 'busy' })
    const { refusal, signature } = refused.refusal ?? { refusal: undefined, signature: new Uint8Array(0) }
    expect(equalBytes(refusal?.orderHash ?? PAYER.bytes, refused.made.hash)).toBe(true)
    const { device } = net.host('ada')
    expect(refusal && verifyBytes(device.publicKey, refusalHash(refusal), signature)).toBe(true)
    await net.blocks(10)
    expect(net.host('ada').work.view().queue).toEqual({ running: 0, waiting: 0, refuses: undefined })
    const again = net.gateway.place({ ...WISH, again: refused.made })
    await net.blocks(1)
    expect(again.refusal).toEqual(refused.refusal)
    expect(net.host('ada').inference.begun).toHaveLength(2)
  })

  it('answers a repeated order with the stored tokens and receipt and works once', async () => {
    const net = await alone()
    const lost = net.gateway.place({ ...WISH, conduct: 'voucher_lost' })
    await net.blocks(1)
    const again = net.gateway.place({ ...WISH, again: lost.made })
    await net.blocks(1)
    expect(again).toMatchObject({ end: 'receipt', tokens: lost.tokens })
    expect(again.receipt).toEqual(lost.receipt)
    expect(net.host('ada').inference.begun).toHaveLength(1)
    expect(net.gateway.receipts.get(toHex(lost.made.hash))?.size).toBe(1)
    await net.blocks(20)
    expect(net.chain.escrowOf(net.payer).paid).toBe(priceOf(net.chain.price, 8, 6))
  })

  it('does not take an order that is running a second time, nor from another peer', async () => {
    const net = await alone({ toy: { stepMs: 500 } })
    const first = net.gateway.place(WISH)
    await net.advance(1_000)
    const second = net.gateway.place({ ...WISH, again: first.made })
    const thief = new WorkGateway(net.chain, net.peers, net.payer, 'peer-thief')
    const stolen = thief.place({ ...WISH, again: first.made })
    await net.blocks(6)
    expect(second).toMatchObject({ end: 'failed', code: 'order_running' })
    expect(stolen.end).toBe('failed')
    expect(first.end).toBe('receipt')
    const late = thief.place({ ...WISH, again: first.made })
    await net.blocks(1)
    expect(late).toMatchObject({ end: 'failed', code: 'wrong_gateway' })
  })

  it('takes one order of a sequence and reports the payer for the other', async () => {
    const net = await alone()
    const first = net.gateway.place({ ...WISH, order: { sequence: 5n } })
    const second = net.gateway.place({ ...WISH, prompt: [9, 9], order: { sequence: 5n } })
    await net.blocks(4)
    expect(first.end).toBe('receipt')
    expect(second).toMatchObject({ end: 'failed', code: 'sequence_used' })
  })

  it('stops within a token when the gateway cancels, and asks for what it made', async () => {
    const net = await alone()
    const outcome = net.gateway.place({ prompt: PROMPT, maxTokens: 100, conduct: 'cancel', after: 3 })
    await net.blocks(2)
    expect(outcome.end).toBe('receipt')
    expect(outcome.tokens.length).toBeLessThanOrEqual(5)
    const { receipt } = outcome.receipt ?? {}
    expect(receipt).toMatchObject({ finish: FinishReason.FINISH_REASON_CANCELLED, outputTokens: outcome.tokens.length })
    expect(net.host('ada').work.view().queue.running).toBe(0)
  })

  it('asks for nothing where it is cancelled before the first token', async () => {
    const net = await alone({ toy: { stepMs: 5_000 } })
    const outcome = net.gateway.place({ ...WISH, conduct: 'cancel', after: 0 })
    await net.blocks(2)
    expect(outcome).toMatchObject({ end: 'failed', code: 'cancelled' })
    expect(jobsOf(net)[0]).toMatchObject({ state: 'failed', errorCode: 'cancelled', price: 0n })
    await net.blocks(20)
    expect(net.chain.escrowOf(net.payer).paid).toBe(0n)
  })

  it('treats a gateway that takes no tokens as gone, and goes on with the next order', async () => {
    const net = await alone()
    net.gateway.place({ prompt: PROMPT, maxTokens: 100, conduct: 'stall' })
    const next = net.gateway.place(WISH)
    await net.blocks(30)
    expect(next.end).toBe('receipt')
    expect(jobsOf(net)[1]?.state).not.toBe('running')
  })

  it('fails an order whose work fails, unpaid, and loads the model anew', async () => {
    const net = await alone()
    const { inference, work } = net.host('ada')
    inference.faults.generate = 'device_lost'
    const failed = net.gateway.place(WISH)
    await net.blocks(1)
    expect(failed).toMatchObject({ end: 'failed', code: 'inference_failed' })
    expect(work.view().notices.map(({ code }) => code)).toContain('order_failed')
    delete inference.faults.generate
    await net.blocks(2)
    const next = net.gateway.place(WISH)
    await net.blocks(2)
    expect(next.end).toBe('receipt')
    expect(net.chain.escrowOf(net.payer).paid).toBe(0n)
  })

  it('refuses while its device races, unless it is told that both go together', async () => {
    const net = await alone()
    net.host('ada').context.view.update({ phase: 'racing' })
    const refused = net.gateway.place(WISH)
    await net.blocks(1)
    expect(refused).toMatchObject({ end: 'refused', code: 'busy' })
    await net.stop()
    const both = await alone({ options: { busyWhileRacing: false } })
    both.host('ada').context.view.update({ phase: 'racing' })
    const taken = both.gateway.place(WISH)
    await both.blocks(2)
    expect(taken.end).toBe('receipt')
  })

  it('refuses when the chain cannot be asked', async () => {
    const net = await alone()
    net.chain.isOut = true
    const outcome = net.gateway.place(WISH)
    await net.advance(1_000)
    expect(outcome).toMatchObject({ end: 'refused', code: 'unavailable' })
  })

  it.each([1, 2, 3])('waits for %d blocks that the gateway has heard of first', async (ahead) => {
    const net = await alone()
    const height = BigInt(net.chain.height() + ahead)
    const early = net.gateway.place({ ...WISH, order: { height }, executor: net.host('ada').owner.address })
    await net.advance(500)
    expect(early.end).toBe('running')
    await net.blocks(ahead + 1)
    expect(early.end).toBe('receipt')
  })

  it('does not wait for a height that no gateway can have heard of', async () => {
    const net = await alone()
    const height = BigInt(net.chain.height() + 4)
    const wrong = net.gateway.place({ ...WISH, order: { height }, executor: net.host('ada').owner.address })
    await net.advance(500)
    expect(wrong).toMatchObject({ end: 'failed', code: 'height_ahead' })
  })

  describe('whose node is behind the gateway’s in what it knows', () => {
    const LATER: Readonly<Record<string, (net: WorkWorld) => { readonly payer: TestKey; readonly show: () => void }>> =
      {
        'an escrow': (net) => ({ payer: PAYER, show: () => net.chain.deposit(PAYER, 10_000n) }),
        'more money in it': (net) => {
          net.chain.deposit(PAYER, 1n)
          return { payer: PAYER, show: () => net.chain.deposit(PAYER, 10_000n) }
        },
        'wider terms': (net) => {
          net.chain.deposit(PAYER, 10_000n, { models: ['tail/other'], maxPrice: 1n, expiryHeight: 2n })
          return { payer: PAYER, show: () => net.chain.deposit(PAYER, 10_000n) }
        },
        'a lower price': (net) => {
          const { price } = net.chain
          net.chain.price = 2n * price
          return { payer: net.payer, show: () => Object.assign(net.chain, { price }) }
        },
      }

    it.each(Object.keys(LATER).flatMap((what) => [1, 2, 3].map((blocks) => [what, blocks] as const)))(
      'waits for %s that its chain shows %d blocks later',
      async (what, blocks) => {
        const net = await alone()
        const { payer, show } = LATER[what]?.(net) ?? { payer: PAYER, show: () => undefined }
        const gateway = new WorkGateway(net.chain, net.peers, payer, 'peer-ahead')
        const early = gateway.place({ ...WISH, order: { price: MODEL_PRICE } })
        await net.blocks(blocks - 1)
        await net.advance(500)
        expect(early.end).toBe('running')
        show()
        await net.blocks(3)
        expect(early.end).toBe('receipt')
        expect(
          net
            .host('ada')
            .work.view()
            .notices.map(({ code }) => code),
        ).not.toContain('payer_suspected')
      },
    )

    it('says what is wrong when it stays so three blocks after the order’s height', async () => {
      const net = await alone()
      const gateway = new WorkGateway(net.chain, net.peers, PAYER, 'peer-poor')
      const never = gateway.place(WISH)
      await net.blocks(2)
      expect(never.end).toBe('running')
      await net.blocks(1)
      expect(never).toMatchObject({ end: 'failed', code: 'unknown_escrow' })
    })

    it('says it when no block comes in time, before the gateway goes to another', async () => {
      const net = await alone()
      const gateway = new WorkGateway(net.chain, net.peers, PAYER, 'peer-poor')
      const never = gateway.place(WISH)
      await net.advance(5_500)
      expect(never).toMatchObject({ end: 'failed', code: 'unknown_escrow' })
    })

    it('waits no more when the gateway cancels', async () => {
      const net = await alone({ options: { queueLimit: 0 } })
      const gateway = new WorkGateway(net.chain, net.peers, PAYER, 'peer-poor')
      const never = gateway.place(WISH)
      await net.advance(250)
      const meanwhile = net.gateway.place(WISH)
      await net.advance(250)
      expect(meanwhile).toMatchObject({ end: 'refused', code: 'busy' })
      await never.stream?.send({ $case: 'cancel', value: {} })
      await net.advance(250)
      const next = net.gateway.place(WISH)
      await net.blocks(2)
      expect(next.end).toBe('receipt')
      expect(never.code).toBe('')
    })

    it('does not wait with an order that its payer did not sign, nor for what no block changes', async () => {
      const net = await alone()
      net.chain.price *= 2n
      const forged = net.gateway.make({ ...WISH, order: { price: MODEL_PRICE } })
      forged.signed.signature.fill(1)
      const dead = net.gateway.place({ ...WISH, again: forged })
      await net.advance(500)
      expect(dead).toMatchObject({ end: 'failed', code: 'price_too_low' })
      net.chain.deposit(PAYER, 10_000n, { closed: true })
      const closed = new WorkGateway(net.chain, net.peers, PAYER, 'peer-late').place(WISH)
      await net.advance(500)
      expect(closed).toMatchObject({ end: 'failed', code: 'escrow_closing' })
    })
  })

  describe('whose node is ahead of the gateway’s', () => {
    it.each([1, 2, 3])('takes an order of %d blocks ago', async (age) => {
      const net = await alone()
      await net.blocks(4)
      const height = BigInt(net.chain.height() - age)
      const late = net.gateway.place({ ...WISH, order: { height } })
      await net.blocks(2)
      expect(late.end).toBe('receipt')
    })

    it('counts the age of an order from when it came: a chain that jumps does not make it old', async () => {
      const net = await alone()
      const height = BigInt(net.chain.height() + 1)
      const early = net.gateway.place({ ...WISH, order: { height }, executor: net.host('ada').owner.address })
      await net.advance(500)
      net.chain.isOut = true
      for (let count = 0; count < 6; count++) {
        net.chain.produceBlock()
      }
      net.chain.isOut = false
      await net.blocks(3)
      expect(early.end).toBe('receipt')
    })

    it('does not take an order of four blocks ago', async () => {
      const net = await alone()
      await net.blocks(4)
      const late = net.gateway.place({ ...WISH, order: { height: BigInt(net.chain.height() - 4) } })
      await net.advance(500)
      expect(late).toMatchObject({ end: 'failed', code: 'height_too_old' })
    })
  })

  it('cancels itself in time to bring its receipt to the chain', async () => {
    const net = await alone({ toy: { stepMs: 3_000 } })
    const expiryHeight = BigInt(net.chain.height() + 24)
    const slow = net.gateway.place({ prompt: PROMPT, maxTokens: 100, order: { expiryHeight } })
    await net.blocks(30)
    expect(slow.receipt?.receipt).toMatchObject({ finish: FinishReason.FINISH_REASON_CANCELLED })
    expect(net.chain.batches).toHaveLength(1)
    expect(net.chain.batches[0]?.height).toBeLessThan(expiryHeight)
  })

  it('serves no payer that leaves receipts without vouchers, until they are settled', async () => {
    const net = await alone()
    const bad = new WorkGateway(net.chain, net.peers, PAYER, 'peer-bad')
    net.chain.deposit(PAYER, 10_000n)
    const placed: OrderOutcome[] = []
    for (let count = 0; count < 17; count++) {
      placed.push(bad.place({ prompt: [1], maxTokens: 1, conduct: 'no_voucher' }))
      await net.advance(500)
    }
    expect(placed.map(({ end }) => end)).toEqual(placed.map(() => 'receipt'))
    await net.blocks(4)
    const refused = bad.place({ prompt: [1], maxTokens: 1 })
    const other = net.gateway.place(WISH)
    await net.blocks(2)
    expect(refused).toMatchObject({ end: 'refused', code: 'voucher_missing' })
    expect(other.end).toBe('receipt')
    await net.blocks(20)
    const later = bad.place({ prompt: [1], maxTokens: 1 })
    await net.blocks(2)
    expect(later.end).toBe('receipt')
  })
})

const PAYER = testKey('another payer')

describe('skips', () => {
  async function three(): Promise<{ net: WorkWorld; made: OrderOutcome['made']; drawn: string[] }> {
    world = await createWorkWorld({ ada: {}, bea: {}, cay: {} })
    const made = world.gateway.make(WISH)
    return { net: world, made, drawn: world.gateway.drawn(made.order) }
  }

  function nameOf(net: WorkWorld, owner: string | undefined): string {
    return ['ada', 'bea', 'cay'].find((name) => net.host(name).owner.address === owner) ?? ''
  }

  it('of a host that refused are taken with its signature, of a silent one when it does not answer a probe', async () => {
    const { net, made, drawn } = await three()
    const [first, second] = drawn
    net.host(nameOf(net, first)).context.view.update({ phase: 'racing' })
    net.peers.setGone(net.host(nameOf(net, second)).peerId, true)
    const refused = net.gateway.place({ ...WISH, again: made })
    await net.advance(500)
    expect(refused.end).toBe('refused')
    const skipped = [
      { host: decodeAddress(first ?? ''), reason: SkipReason.SKIP_REASON_REFUSED, refusal: refused.refusal },
      { host: decodeAddress(second ?? ''), reason: SkipReason.SKIP_REASON_TIMEOUT, refusal: undefined },
    ]
    const taken = net.gateway.place({ ...WISH, again: made, skipped })
    await net.blocks(2)
    expect(taken).toMatchObject({ end: 'receipt', executor: drawn[2] })
    expect(taken.receipt?.receipt?.skipped).toEqual(skipped)
  })

  it('take their time: the order may be older by the blocks that a gateway waits for each', async () => {
    const { net, made, drawn } = await three()
    net.peers.setGone(net.host(nameOf(net, drawn[0])).peerId, true)
    await net.blocks(9)
    const skipped = [
      { host: decodeAddress(drawn[0] ?? ''), reason: SkipReason.SKIP_REASON_TIMEOUT, refusal: undefined },
    ]
    const taken = net.gateway.place({ ...WISH, again: made, skipped })
    await net.blocks(2)
    expect(taken).toMatchObject({ end: 'receipt', executor: drawn[1] })
  })

  it('of a host that this one’s node does not know yet are judged when it does', async () => {
    const { net, made, drawn } = await three()
    const [first = ''] = drawn
    net.host(nameOf(net, first)).context.view.update({ phase: 'racing' })
    const { refusal } = await refusedBy(net, made)
    const record = net.chain.hosts.get(first)
    net.chain.hosts.delete(first)
    const skipped = [{ host: decodeAddress(first), reason: SkipReason.SKIP_REASON_REFUSED, refusal }]
    const early = net.gateway.place({ ...WISH, again: made, skipped })
    await net.advance(500)
    expect(early.end).toBe('running')
    if (record !== undefined) {
      net.chain.hosts.set(first, record)
    }
    await net.blocks(3)
    expect(early).toMatchObject({ end: 'receipt', executor: drawn[1] })
  })

  async function refusedBy(net: WorkWorld, made: OrderOutcome['made']): Promise<OrderOutcome> {
    const refused = net.gateway.place({ ...WISH, again: made })
    await net.advance(250)
    return refused
  }

  it('of a host that answers are not taken', async () => {
    const { net, made, drawn } = await three()
    const skipped = [
      { host: decodeAddress(drawn[0] ?? ''), reason: SkipReason.SKIP_REASON_TIMEOUT, refusal: undefined },
    ]
    const outcome = net.gateway.place({ ...WISH, again: made, skipped })
    await net.blocks(1)
    expect(outcome).toMatchObject({ end: 'failed', code: 'skip_unfounded' })
  })

  it('leave no way around the draw', async () => {
    const { net, made, drawn } = await three()
    const outcome = net.gateway.place({ ...WISH, again: made, executor: drawn[1] ?? '' })
    await net.blocks(1)
    expect(outcome).toMatchObject({ end: 'failed', code: 'wrong_skips' })
  })
})
