/** Who lies or hides in paid work, and what becomes of it, over the real state machine with real hosts. */
import { expect, onTestFinished, test } from 'vitest'
import { lieInChecks } from '../support/cheats/lying-verifier.ts'
import { handOutNothing, openNothing } from '../support/cheats/withheld-opening.ts'
import type { NetworkHost, NetworkHostSetup } from '../support/work/network-host.ts'
import type { FollowedOrder, WorkNetwork } from '../support/work-network.ts'
import { createWorkNetwork } from '../support/work-network.ts'

const MINUTES_MS = 180_000

async function start(setups: Readonly<Record<string, NetworkHostSetup>>): Promise<WorkNetwork> {
  const network = await createWorkNetwork(setups)
  onTestFinished(() => network.stop())
  return network
}

function batchesOf(network: WorkNetwork, host: NetworkHost): ReturnType<WorkNetwork['answers']['now']['batches']> {
  return network.answers.now.batches(host.owner.address)
}

function faultsOf(
  network: WorkNetwork,
  host: NetworkHost,
): { readonly faults: bigint; readonly lastFaultCode: string } {
  const { faults, lastFaultCode } = network.answers.now.host(host.owner.address)
  return { faults, lastFaultCode }
}

/** Orders in every block until the probe holds. */
async function orderUntil(network: WorkNetwork, what: string, probe: () => boolean, most: number): Promise<void> {
  const orders: FollowedOrder[] = []
  await network.until(
    what,
    () => {
      if (!probe()) {
        orders.push(network.order({ maxTokens: 20 }))
      }
      return probe()
    },
    most,
  )
  await network.until('the orders to end', () => orders.every(({ end }) => end !== 'running'), 40)
}

test(
  'a verifier that calls honest work false is convicted; the work is paid',
  async () => {
    const network = await start({ ada: { wrapChain: lieInChecks }, bea: {}, cyn: {}, dan: {}, eve: {} })
    const ada = network.host('ada')
    const others = network.hosts.filter((host) => host !== ada)
    await orderUntil(network, 'a false report', () => faultsOf(network, ada).faults > 0n, 120)
    expect(faultsOf(network, ada)).toEqual({ faults: 1n, lastFaultCode: 'false_report' })
    expect(others.map((host) => faultsOf(network, host).faults)).toEqual(others.map(() => 0n))
    const honest = () => others.flatMap((host) => batchesOf(network, host))
    await network.until('the honest work to be paid', () => honest().every(({ state }) => state === 'paid'), 150)
    // What the liar itself delivered is held of it: what a conviction takes goes to payers first.
    const { refunded = 0n } = network.answers.now.escrow(network.payer.bytes).escrow ?? {}
    const own = batchesOf(network, ada).reduce((sum, batch) => sum + batch.sum, 0n)
    expect(refunded).toBeLessThanOrEqual(own)
  },
  MINUTES_MS,
)

test(
  'a host that opens nothing gets nothing: its payers are refunded, the same sum is taken from it once more',
  async () => {
    const hiding = { wrapChain: openNothing, wrapPeers: handOutNothing }
    const network = await start({ ada: hiding, bea: {}, cyn: {}, dan: {} })
    const ada = network.host('ada')
    await network.until('held earnings', () => BigInt(network.answers.now.host(ada.owner.address).held) > 0n)
    const refunded = () => batchesOf(network, ada).some(({ state }) => state === 'refunded')
    await orderUntil(network, 'the cheat to be drawn', () => batchesOf(network, ada).length > 0, 40)
    await network.until('the refund', refunded)
    const lost = batchesOf(network, ada).filter(({ state }) => state === 'refunded')
    const sum = lost.reduce((total, batch) => total + batch.sum, 0n)
    await network.until('every batch of the cheat to be closed', () =>
      batchesOf(network, ada).every(({ state }) => state === 'refunded'),
    )
    const all = batchesOf(network, ada).reduce((total, batch) => total + batch.sum, 0n)
    expect(sum).toBeGreaterThan(0n)
    expect(network.answers.now.escrow(network.payer.bytes).escrow?.refunded).toBe(all)
    expect(faultsOf(network, ada)).toEqual({ faults: 0n, lastFaultCode: '' })
    const entries = network.answers.now.ledger(ada.owner.address)
    const amountOf = (reason: string): bigint =>
      entries.filter((entry) => entry.reason === reason).reduce((total, { amount }) => total + BigInt(amount), 0n)
    expect(amountOf('order_income')).toBe(all)
    expect(new Set(entries.map(({ reason }) => reason))).toContain('withheld_penalty')
  },
  MINUTES_MS,
)
