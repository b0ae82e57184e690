import { describe, expect, it } from 'vitest'
import { ask, setActiveMessage } from '../../../../test/support/chain/chain-duties.ts'
import type { ChainHarness } from '../../../../test/support/chain/chain-harness.ts'
import { actorNamed, hostNamed, stateLines, word } from '../../../../test/support/chain/chain-harness.ts'
import type { TestBatch, Workbench } from '../../../../test/support/chain/chain-work.ts'
import {
  acceptedOf,
  batchMessage,
  createWorkbench,
  createWorkChain,
  escrowOf,
  ownerOf,
  payerOf,
  serveMessage,
  serviceOf,
  sessionNamed,
  TEST_MODEL,
} from '../../../../test/support/chain/chain-work.ts'
import {
  QueryBatchRequest,
  QueryBatchResponse,
  QueryLedgerRequest,
  QueryLedgerResponse,
  QuerySupplyResponse,
} from '../../../protocol/gen/tailrace/v1/query.ts'
import type { MsgSubmitBatch } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { signVoucher } from '../../../protocol/work/receipt.ts'
import { updateHost } from '../../state/hosts.ts'
import { updateService } from '../../state/work/services.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')
const one = sessionNamed('one')
const two = sessionNamed('two')
/** utail of a work of 8 prompt and 40 output tokens at one utail for an output token. */
const PRICE = 42n

interface Bench {
  readonly chain: ChainHarness
  readonly bench: Workbench
}

function start(options: Partial<Parameters<typeof createWorkChain>[0]> = {}): Bench {
  const sessions = [
    [one, 10_000n],
    [two, 10_000n],
  ] as const
  const chain = createWorkChain({ hosts: [ada, bob], sessions, ...options })
  return { chain, bench: createWorkbench(chain) }
}

function submit({ chain }: Bench, host: typeof ada, message: MsgSubmitBatch): string {
  return word(chain.deliver(host.device, [batchMessage(message)]))
}

/** The result of a batch of ada's, bent in one place, and that a refused one changes nothing but the sequence. */
function tryBent(bent: Partial<MsgSubmitBatch> | ((batch: TestBatch) => Partial<MsgSubmitBatch>)): string {
  const world = start()
  world.bench.work(one, ada)
  world.bench.work(two, ada)
  const batch = world.bench.batch(ada)
  const message = { ...batch.message, ...(typeof bent === 'function' ? bent(batch) : bent) }
  const before = stateLines(world.chain).filter((line) => !line.startsWith('11'))
  const result = submit(world, ada, message)
  const after = stateLines(world.chain).filter((line) => !line.startsWith('11'))
  expect(after).toEqual(result === '' ? expect.anything() : before)
  return result
}

describe('a batch', () => {
  it('moves its sum from the escrows to what is held, and says so', () => {
    const world = start()
    const { chain, bench } = world
    bench.work(one, ada)
    bench.work(one, ada)
    bench.work(two, ada, { outputTokens: 100 })
    const { message } = bench.batch(ada)
    expect(message.sum).toBe(PRICE * 2n + 102n)
    const result = chain.deliver(ada.device, [batchMessage(message)])
    expect(word(result)).toBe('')
    expect(acceptedOf(chain, one, ada)).toBe(PRICE * 2n)
    expect(escrowOf(chain, one)).toMatchObject({ available: 9_000n - PRICE * 2n, escrow: { paid: PRICE * 2n } })
    expect(ask(chain, 'Supply', new Uint8Array(0), QuerySupplyResponse)).toMatchObject({
      held: message.sum.toString(),
      escrows: (20_000n - message.sum).toString(),
    })
    const batch = ask(chain, 'Batch', QueryBatchRequest.encode({ id: 1n }).finish(), QueryBatchResponse).batch
    expect(batch).toMatchObject({ id: 1n, model: TEST_MODEL.id, sum: message.sum, leaves: 3, state: 'accepted' })
    expect(batch?.executor).toEqual(ownerOf(ada))
    const ledger = QueryLedgerRequest.encode({ host: ada.owner.address, fromSequence: 0n, limit: 0 }).finish()
    expect(ask(chain, 'Ledger', ledger, QueryLedgerResponse).entries).toMatchObject([
      { kind: 'hold', amount: message.sum.toString(), reason: 'order_income', txHash: batch?.txHash },
    ])
    expect(result.events.find(({ type }) => type === 'batch')?.attributes).toContainEqual({
      key: 'sum',
      value: message.sum.toString(),
    })
    expect(serviceOf(chain, ada)).toMatchObject({ receipts: 3n, value: message.sum, epochValue: message.sum })
  })

  it('goes on in each lane where the last one ended, and lanes of one payer do not touch', () => {
    const world = start()
    const { chain, bench } = world
    for (const count of [1, 2, 1]) {
      for (let index = 0; index < count; index++) {
        bench.work(one, ada)
      }
      expect(submit(world, ada, bench.batch(ada).message)).toBe('')
    }
    bench.work(one, bob)
    expect(submit(world, bob, bench.batch(bob).message)).toBe('')
    expect([acceptedOf(chain, one, ada), acceptedOf(chain, one, bob)]).toEqual([PRICE * 4n, PRICE])
    expect(escrowOf(chain, one).escrow).toMatchObject({ paid: PRICE * 5n, vouched: PRICE * 5n, frozen: false })
  })

  it('is taken from a host that left or no longer serves: it did the work before', () => {
    const world = start()
    const { chain, bench } = world
    bench.work(one, ada)
    chain.deliver(ada.device, [serveMessage(ada, []), setActiveMessage(ada.device.address, ada, false)])
    expect(submit(world, ada, bench.batch(ada).message)).toBe('')
  })
})

