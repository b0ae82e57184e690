import { describe, expect, it } from 'vitest'
import type { CheckWorld, SentBatch } from '../../../test/support/chain/chain-checks.ts'
import {
  batchOf,
  createCheckWorld,
  openReceipts,
  playBatch,
  playUntil,
  sendBatch,
} from '../../../test/support/chain/chain-checks.ts'
import { lookForFinds, recordOf, registerMessage } from '../../../test/support/chain/chain-duties.ts'
import type { Actor, HostActor } from '../../../test/support/chain/chain-harness.ts'
import { actorNamed, hostNamed, word } from '../../../test/support/chain/chain-harness.ts'
import type { TestBatch, WorkOptions } from '../../../test/support/chain/chain-work.ts'
import { drawnFor, escrowOf, ownerOf, serviceOf, sessionNamed } from '../../../test/support/chain/chain-work.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { BatchLeaf, ReceiptOpening } from '../../protocol/gen/tailrace/v1/work.ts'
import { SkipReason } from '../../protocol/gen/tailrace/v1/work.ts'
import { sha256 } from '../../protocol/hash.ts'
import { signVoucher } from '../../protocol/work/receipt.ts'

const HOSTS = ['ada', 'bob', 'cleo', 'dan'].map(hostNamed)
const [ADA, BOB] = HOSTS as [HostActor, HostActor]
const SHOP = sessionNamed('shop')
const quiet = { report: () => undefined }

/** The batch up to its drawn points, with nothing opened. */
function drawn(world: CheckWorld, tree: TestBatch): SentBatch {
  const sent = sendBatch(world.chain, ADA, tree)
  playUntil(world.chain, HOSTS, sent, ['drawn'], { opener: 'nobody' })
  return sent
}

/** One receipt, bent. */
function bentReceipt(options: WorkOptions): { world: CheckWorld; sent: SentBatch } {
  const world = createCheckWorld(HOSTS, [SHOP])
  world.bench.work(SHOP, ADA, options)
  return { world, sent: drawn(world, world.bench.batch(ADA)) }
}

/** Opens the first drawn point of the batch: what the chain says, and what it did. */
function openFirst(
  { world, sent }: { world: CheckWorld; sent: SentBatch },
  bend: (opening: ReceiptOpening) => ReceiptOpening = (opening) => opening,
  signer: Actor = BOB.device,
): { answer: string; state: string; faults: string[] } {
  const { chain } = world
  const [check] = batchOf(chain, sent.id).checks
  const opening = bend(sent.tree.openingOf(sent.tree.leafAt(check?.offset ?? 0n)))
  const result = chain.deliver(signer, [openReceipts(signer, sent.id, [{ point: 0, opening }])])
  const faults = result.events
    .filter(({ type }) => type === 'fault')
    .map(({ attributes }) => attributes.find(({ key }) => key === 'code')?.value ?? '')
  return { answer: word(result), state: batchOf(chain, sent.id).checks[0]?.state ?? '', faults }
}

const CONVICTED = { answer: '', state: 'failed', faults: ['false_receipt'] }
const REFUSED = { answer: 'receipt_invalid', state: 'drawn', faults: [] }

describe('an opening that fits', () => {
  it('starts the time of the verifiers and counts in the median', () => {
    const setup = bentReceipt({})
    expect(openFirst(setup)).toEqual({ answer: '', state: 'opened', faults: [] })
    const { chain } = setup.world
    const [check] = batchOf(chain, setup.sent.id).checks
    expect(check?.deadlineHeight).toBe(BigInt(chain.height + chain.params.serving.checkBlocks))
  })

  it('may name those that were skipped, in the order of the draw', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain, bench } = world
    const height = BigInt(chain.height)
    const sequence = [...Array(200).keys()]
      .map((index) => BigInt(index + 1))
      .find((one) => equalBytes(drawnFor(chain, SHOP, one, height)[2] ?? new Uint8Array(0), ownerOf(ADA)))
    const before = drawnFor(chain, SHOP, sequence ?? 0n, height).slice(0, 2)
    const skipped = before.map((host) => ({ host, reason: SkipReason.SKIP_REASON_TIMEOUT, refusal: undefined }))
    bench.work(SHOP, ADA, { undrawn: true, order: { sequence: sequence ?? 0n, height }, receipt: { skipped } })
    const sent = drawn(world, bench.batch(ADA))
    expect(openFirst({ world, sent }).state).toBe('opened')
  })
})

