import { describe, expect, it } from 'vitest'
import type { ChainHarness } from '../../../test/support/chain/chain-harness.ts'
import { hostNamed, word } from '../../../test/support/chain/chain-harness.ts'
import type { DoneWork, Workbench, WorkChainOptions, WorkOptions } from '../../../test/support/chain/chain-work.ts'
import {
  acceptedOf,
  batchMessage,
  createWorkbench,
  createWorkChain,
  escrowOf,
  sessionNamed,
} from '../../../test/support/chain/chain-work.ts'
import { LOCAL_SERVING_PARAMS } from '../../protocol/work/serving-params.ts'
import { readBatch } from '../state/work/batches.ts'

const ada = hostNamed('ada')
const one = sessionNamed('one')
const PRICE = 42n
/** Blocks until a receipt may go without a voucher. */
const WAIT = 3

interface World {
  readonly chain: ChainHarness
  readonly bench: Workbench
}

function start(options: Partial<WorkChainOptions> = {}): World {
  const chain = createWorkChain({
    hosts: [ada, hostNamed('bob')],
    sessions: [[one, 10_000n]],
    params: { serving: { ...LOCAL_SERVING_PARAMS, countersignBlocks: WAIT } },
    ...options,
  })
  return { chain, bench: createWorkbench(chain) }
}

function send({ chain, bench }: World, works?: readonly DoneWork[]): string {
  const { message } = works === undefined ? bench.batch(ada) : bench.batch(ada, { works })
  return word(chain.deliver(ada.device, [batchMessage(message)]))
}

function wait(world: World, blocks = WAIT): void {
  world.chain.produceUntil(world.chain.height + blocks)
}

/** A receipt without a voucher, bent in one place, when it is old enough. */
function tryLoose(options: WorkOptions, terms: WorkChainOptions['terms'] = {}): string {
  const world = start({ terms })
  world.bench.work(one, ada, { loose: true, ...options })
  wait(world)
  return send(world)
}

describe('a receipt without a voucher', () => {
  it('is taken when nobody countersigned it for a while, and is certain to be drawn', () => {
    const world = start()
    const { chain, bench } = world
    bench.work(one, ada)
    bench.work(one, ada, { loose: true })
    bench.work(one, ada, { loose: true })
    const { message, works } = bench.batch(ada)
    wait(world, WAIT - 2)
    expect(word(chain.deliver(ada.device, [batchMessage(message)]))).toBe('too_early')
    expect(word(chain.deliver(ada.device, [batchMessage(message)]))).toBe('')
    expect(message.sum).toBe(PRICE * 3n)
    expect(readBatch(chain.store, 1n)).toMatchObject({
      certainPoints: [PRICE, PRICE * 2n],
      lanes: [{ from: 0n, to: PRICE * 3n, countersigned: PRICE }],
    })
    // The payer said nothing of it: what it owes by its own word is one receipt.
    expect(escrowOf(chain, one).escrow).toMatchObject({ paid: PRICE * 3n, vouched: PRICE, frozen: false })
    expect(works.map(({ voucher }) => voucher !== undefined)).toEqual([true, false, false])
  })

  it('is taken in a lane that has no voucher at all', () => {
    const world = start()
    world.bench.work(one, ada, { loose: true })
    wait(world)
    expect(send(world)).toBe('')
    expect(acceptedOf(world.chain, one, ada)).toBe(PRICE)
  })

  it('counts as paid when its voucher comes late', () => {
    const world = start()
    const first = world.bench.work(one, ada)
    wait(world)
    expect(send(world, [{ ...first, voucher: undefined }])).toBe('')
    expect(send(world, [first])).toBe('lane_behind')
    world.bench.work(one, ada)
    const { message } = world.bench.batch(ada)
    expect(message.lanes[0]?.voucher?.voucher?.cumulative).toBe(PRICE * 2n)
  })
})