describe('what was taken is not taken again', () => {
  it('neither with the same batch nor with the same voucher', () => {
    const world = start()
    world.bench.work(one, ada)
    const { message } = world.bench.batch(ada)
    expect(submit(world, ada, message)).toBe('')
    expect(submit(world, ada, message)).toBe('lane_behind')
    const [lane] = message.lanes
    const further = [{ ...lane, payer: payerOf(one), to: PRICE * 2n, voucher: lane?.voucher }]
    expect(submit(world, ada, { ...message, lanes: further })).toBe('lane_behind')
    expect(acceptedOf(world.chain, one, ada)).toBe(PRICE)
  })

  it('nor with an older voucher than the last one', () => {
    const world = start()
    const first = world.bench.work(one, ada)
    const second = world.bench.work(one, ada)
    const { message } = world.bench.batch(ada)
    const [lane] = message.lanes
    expect(lane?.voucher).toEqual(second.voucher)
    expect(submit(world, ada, message)).toBe('')
    const older = [{ payer: payerOf(one), to: PRICE * 3n, voucher: first.voucher }]
    expect(submit(world, ada, { ...message, sum: PRICE, lanes: older })).toBe('lane_behind')
  })

  it('nor by two lanes of one payer in one batch', () => {
    const world = start()
    world.bench.work(one, ada)
    const { message } = world.bench.batch(ada)
    const lanes = [...message.lanes, ...message.lanes]
    expect(submit(world, ada, { ...message, sum: message.sum * 2n, lanes })).toBe('message_out_of_bounds')
  })
})

