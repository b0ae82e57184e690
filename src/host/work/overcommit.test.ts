import { afterEach, describe, expect, test } from 'vitest'
import { actorNamed } from '../../../test/support/chain/chain-harness.ts'
import { escrowOf } from '../../../test/support/chain/chain-work.ts'
import type { CheckSetup } from '../../../test/support/checking/check-setup.ts'
import { ADA, SESSION, setUpChecks, verifierOf } from '../../../test/support/checking/check-setup.ts'
import { toyWork } from '../../../test/support/checking/toy-work.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Order, SignedOrder } from '../../protocol/gen/tailrace/v1/work.ts'
import { signOrder } from '../../protocol/work/order.ts'

const PROOF = '/tailrace.v1.MsgProveOvercommit'

let current: CheckSetup | undefined

afterEach(async () => {
  await current?.world.stop()
  current = undefined
})

function setUp(): CheckSetup {
  current = setUpChecks()
  return current
}

function proofs({ world }: CheckSetup): { readonly from: string; readonly code: number }[] {
  return world.sent.filter(({ message }) => message.typeUrl === PROOF).map(({ from, code }) => ({ from, code }))
}

function isFrozen({ base }: CheckSetup): boolean {
  return escrowOf(base.chain, SESSION).escrow.frozen
}

/** Another order of the payer, like the one that was batched but for this. */
function orderLike({ executor }: CheckSetup, change: Partial<Order>, secret = SESSION.secret): SignedOrder {
  const order = executor.works[0]?.done.order.order as Order
  return signOrder({ ...order, ...change }, secret)
}

describe('a payer who promised too much', () => {
  test('is proved where a check shows an order that contradicts one seen before', async () => {
    const setup = setUp()
    const { world, executor } = setup
    await world.until('verifiers are drawn', () => executor.checks().length > 0)
    const { disk, actor, notices } = verifierOf(setup)
    const before = orderLike(setup, { maxTokens: 9 })
    disk.orders.set(`${toHex(before.order?.payer ?? new Uint8Array(0))}/${before.order?.sequence}`, before)
    await executor.playUntil(['passed'])
    expect(isFrozen(setup)).toBe(true)
    expect(proofs(setup)).toEqual([{ from: actor.device.name, code: 0 }])
    expect(notices()).toEqual(expect.arrayContaining(['payer_suspected', 'overcommitment_proved', 'check_reported']))
  })

  test('is proved by one order whose total no deposit covers', async () => {
    const setup = setUp()
    const { world, base, hosts } = setup
    const { done } = toyWork(base.chain, base.bench, SESSION, ADA, { order: { total: 9_500n } })
    hosts[0]?.components.suspicions.report({ first: done.order })
    await world.blocks(2)
    expect(isFrozen(setup)).toBe(true)
    expect(proofs(setup)).toHaveLength(1)
  })

  test('once: others who saw it too keep silent when the chain knows', async () => {
    const setup = setUp()
    const { world, hosts } = setup
    const suspicion = { first: orderLike(setup, {}), second: orderLike(setup, { maxTokens: 9 }) }
    hosts[0]?.components.suspicions.report(suspicion)
    await world.blocks(2)
    expect(isFrozen(setup)).toBe(true)
    hosts[1]?.components.suspicions.report(suspicion)
    await world.blocks(2)
    expect(proofs(setup)).toHaveLength(1)
    expect(hosts[1]?.notices()).toEqual([])
  })
})

describe('no proof', () => {
  const CASES: readonly (readonly [string, (setup: CheckSetup) => { first: SignedOrder; second?: SignedOrder }])[] = [
    ['an order alone within the deposit', (setup) => ({ first: orderLike(setup, {}) })],
    ['the same order twice', (setup) => ({ first: orderLike(setup, {}), second: orderLike(setup, {}) })],
    ['two sequences', (setup) => ({ first: orderLike(setup, {}), second: orderLike(setup, { sequence: 99n }) })],
    [
      'an order that somebody else signed',
      (setup) => ({
        first: orderLike(setup, {}),
        second: orderLike(setup, { maxTokens: 9 }, actorNamed('enemy').secret),
      }),
    ],
    ['an order of a payer without escrow', (setup) => ({ first: orderLike(setup, { payer: new Uint8Array(20) }) })],
  ]

  test.each(CASES)('%s is not sent', async (_name, suspicionOf) => {
    const setup = setUp()
    setup.hosts[0]?.components.suspicions.report(suspicionOf(setup))
    await setup.world.blocks(3)
    expect(proofs(setup)).toEqual([])
    expect(setup.hosts[0]?.notices()).toEqual([])
  })
})