describe('one receipt is not paid twice', () => {
  it('where it was countersigned before', () => {
    const world = start()
    const done = world.bench.work(one, ada)
    wait(world)
    expect(send(world, [done])).toBe('')
    expect(send(world, [{ ...done, voucher: undefined }])).toBe('lane_behind')
    expect(acceptedOf(world.chain, one, ada)).toBe(PRICE)
  })

  it('where it went without a voucher before', () => {
    const world = start()
    const done = world.bench.work(one, ada, { loose: true })
    wait(world)
    expect(send(world, [done])).toBe('')
    expect(send(world, [done])).toBe('lane_behind')
  })

  it('where it stands twice in one batch, without a voucher or with one', () => {
    const world = start()
    const done = world.bench.work(one, ada, { loose: true })
    wait(world)
    expect(send(world, [done, done])).toBe('lane_behind')
    const countersigned = world.bench.work(one, ada)
    wait(world)
    expect(send(world, [countersigned, { ...countersigned, voucher: undefined }])).toBe('lane_behind')
  })
})

describe('a receipt without a voucher is refused', () => {
  it('where it contradicts its order', () => {
    expect(tryLoose({})).toBe('')
    expect(tryLoose({ order: { chainId: 'tailrace-1' } })).toBe('receipt_invalid')
    expect(tryLoose({ order: { model: 'tail/other' } })).toBe('receipt_invalid')
    expect(tryLoose({ order: { maxTokens: 39 } })).toBe('receipt_invalid')
    expect(tryLoose({ order: { promptTokens: 7 } })).toBe('receipt_invalid')
    expect(tryLoose({ order: { maxPrice: PRICE - 1n } })).toBe('receipt_invalid')
    expect(tryLoose({ receipt: { price: PRICE + 1n } })).toBe('receipt_invalid')
    expect(tryLoose({ receipt: { orderHash: new Uint8Array(32) } })).toBe('receipt_invalid')
    expect(tryLoose({ receipt: { executor: new Uint8Array(20) } })).toBe('receipt_invalid')
  })

  it('where another key signed it', () => {
    expect(tryLoose({ signer: hostNamed('bob').device })).toBe('receipt_invalid')
    const world = start()
    const done = world.bench.work(one, ada, { loose: true })
    wait(world)
    const forged = { ...done, order: { ...done.order, signature: done.receipt.signature } }
    expect(send(world, [forged])).toBe('receipt_invalid')
  })

  it('where its order has expired, or costs more than the owner allowed', () => {
    expect(tryLoose({ order: { expiryHeight: 5n } })).toBe('escrow_expired')
    expect(tryLoose({}, { maxPrice: 1_000_000n })).toBe('')
    expect(tryLoose({}, { maxPrice: 999_999n })).toBe('not_allowed')
  })

  it('where it does not stand under the root, or leaves a gap', () => {
    const bend = (change: (message: Parameters<typeof batchMessage>[0]) => object): string => {
      const world = start()
      world.bench.work(one, ada, { loose: true })
      world.bench.work(one, ada, { loose: true })
      wait(world)
      const { message } = world.bench.batch(ada)
      return word(world.chain.deliver(ada.device, [batchMessage({ ...message, ...change(message) })]))
    }
    expect(bend(() => ({}))).toBe('')
    expect(bend(() => ({ root: new Uint8Array(32) }))).toBe('proof_invalid')
    expect(bend(({ uncountersigned }) => ({ uncountersigned: uncountersigned.slice(1) }))).toBe('uncovered')
    expect(bend(({ uncountersigned }) => ({ uncountersigned: uncountersigned.slice(0, 1) }))).toBe('uncovered')
    expect(bend(({ uncountersigned: [a, b] }) => ({ uncountersigned: [a, b, b] }))).toBe('sum_mismatch')
    expect(bend(({ uncountersigned: [a, b] }) => ({ uncountersigned: [b, a] }))).toBe('uncovered')
  })
})