describe('a batch is refused', () => {
  it('where its lanes do not add up to the sum of its root', () => {
    expect(tryBent(({ message }) => ({ sum: message.sum + 1n }))).toBe('sum_mismatch')
    expect(tryBent(({ message }) => ({ sum: message.sum - 1n }))).toBe('sum_mismatch')
    expect(tryBent({ leaves: 1 })).toBe('sum_mismatch')
    expect(tryBent({})).toBe('')
  })

  it('where a lane goes beyond its voucher, or has none', () => {
    const beyond = ({ message }: TestBatch): Partial<MsgSubmitBatch> => ({
      sum: message.sum + 1n,
      lanes: message.lanes.map((lane, index) => (index === 0 ? { ...lane, to: lane.to + 1n } : lane)),
    })
    expect(tryBent(beyond)).toBe('uncovered')
    expect(tryBent(({ message }) => ({ lanes: message.lanes.map((lane) => ({ ...lane, voucher: undefined })) }))).toBe(
      'uncovered',
    )
  })

  it('where a voucher is for another chain, payer or executor, or signed by another key', () => {
    const bend = (change: object, signer = one): string => {
      const world = start()
      world.bench.work(one, ada)
      const { message } = world.bench.batch(ada)
      const voucher = message.lanes[0]?.voucher?.voucher
      if (voucher === undefined) {
        throw new Error('no voucher')
      }
      const bent = signVoucher({ ...voucher, ...change }, signer.secret)
      return submit(world, ada, { ...message, lanes: message.lanes.map((lane) => ({ ...lane, voucher: bent })) })
    }
    expect(bend({})).toBe('')
    expect(bend({ chainId: 'tailrace-1' })).toBe('voucher_invalid')
    expect(bend({ payer: payerOf(two) })).toBe('voucher_invalid')
    expect(bend({ executor: ownerOf(bob) })).toBe('voucher_invalid')
    expect(bend({}, two)).toBe('voucher_invalid')
    // The executor cannot raise what the payer signed.
    expect(bend({ cumulative: PRICE * 2n }, ada.device)).toBe('voucher_invalid')
  })

  it('where somebody else brings the vouchers', () => {
    const world = start()
    world.bench.work(one, ada)
    const { message } = world.bench.batch(ada)
    expect(submit(world, bob, { ...message, signer: bob.device.address })).toBe('voucher_invalid')
    const stranger = actorNamed('stranger')
    const signed = { ...message, signer: stranger.address }
    expect(word(world.chain.deliver(stranger, [batchMessage(signed)]))).toBe('not_a_host')
  })

  it('where nobody knows the escrow or the model, or the host never offered it', () => {
    const nobody = sessionNamed('nobody')
    const world = start()
    world.bench.work(nobody, ada)
    expect(submit(world, ada, world.bench.batch(ada).message)).toBe('unknown_escrow')
    expect(tryBent({ model: 'tail/another' })).toBe('unknown_model')
    const cleo = hostNamed('cleo')
    const other = createWorkChain({ hosts: [ada, cleo], sessions: [[one, 1_000n]] })
    other.store.delete(serviceKeyOf(other, cleo))
    const done = createWorkbench(other)
    done.work(one, cleo, { undrawn: true })
    expect(word(other.deliver(cleo.device, [batchMessage(done.batch(cleo).message)]))).toBe('not_serving')
  })

  it('where the escrow does not allow the model', () => {
    const other = { ...TEST_MODEL, id: 'tail/other' }
    const world = start({ models: [TEST_MODEL, other], terms: { models: [other.id] } })
    world.bench.work(one, ada)
    const { message } = world.bench.batch(ada)
    expect(submit(world, ada, message)).toBe('not_allowed')
  })

  it('where the escrow cannot pay: the guarantee is not for orders', () => {
    const world = start({ sessions: [[one, 100n]] })
    world.bench.work(one, ada)
    world.bench.work(one, ada)
    expect(submit(world, ada, world.bench.batch(ada).message)).toBe('')
    expect(escrowOf(world.chain, one)).toMatchObject({ available: 6n, escrow: { guarantee: 10n } })
    world.bench.work(one, ada, { order: { total: 90n } })
    // It had promised more than it has in all: now the guarantee pays as well, and that is not enough.
    expect(submit(world, ada, world.bench.batch(ada).message)).toBe('escrow_short')
    expect(escrowOf(world.chain, one).escrow.frozen).toBe(false)
  })

  it('where the owner limited what the session key spends', () => {
    const world = start({ terms: { spendLimit: PRICE + 1n } })
    world.bench.work(one, ada)
    expect(submit(world, ada, world.bench.batch(ada).message)).toBe('')
    expect(escrowOf(world.chain, one).available).toBe(1n)
    world.bench.work(one, ada)
    expect(submit(world, ada, world.bench.batch(ada).message)).toBe('escrow_short')
  })

  it('from a convicted host, and from one that no roster ever named', () => {
    const world = start()
    world.bench.work(one, ada)
    const { message } = world.bench.batch(ada)
    updateService(world.chain.store, ownerOf(ada), TEST_MODEL.id, { listedHeight: 0n })
    expect(submit(world, ada, message)).toBe('not_serving')
    updateHost(world.chain.store, ownerOf(ada), { barredUntilEpoch: 5n })
    expect(submit(world, ada, message)).toBe('barred')
  })

  it('a second time in one block', () => {
    const { chain, bench } = start()
    const messages = [1, 2].map(() => {
      bench.work(one, ada)
      return bench.batch(ada).message
    })
    const txs = messages.map((message) => chain.sign(ada.device, [batchMessage(message)]))
    expect(chain.produce(txs).txResults.slice(1).map(word)).toEqual(['', 'rate_limited'])
  })
})

describe('the signatures inside batches', () => {
  it('are bounded in a block, whoever sends them', () => {
    const sessions = Array.from({ length: 64 }, (_, index) => sessionNamed(`payer ${index}`))
    const hosts = ['ada', 'bob', 'cleo', 'dan', 'eve'].map(hostNamed)
    const chain = createWorkChain({ hosts, sessions: [] })
    const bench = createWorkbench(chain)
    const txs = hosts.map((host) => {
      const works = sessions.map((session) => bench.work(session, host, { undrawn: true }))
      return chain.sign(host.device, [batchMessage(bench.batch(host, { works }).message)])
    })
    const results = chain.produce(txs).txResults.slice(1).map(word)
    // Four batches of 64 lanes use up the block; no escrow is there, so none of them came to its signatures.
    expect(results).toEqual(['unknown_escrow', 'unknown_escrow', 'unknown_escrow', 'unknown_escrow', 'work_budget'])
  })
})

function serviceKeyOf(chain: ChainHarness, host: typeof ada): Uint8Array {
  const owner = ownerOf(host)
  for (const [key] of chain.store.entries()) {
    if (key[0] === 0x62 && owner.every((byte, index) => key[index + 1] === byte)) {
      return key
    }
  }
  throw new Error('no service')
}
