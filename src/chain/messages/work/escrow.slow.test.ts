import { describe, expect, it } from 'vitest'
import { ask } from '../../../../test/support/chain/chain-duties.ts'
import type { ChainHarness } from '../../../../test/support/chain/chain-harness.ts'
import { actorNamed, hostNamed, word } from '../../../../test/support/chain/chain-harness.ts'
import type { DoneWork, WorkChainOptions } from '../../../../test/support/chain/chain-work.ts'
import {
  acceptedOf,
  batchMessage,
  createWorkbench,
  createWorkChain,
  DEVELOPER,
  DEVELOPER_AMOUNT,
  depositMessage,
  escrowOf,
  payerOf,
  sessionNamed,
  TEST_MODEL,
  withdrawMessage,
} from '../../../../test/support/chain/chain-work.ts'
import { decodeAddress } from '../../../protocol/address.ts'
import {
  QueryEscrowsRequest,
  QueryEscrowsResponse,
  QuerySupplyResponse,
} from '../../../protocol/gen/tailrace/v1/query.ts'
import type { MsgDepositEscrow } from '../../../protocol/gen/tailrace/v1/tx.ts'
import type { SignedOrder } from '../../../protocol/gen/tailrace/v1/work.ts'
import type { TypedMessage } from '../../../protocol/messages.ts'
import { LOCAL_SERVING_PARAMS } from '../../../protocol/work/serving-params.ts'
import { balanceOf } from '../../state/bank.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')
const one = sessionNamed('one')
const rival = actorNamed('rival')
const PRICE = 42n

function start(options: Partial<WorkChainOptions> = {}): ChainHarness {
  return createWorkChain({ hosts: [ada, bob], sessions: [[one, 1_000n]], ...options })
}

function deposit(chain: ChainHarness, amount: bigint, terms: Partial<MsgDepositEscrow> = {}): string {
  return word(chain.deliver(DEVELOPER, [depositMessage(DEVELOPER, one, amount, terms)]))
}

function balance(chain: ChainHarness): bigint {
  return balanceOf(chain.store, decodeAddress(DEVELOPER.address))
}

describe('a deposit', () => {
  it('goes from the balance to the escrow, a tenth of it as the guarantee', () => {
    const chain = start()
    expect(deposit(chain, 505n)).toBe('')
    expect(escrowOf(chain, one)).toMatchObject({
      available: 1_355n,
      escrow: { deposited: 1_505n, guarantee: 150n, paid: 0n, payer: payerOf(one), sessionPubkey: one.publicKey },
    })
    expect(balance(chain)).toBe(DEVELOPER_AMOUNT - 1_505n)
    expect(ask(chain, 'Supply', new Uint8Array(0), QuerySupplyResponse)).toMatchObject({ escrows: '1505' })
    const request = QueryEscrowsRequest.encode({ owner: DEVELOPER.address }).finish()
    expect(ask(chain, 'Escrows', request, QueryEscrowsResponse).escrows).toHaveLength(1)
  })

  it('needs the money, a key of the curve, known models and a future', () => {
    const chain = start({ sessions: [] })
    expect(deposit(chain, DEVELOPER_AMOUNT + 1n)).toBe('insufficient_funds')
    expect(deposit(chain, 1n, { sessionPubkey: new Uint8Array(33) })).toBe('invalid_public_key')
    expect(deposit(chain, 1n, { models: ['tail/other'] })).toBe('unknown_model')
    expect(deposit(chain, 1n, { expiryHeight: BigInt(chain.height + 1) })).toBe('escrow_expired')
    expect(deposit(chain, 0n)).toBe('message_out_of_bounds')
  })

  it('of somebody else does not touch the escrow of a session key', () => {
    const chain = start()
    chain.deliver(DEVELOPER, [
      {
        typeUrl: '/cosmos.bank.v1beta1.MsgSend',
        value: {
          fromAddress: DEVELOPER.address,
          toAddress: rival.address,
          amount: [{ denom: 'utail', amount: '100' }],
        },
      },
    ])
    expect(word(chain.deliver(rival, [depositMessage(rival, one, 10n)]))).toBe('escrow_taken')
    expect(word(chain.deliver(rival, [withdrawMessage(rival, one)]))).toBe('escrow_taken')
    expect(word(chain.deliver(rival, [withdrawMessage(rival, sessionNamed('none'))]))).toBe('unknown_escrow')
  })

  it('widens what the key may do, and never narrows it: executors have worked on the old terms', () => {
    const chain = start({
      terms: { models: [TEST_MODEL.id], maxPrice: 500n, spendLimit: 400n, expiryHeight: 1_000n },
    })
    const terms = { models: [TEST_MODEL.id], maxPrice: 500n, spendLimit: 400n, expiryHeight: 1_000n }
    expect(deposit(chain, 1n, { ...terms, maxPrice: 499n })).toBe('escrow_narrowed')
    expect(deposit(chain, 1n, { ...terms, spendLimit: 399n })).toBe('escrow_narrowed')
    expect(deposit(chain, 1n, { ...terms, expiryHeight: 999n })).toBe('escrow_narrowed')
    expect(deposit(chain, 1n, terms)).toBe('')
    expect(deposit(chain, 1n, { models: [], maxPrice: 0n, spendLimit: 0n, expiryHeight: 1_001n })).toBe('')
    expect(deposit(chain, 1n, { ...terms, expiryHeight: 1_001n, maxPrice: 0n, spendLimit: 0n })).toBe('escrow_narrowed')
    expect(escrowOf(chain, one).escrow).toMatchObject({ models: [], maxPrice: 0n, spendLimit: 0n })
  })
})