describe('an opening that shows a contradiction signed by the executor convicts it', () => {
  const cases: readonly (readonly [string, WorkOptions])[] = [
    ['another price than the tokens cost', { receipt: { price: 41n } }],
    ['more output than was ordered', { order: { maxTokens: 10 } }],
    ['another prompt length than was ordered', { order: { promptTokens: 9 } }],
    ['a price above the most that was offered', { order: { maxPrice: 10n } }],
    ['a receipt for another order', { receipt: { orderHash: sha256(Uint8Array.of(1)) } }],
    ['a receipt of another executor', { receipt: { executor: ownerOf(BOB) } }],
    ['an order for another model', { order: { model: 'tail/other' } }],
    ['an order for another chain', { order: { chainId: 'tailrace-1' } }],
    ['an unknown numeric class', { receipt: { numericClass: 'fp1-guess' } }],
    [
      'another numeric class than the order demands',
      { undrawn: true, order: { constraints: { numericClass: 'fp32-webgpu', minReputationPpm: 0n } } },
    ],
  ]

  it.each(cases)('%s', (_, options) => {
    const setup = bentReceipt(options)
    const { chain } = setup.world
    expect(openFirst(setup)).toEqual(CONVICTED)
    expect(batchOf(chain, setup.sent.id).batch.state).toBe('refunded')
    expect(recordOf(chain, ADA)).toMatchObject({ held: '0', weight: '0', lastFaultCode: 'false_receipt' })
  })

  it('a host that was not drawn', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain, bench } = world
    const height = BigInt(chain.height)
    const sequence = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n].find(
      (one) => !equalBytes(drawnFor(chain, SHOP, one, height)[0] ?? new Uint8Array(0), ownerOf(ADA)),
    )
    bench.work(SHOP, ADA, { undrawn: true, order: { sequence: sequence ?? 0n } })
    expect(openFirst({ world, sent: drawn(world, bench.batch(ADA)) })).toEqual(CONVICTED)
  })

  it('a skip of somebody who was not drawn before', () => {
    const skipped = [{ host: ownerOf(BOB), reason: SkipReason.SKIP_REASON_TIMEOUT, refusal: undefined }]
    expect(openFirst(bentReceipt({ receipt: { skipped } }))).toEqual(CONVICTED)
  })

  it('a refusal of another order', () => {
    const refusal = { orderHash: sha256(Uint8Array.of(2)), host: ownerOf(BOB), code: 'busy', height: 1n }
    const skipped = [
      {
        host: ownerOf(BOB),
        reason: SkipReason.SKIP_REASON_REFUSED,
        refusal: { refusal, signature: new Uint8Array(64) },
      },
    ]
    expect(openFirst(bentReceipt({ receipt: { skipped } }))).toEqual(CONVICTED)
  })

  it('an order whose randomness nobody knew', () => {
    const setup = bentReceipt({ undrawn: true, order: { height: 50n, expiryHeight: 500n } })
    expect(openFirst(setup)).toEqual(CONVICTED)
  })

  it('the owner of the evidence is no finder of its own fault', () => {
    const setup = bentReceipt({ receipt: { price: 41n } })
    expect(openFirst(setup, undefined, ADA.device)).toEqual(CONVICTED)
  })
})

