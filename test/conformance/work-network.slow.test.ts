/** Paid work from the order to the money, over the real state machine, real hosts and the real order desk. */
import { expect, onTestFinished, test } from 'vitest'
import type { ReceiptBundle } from '../../src/protocol/gen/tailrace/v1/work.ts'
import { BUNDLE_CHECKS, decodeBundle, verifyBundle } from '../../src/protocol/work/bundle.ts'
import { serveWrongModel } from '../support/cheats/wrong-model.ts'
import type { NetworkHost, NetworkHostSetup } from '../support/work/network-host.ts'
import type { FollowedOrder, WorkNetwork } from '../support/work-network.ts'
import { createWorkNetwork, NETWORK_DEPOSIT } from '../support/work-network.ts'

async function start(setups: Readonly<Record<string, NetworkHostSetup>>): Promise<WorkNetwork> {
  const network = await createWorkNetwork(setups)
  onTestFinished(() => network.stop())
  return network
}

async function done(network: WorkNetwork, orders: readonly FollowedOrder[]): Promise<void> {
  await network.until('the orders to end', () => orders.every(({ end }) => end !== 'running'), 30)
}

function batchesOf(network: WorkNetwork, host: NetworkHost): ReturnType<WorkNetwork['answers']['now']['batches']> {
  return network.answers.now.batches(host.owner.address)
}

function allBatches(network: WorkNetwork): ReturnType<WorkNetwork['answers']['now']['batches']> {
  return network.hosts.flatMap((host) => batchesOf(network, host))
}

function sumOf(entries: readonly { readonly reason: string; readonly amount: string }[], reason: string): bigint {
  return entries.filter((entry) => entry.reason === reason).reduce((sum, { amount }) => sum + BigInt(amount), 0n)
}

/** Of the one host that served the order. */
async function ownBundle(network: WorkNetwork, orderHash: string): Promise<ReceiptBundle | undefined> {
  const signal = new AbortController().signal
  const found = await Promise.all(network.hosts.map((host) => host.contributor.work?.receipt(orderHash, signal)))
  const bundles = found.filter((bundle) => bundle !== undefined)
  expect(bundles).toHaveLength(1)
  return bundles[0]
}

test('orders end in paid batches: every unit that left the escrow is with executor, verifiers and the burn', async () => {
  const network = await start({ ada: {}, bea: {}, cyn: {}, dan: {} })
  const orders = Array.from({ length: 6 }, (_, index) => network.order({ maxTokens: 6 + index, prompt: [index, 2, 3] }))
  await done(network, orders)
  expect(orders.map(({ end }) => end)).toEqual(orders.map(() => 'length'))
  const paid = orders.reduce((sum, { result }) => sum + (result?.pricePaid ?? 0n), 0n)
  await network.until('all batches to be taken', () => allBatches(network).reduce((sum, b) => sum + b.sum, 0n) === paid)
  await network.until('all batches to be paid', () => allBatches(network).every(({ state }) => state === 'paid'))

  const { escrow } = network.answers.now.escrow(network.payer.bytes)
  expect(escrow).toMatchObject({ deposited: NETWORK_DEPOSIT, paid, refunded: 0n, frozen: false })
  const ledgers = network.hosts.map(({ owner }) => network.answers.now.ledger(owner.address))
  const fees = ledgers.map((entries) => sumOf(entries, 'check_fee')).reduce((sum, fee) => sum + fee, 0n)
  expect(ledgers.reduce((sum, entries) => sum + sumOf(entries, 'check_reward'), 0n)).toBe(fees)
  for (const [index, host] of network.hosts.entries()) {
    const sum = batchesOf(network, host).reduce((total, batch) => total + batch.sum, 0n)
    expect(sumOf(ledgers[index] ?? [], 'order_income')).toBe(sum)
    expect(network.answers.now.lane(network.payer.bytes, host.owner.address)).toBe(sum)
    expect(network.answers.now.host(host.owner.address)).toMatchObject({ faults: 0n, lastFaultCode: '' })
  }
  expect(await network.deskStore.payer(network.payer.address)).toMatchObject({ owed: paid, reserved: 0n })
  for (const { placed } of orders) {
    const bundle = decodeBundle((await network.gateway.desk?.bundleText((await placed).orderHash)) ?? '')
    expect(verifyBundle(bundle)).toEqual({
      valid: true,
      checks: Object.fromEntries(BUNDLE_CHECKS.map((name) => [name, 'ok'])),
    })
    expect(bundle.height).toBeGreaterThan(0n)
    // The executor has the same proof, from its own store.
    const own = await ownBundle(network, (await placed).orderHash)
    expect(own?.root).toEqual(bundle.root)
    expect(own && verifyBundle(own).valid).toBe(true)
  }
})

test('a host that answers with a cheaper model is convicted, and its payers get their money back', async () => {
  const network = await start({ ada: { wrapInference: serveWrongModel }, bea: {}, cyn: {}, dan: {}, eve: {} })
  const ada = network.host('ada')
  // Of what a conviction takes, one half may go to payers: there is more to take when an epoch has been earned.
  await network.until('held earnings', () => BigInt(network.answers.now.host(ada.owner.address).held) > 0n)
  const orders: FollowedOrder[] = []
  await network.until(
    'the cheat to be drawn',
    () => {
      orders.push(network.order({ maxTokens: 24 }))
      return batchesOf(network, ada).length > 0
    },
    40,
  )
  await done(network, orders)
  const isConvicted = (): boolean => network.answers.now.host(ada.owner.address).faults > 0n
  await network.until('the conviction', isConvicted)
  expect(network.answers.now.host(ada.owner.address)).toMatchObject({ lastFaultCode: 'false_inference' })
  const { escrow } = network.answers.now.escrow(network.payer.bytes)
  const taken = batchesOf(network, ada).reduce((sum, batch) => sum + batch.sum, 0n)
  expect(taken).toBeGreaterThan(0n)
  expect(escrow?.refunded).toBe(taken)
  expect(batchesOf(network, ada).map(({ state }) => state)).toEqual(batchesOf(network, ada).map(() => 'refunded'))
  for (const host of network.hosts.filter((each) => each !== ada)) {
    expect(network.answers.now.host(host.owner.address)).toMatchObject({ faults: 0n })
    expect(batchesOf(network, host).map(({ state }) => state)).not.toContain('refunded')
  }
})