describe('a withdrawal', () => {
  /** Two epochs are 80 blocks, one is 40. */
  const params = {
    epochLength: 40,
    raceLength: 25,
    verifyLength: 10,
    serving: { ...LOCAL_SERVING_PARAMS, withdrawEpochs: 1 },
  }

  it('waits, and vouchers that are out are paid until the end', () => {
    const chain = start({ params })
    const bench = createWorkbench(chain)
    const works = [bench.work(one, ada), bench.work(one, ada)] as [DoneWork, DoneWork]
    const result = chain.deliver(DEVELOPER, [withdrawMessage(DEVELOPER, one)])
    expect(word(result)).toBe('')
    const release = chain.height + 40
    expect(escrowOf(chain, one).escrow.releaseHeight).toBe(BigInt(release))
    expect(deposit(chain, 10n)).toBe('escrow_closed')
    expect(word(chain.deliver(DEVELOPER, [withdrawMessage(DEVELOPER, one)]))).toBe('escrow_closed')
    chain.produceUntil(release - 1)
    // In the very block of the release.
    const [first, second] = works
    expect(word(chain.deliver(ada.device, [batchMessage(bench.batch(ada, { works: [first] }).message)]))).toBe('')
    expect(escrowOf(chain, one).escrow).toMatchObject({ closed: true, released: 1_000n - PRICE, guarantee: 0n })
    expect(escrowOf(chain, one).available).toBe(0n)
    expect(balance(chain)).toBe(DEVELOPER_AMOUNT - PRICE)
    expect(word(chain.deliver(ada.device, [batchMessage(bench.batch(ada, { works: [second] }).message)]))).toBe(
      'escrow_closed',
    )
  })

  it('is for good: the key cannot have a second life in which old vouchers count', () => {
    const chain = start({ params })
    const bench = createWorkbench(chain)
    bench.work(one, ada)
    expect(word(chain.deliver(ada.device, [batchMessage(bench.batch(ada).message)]))).toBe('')
    chain.deliver(DEVELOPER, [withdrawMessage(DEVELOPER, one)])
    chain.produceUntil(chain.height + 41)
    expect(escrowOf(chain, one).escrow.closed).toBe(true)
    expect(deposit(chain, 10n)).toBe('escrow_closed')
    expect(acceptedOf(chain, one, ada)).toBe(PRICE)
    // Nobody opened the batch: its money had come back before.
    const [event] = chain.blockEvents.filter(({ type }) => type === 'escrow_released')
    expect(event?.attributes).toMatchObject({ owner: DEVELOPER.address, amount: '1000utail' })
  })
})

