import { afterEach, describe, expect, it } from 'vitest'
import type { WorkWorld } from '../../../test/support/work/work-world.ts'
import { createWorkWorld } from '../../../test/support/work/work-world.ts'
import { toHex } from '../../lib/bytes.ts'
import { FinishReason } from '../../protocol/gen/tailrace/v1/work.ts'
import { priceOf } from '../../protocol/work/price.ts'

let world: WorkWorld | undefined

afterEach(async () => {
  await world?.stop()
  world = undefined
})

const PROMPT = [1, 2, 3, 4, 5, 6, 7, 8]

describe('an order', () => {
  it('is served, countersigned, batched, drawn, opened and paid', async () => {
    world = await createWorkWorld()
    const { gateway, chain } = world
    const outcome = gateway.place({ prompt: PROMPT, maxTokens: 6 })
    await world.blocks(3)
    expect(outcome).toMatchObject({ end: 'receipt', code: '' })
    expect(outcome.frames[0]).toBe('accepted')
    expect(outcome.receipt?.receipt).toMatchObject({ finish: FinishReason.FINISH_REASON_LENGTH, outputTokens: 6 })
    await world.until('the batch is paid', () => chain.batches[0]?.state === 'paid')
    const price = priceOf(chain.price, PROMPT.length, 6)
    expect(chain.batches).toHaveLength(1)
    expect(chain.escrowOf(world.payer)).toMatchObject({ paid: price, refunded: 0n })
    expect(gateway.openings.get(toHex(outcome.made.hash))?.batch).toBe(1n)
    const executor = world.host(outcome.executor === world.host('ada').owner.address ? 'ada' : 'bea')
    expect(executor.work.view().jobs[0]).toMatchObject({ state: 'batched', price, batch: { state: 'paid', id: 1n } })
  })
})