describe('a tree that does not follow its lanes', () => {
  /** Two receipts, their leaves bent under the lanes that they should have, the drawn one opened. */
  function bentTree(leaf: (leaf: BatchLeaf, index: number) => BatchLeaf): { world: CheckWorld; sent: SentBatch } {
    const world = createCheckWorld(HOSTS, [SHOP])
    const works = [world.bench.work(SHOP, ADA), world.bench.work(SHOP, ADA)]
    const { lanes } = world.bench.batch(ADA, { works }).message
    return { world, sent: drawn(world, world.bench.batch(ADA, { works, leaf, message: { lanes } })) }
  }

  it('convicts for a gap between leaves', () => {
    const setup = bentTree((leaf, index) => {
      const [from, to] = index === 0 ? [0n, 40n] : [42n, 86n]
      return { ...leaf, from, to }
    })
    expect(openFirst(setup)).toEqual(CONVICTED)
  })

  it('convicts for a leaf that is stretched over one that was left out', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    world.bench.work(SHOP, ADA)
    const second = world.bench.work(SHOP, ADA)
    const tree = world.bench.batch(ADA, { works: [second], leaf: (leaf) => ({ ...leaf, to: 84n }) })
    expect(openFirst({ world, sent: drawn(world, tree) })).toEqual(CONVICTED)
  })

  it('convicts for a leaf of a payer that pays no lane', () => {
    const setup = bentTree((leaf) => ({ ...leaf, payer: ownerOf(BOB) }))
    expect(openFirst(setup)).toEqual(CONVICTED)
  })

  it('cannot bill one receipt twice: the voucher names it for one place of the lane', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain, bench } = world
    const right = bench.work(SHOP, ADA)
    const wrong = bench.work(SHOP, ADA)
    // The wrong result is left out, the right one stands in its place as well.
    const again = { ...right, voucher: wrong.voucher }
    const sent = drawn(world, bench.batch(ADA, { works: [right, again] }))
    const { checks } = batchOf(chain, sent.id)
    const answers = checks.map(({ point, offset }) => {
      const opening = sent.tree.openingOf(sent.tree.leafAt(offset))
      const result = chain.deliver(ADA.device, [openReceipts(ADA.device, sent.id, [{ point, opening }])])
      return [sent.tree.leafAt(offset), word(result)]
    })
    for (const [leaf, answer] of answers) {
      expect(answer).toBe(leaf === 0 ? '' : 'receipt_invalid')
    }
  })
})

describe('an opening that proves nothing is refused', () => {
  const bends: readonly (readonly [string, (opening: ReceiptOpening) => ReceiptOpening])[] = [
    ['a path to another root', (opening) => ({ ...opening, path: [{ hash: new Uint8Array(32), sum: 1n }] })],
    ['another index', (opening) => ({ ...opening, index: 1 })],
    ['an order that the leaf does not name', bendOrder],
    ['a receipt that the leaf does not name', bendReceipt],
    ['no voucher', ({ voucher, ...opening }) => opening],
    ['an order that is not signed', (opening) => unsigned(opening, 'order')],
    ['a receipt that is not signed', (opening) => unsigned(opening, 'receipt')],
    ['a voucher that is not signed', (opening) => unsigned(opening, 'voucher')],
  ]

  it.each(bends)('%s', (_, bend) => {
    expect(openFirst(bentReceipt({}), bend)).toEqual(REFUSED)
  })

  it('a receipt signed by another key than the device had at the batch', () => {
    expect(openFirst(bentReceipt({ signer: actorNamed('somebody') }))).toEqual(REFUSED)
  })

  it.each([
    ['of another receipt', { receiptHash: sha256(Uint8Array.of(3)) }],
    ['for another place of the lane', { cumulative: 43n }],
    ['for another chain', { chainId: 'tailrace-1' }],
    ['for another executor', { executor: ownerOf(BOB) }],
    ['of another payer', { payer: ownerOf(BOB) }],
  ])('a voucher %s', (_, bent) => {
    const bend = (opening: ReceiptOpening): ReceiptOpening => {
      const voucher = opening.voucher?.voucher
      return voucher === undefined
        ? opening
        : { ...opening, voucher: signVoucher({ ...voucher, ...bent }, SHOP.secret) }
    }
    expect(openFirst(bentReceipt({}), bend)).toEqual(REFUSED)
  })

  it('a leaf that does not cover the point', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    world.bench.work(SHOP, ADA)
    world.bench.work(SHOP, ADA)
    const sent = drawn(world, world.bench.batch(ADA))
    const covering = sent.tree.leafAt(batchOf(world.chain, sent.id).checks[0]?.offset ?? 0n)
    expect(openFirst({ world, sent }, () => sent.tree.openingOf(1 - covering))).toEqual(REFUSED)
  })

  it('a point that is opened, or unknown, or of an unknown batch; anybody who has no part', () => {
    const setup = bentReceipt({})
    const { world, sent } = setup
    expect(openFirst(setup).state).toBe('opened')
    expect(openFirst(setup).answer).toBe('wrong_duty_state')
    const opening = sent.tree.openingOf(0)
    const send = (signer: Actor, batch: bigint, point: number): string =>
      word(world.chain.deliver(signer, [openReceipts(signer, batch, [{ point, opening }])]))
    expect(send(BOB.device, sent.id, 99)).toBe('unknown_check')
    expect(send(BOB.device, 99n, 0)).toBe('unknown_batch')
    expect(send(actorNamed('passer-by'), sent.id, 0)).toBe('not_a_host')
  })

  it('a deadline that has passed', () => {
    const setup = bentReceipt({})
    const { chain } = setup.world
    chain.produceUntil(Number(batchOf(chain, setup.sent.id).checks[0]?.deadlineHeight ?? 0n))
    expect(openFirst(setup)).toEqual({ answer: 'wrong_duty_state', state: 'withheld', faults: [] })
  })
})