describe('a payer that promises too much', () => {
  function prove(chain: ChainHarness, first: SignedOrder, second?: SignedOrder): string {
    const message: TypedMessage = {
      typeUrl: '/tailrace.v1.MsgProveOvercommit',
      value: { signer: bob.device.address, first, second },
    }
    return word(chain.deliver(bob.device, [message]))
  }

  it('is proven by two orders of one sequence', () => {
    const chain = start()
    const bench = createWorkbench(chain)
    const first = bench.work(one, ada)
    const { sequence } = first.order.order
    const other = bench.work(one, ada, { order: { sequence }, undrawn: true, outputTokens: 41 })
    const next = bench.work(one, ada)
    expect(prove(chain, first.order, next.order)).toBe('no_overcommitment')
    expect(prove(chain, first.order, first.order)).toBe('no_overcommitment')
    expect(prove(chain, first.order, { ...other.order, signature: first.order.signature })).toBe('no_overcommitment')
    expect(prove(chain, first.order, other.order)).toBe('')
    expect(escrowOf(chain, one).escrow.frozen).toBe(true)
    expect(prove(chain, first.order, other.order)).toBe('escrow_closed')
    expect(deposit(chain, 10n)).toBe('escrow_closed')
  })

  it('is proven by one order above what the escrow can owe', () => {
    const chain = start({ terms: { spendLimit: 500n } })
    const bench = createWorkbench(chain)
    const within = bench.work(one, ada, { order: { total: 500n } })
    const above = bench.work(one, ada, { order: { total: 501n } })
    const elsewhere = bench.work(one, ada, { order: { total: 501n, chainId: 'tailrace-1' } })
    expect(prove(chain, within.order)).toBe('no_overcommitment')
    expect(prove(chain, elsewhere.order)).toBe('no_overcommitment')
    const stranger = createWorkbench(chain).work(sessionNamed('stranger'), ada)
    expect(prove(chain, stranger.order)).toBe('unknown_escrow')
    expect(prove(chain, above.order)).toBe('')
    expect(escrowOf(chain, one).escrow.frozen).toBe(true)
  })

  it('still pays for what was ordered before, and with its guarantee too', () => {
    const chain = start({ sessions: [[one, 100n]] })
    const bench = createWorkbench(chain)
    const works = [bench.work(one, ada), bench.work(one, bob)] as const
    // Two lanes of 42 and 42: within the 90 that are not the guarantee. A third would not be.
    const third = bench.work(one, bob, { order: { total: 126n }, outputTokens: 8, promptTokens: 4 })
    expect(prove(chain, third.order)).toBe('')
    for (const host of [ada, bob]) {
      expect(word(chain.deliver(host.device, [batchMessage(bench.batch(host).message)]))).toBe('')
    }
    expect(works[0].price + works[1].price + third.price).toBe(93n)
    expect(escrowOf(chain, one)).toMatchObject({ available: 7n, escrow: { paid: 93n, guarantee: 7n } })
  })

  it('is caught by its own vouchers where it lied about the total: the guarantee pays who brings them', () => {
    const chain = start({ sessions: [[one, 100n]] })
    const bench = createWorkbench(chain)
    const work = (host: typeof ada): DoneWork =>
      bench.work(one, host, { outputTokens: 45, promptTokens: 20, order: { total: 50n } })
    expect(work(ada).price).toBe(50n)
    work(bob)
    expect(word(chain.deliver(ada.device, [batchMessage(bench.batch(ada).message)]))).toBe('')
    expect(escrowOf(chain, one)).toMatchObject({ available: 40n, escrow: { frozen: false, vouched: 50n } })
    // 100 were countersigned, 50 were said to be all: the 10 of the guarantee make up for it.
    expect(word(chain.deliver(bob.device, [batchMessage(bench.batch(bob).message)]))).toBe('')
    expect(escrowOf(chain, one)).toMatchObject({ available: 0n, escrow: { frozen: true, guarantee: 0n, paid: 100n } })
  })

  it('is not whoever pays by the rules: neither order of vouchers nor claims of executors freeze its escrow', () => {
    const serving = { ...LOCAL_SERVING_PARAMS, countersignBlocks: 1 }
    const chain = start({ params: { serving } })
    const bench = createWorkbench(chain)
    const works = [bench.work(one, ada), bench.work(one, bob), bench.work(one, ada)] as const
    const lost = bench.work(one, bob, { loose: true })
    chain.produce()
    const sent = (host: typeof ada, list: readonly DoneWork[]): string =>
      word(chain.deliver(host.device, [batchMessage(bench.batch(host, { works: list }).message)]))
    expect(sent(bob, [works[1]])).toBe('')
    expect(sent(ada, [works[0]])).toBe('')
    // An order that the gateway counts as lost, with a total that stands for one more order at most.
    expect(sent(bob, [lost])).toBe('')
    expect(sent(ada, [works[2]])).toBe('')
    expect(escrowOf(chain, one).escrow).toMatchObject({ frozen: false, paid: PRICE * 4n, vouched: PRICE * 3n })
  })
})
