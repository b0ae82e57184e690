import { afterEach, describe, expect, it } from 'vitest'
import { WORK_MODEL } from '../../../test/support/work/fixtures.ts'
import type { HostSetup, WorkWorld } from '../../../test/support/work/work-world.ts'
import { createWorkWorld } from '../../../test/support/work/work-world.ts'

const WISH = { prompt: [1, 2, 3, 4, 5, 6, 7, 8], maxTokens: 6 }

let world: WorkWorld | undefined

afterEach(async () => {
  await world?.stop()
  world = undefined
})

async function alone(setup: HostSetup = {}): Promise<WorkWorld> {
  world = await createWorkWorld({ ada: setup })
  return world
}

function saidBy(net: WorkWorld) {
  return net.chain.services
    .get(net.host('ada').owner.address)
    ?.map(({ model, tokensPerSecond }) => [model, tokensPerSecond])
}

function timesSaid(net: WorkWorld): number {
  return net.chain.executed.filter(({ action }) => action === 'MsgServeModels').length
}

describe('models', () => {
  it('are offered with class and speed as measured, and said once', async () => {
    const net = await alone()
    await net.blocks(25)
    expect(saidBy(net)).toEqual([[WORK_MODEL, 100]])
    expect(timesSaid(net)).toBe(1)
    const view = net.host('ada').work.view()
    expect(view.models).toMatchObject([{ model: WORK_MODEL, state: 'serving', report: { tokensPerSecond: 100 } }])
    expect(view.queue.refuses).toBeUndefined()
  })

  it('are said anew when what the device reports changes, not for noise', async () => {
    const net = await alone()
    const { inference } = net.host('ada')
    inference.nextGeneration({ tokensPerSecond: 110 })
    await net.blocks(3)
    expect(timesSaid(net)).toBe(1)
    inference.nextGeneration({ tokensPerSecond: 300, numericClass: 'fp32-webgpu' })
    await net.blocks(3)
    expect(saidBy(net)).toEqual([[WORK_MODEL, 300]])
    expect(timesSaid(net)).toBe(2)
  })

  it('are said again where the chain knows nothing of them', async () => {
    const net = await alone()
    net.chain.services.clear()
    await net.blocks(14)
    expect(saidBy(net)).toEqual([[WORK_MODEL, 100]])
  })

  it('that cannot be loaded are withdrawn, tried again, and orders refused meanwhile', async () => {
    const net = await alone()
    const { inference, work } = net.host('ada')
    const made = net.gateway.make(WISH)
    inference.faults.load = 'model_unavailable'
    inference.nextGeneration()
    const refused = net.gateway.place({ ...WISH, again: made })
    await net.blocks(3)
    expect(refused).toMatchObject({ end: 'refused', code: 'model_unavailable' })
    expect(saidBy(net)).toEqual([])
    expect(work.view().models[0]).toMatchObject({ state: 'unavailable', errorCode: 'model_unavailable' })
    delete inference.faults.load
    await net.blocks(8)
    expect(saidBy(net)).toEqual([[WORK_MODEL, 100]])
  })

  it('of a class that the network does not know, or unknown to it, are not offered', async () => {
    const net = await alone({ toy: { report: { numericClass: 'int4-dream' } } })
    expect(saidBy(net)).toBeUndefined()
    expect(net.host('ada').work.view().models[0]).toMatchObject({ errorCode: 'unknown_class' })
    await net.stop()
    const other = await alone({ options: { models: ['tail/none'] } })
    expect(saidBy(other)).toBeUndefined()
    expect(
      other
        .host('ada')
        .work.view()
        .notices.map(({ code }) => code),
    ).toContain('model_unknown')
  })
})

describe('leaving', () => {
  it('at once refuses new orders, ends the running one within a token, and withdraws the models', async () => {
    const net = await alone()
    const running = net.gateway.place({ prompt: [1], maxTokens: 100 })
    await net.advance(1_000)
    const { work } = net.host('ada')
    const made = net.gateway.make(WISH)
    work.close()
    const late = net.gateway.place({ ...WISH, again: made })
    await net.blocks(2)
    expect(running.end).toBe('receipt')
    expect(running.tokens.length).toBeLessThan(20)
    expect(late).toMatchObject({ end: 'refused', code: 'leaving' })
    expect(saidBy(net)).toEqual([])
    await net.until('what was made is batched all the same', () => net.chain.batches[0]?.state === 'paid')
    work.open()
    await net.blocks(3)
    expect(saidBy(net)).toEqual([[WORK_MODEL, 100]])
  })

  it('says what it forfeits at most', async () => {
    const net = await alone({ options: { batchEveryBlocks: 8 } })
    net.chain.keepsOpen = true
    const { work } = net.host('ada')
    const done = net.gateway.place(WISH)
    await net.blocks(2)
    expect(work.view().forfeits).toEqual({ running: 0n, unbatched: 8n, unopenable: 0n, total: 8n })
    net.gateway.place({ prompt: [1, 2, 3, 4], maxTokens: 100 })
    await net.blocks(1)
    expect(work.view().forfeits).toEqual({ running: 101n, unbatched: 8n, unopenable: 0n, total: 109n })
    expect(done.end).toBe('receipt')
    await net.until('a batch', () => net.chain.batches.length > 0)
    await net.blocks(2)
    // No other host can be the custodian: a point that is not opened costs the batch, and the same once more.
    expect(work.view().forfeits.unopenable).toBe(2n * (net.chain.batches[0]?.sum ?? 0n))
    expect(net.chain.batches[0]?.sum).toBeGreaterThan(8n)
  })

  it('by finishing takes the running orders to their end, batches at once, and waits for the draws', async () => {
    const net = await alone({ options: { batchEveryBlocks: 500 } })
    const { work } = net.host('ada')
    const running = net.gateway.place({ prompt: [1], maxTokens: 30 })
    const loose = net.gateway.place({ prompt: [2], maxTokens: 2, conduct: 'no_voucher' })
    await net.advance(1_000)
    const stages: (string | undefined)[] = []
    work.onChange(({ finishing }) => stages.push(finishing))
    let isFinished = false
    const finished = work.finish(new AbortController().signal).then(() => {
      isFinished = true
    })
    await net.until('it is finished', () => isFinished)
    await finished
    expect(running).toMatchObject({ end: 'receipt' })
    expect(running.tokens).toHaveLength(30)
    expect(loose.end).toBe('receipt')
    expect(net.chain.batches.map(({ state }) => state)).toEqual(['paid', 'paid'])
    expect([...new Set(stages)].filter((stage) => stage !== undefined)).toEqual([
      'ending_work',
      'batching',
      'waiting_for_draws',
      'done',
    ])
    expect(work.view().forfeits.total).toBe(0n)
  })
})