describe('an order that had expired when it was batched', () => {
  it('is owed by nobody: the receipt goes back, and nobody is at fault', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain, bench } = world
    bench.work(SHOP, ADA, { order: { expiryHeight: BigInt(chain.height + 2) } })
    const before = escrowOf(chain, SHOP).available
    chain.produceUntil(chain.height + 3)
    const sent = drawn(world, bench.batch(ADA))
    const { answer, state, faults } = openFirst({ world, sent })
    expect([answer, state, faults]).toEqual(['', 'void', []])
    playBatch(chain, HOSTS, sent, quiet)
    expect(batchOf(chain, sent.id).batch).toMatchObject({ state: 'paid', refunded: 42n })
    expect(escrowOf(chain, SHOP).available).toBe(before)
  })
})

describe('a receipt without a voucher', () => {
  it('is drawn whatever the randomness says', () => {
    const world = createCheckWorld(HOSTS, [SHOP], { countersignBlocks: 1 })
    const { chain, bench } = world
    bench.work(SHOP, ADA)
    bench.work(SHOP, ADA, { loose: true })
    bench.work(SHOP, ADA, { loose: true })
    chain.produce()
    const sent = drawn(world, bench.batch(ADA))
    const { batch, checks } = batchOf(chain, sent.id)
    expect(batch.certainPoints).toEqual([42n, 84n])
    expect(checks.slice(0, 2).map(({ offset }) => offset)).toEqual([42n, 84n])
    expect(playBatch(chain, HOSTS, sent)).toBe('paid')
    expect(serviceOf(chain, ADA)?.g).toBeGreaterThanOrEqual(2_000_000n)
  })
})

describe('a device key that is replaced', () => {
  it('leaves its batches as they are: they are opened against the key of their time', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain } = world
    world.bench.work(SHOP, ADA)
    const sent = drawn(world, world.bench.batch(ADA))
    const moved = { owner: ADA.owner, device: actorNamed('second device of ada') }
    const [nonce] = lookForFinds(chain, ADA, 1).right
    expect(word(chain.deliver(ADA.owner, [registerMessage(chain, moved, nonce ?? 0n)]))).toBe('')
    expect(openFirst({ world, sent }).state).toBe('opened')
  })
})

function bendOrder(opening: ReceiptOpening): ReceiptOpening {
  const order = opening.order?.order
  return order === undefined
    ? opening
    : { ...opening, order: { order: { ...order, total: order.total + 1n }, signature: new Uint8Array(64) } }
}

function bendReceipt(opening: ReceiptOpening): ReceiptOpening {
  const receipt = opening.receipt?.receipt
  return receipt === undefined
    ? opening
    : { ...opening, receipt: { receipt: { ...receipt, endHeight: 9n }, signature: new Uint8Array(64) } }
}

function unsigned(opening: ReceiptOpening, part: 'order' | 'receipt' | 'voucher'): ReceiptOpening {
  return { ...opening, [part]: { ...opening[part], signature: new Uint8Array(64).fill(1) } }
}
