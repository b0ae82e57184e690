/** Leaving with paid work on the real state machine: Finish forfeits nothing, Leave now says what it may. */
import { expect, onTestFinished, test } from 'vitest'
import { Duty } from '../../src/protocol/gen/tailrace/v1/tx.ts'
import type { NetworkHost } from '../support/work/network-host.ts'
import type { WorkNetwork } from '../support/work-network.ts'
import { createWorkNetwork } from '../support/work-network.ts'

const TIMEOUT_MS = 120_000
/** An order takes some blocks. */
const SLOW = { toy: { stepMs: 500 } }

async function start(): Promise<WorkNetwork> {
  const network = await createWorkNetwork({ ada: SLOW, bea: SLOW, cyn: SLOW })
  onTestFinished(() => network.stop())
  return network
}

/** Orders until one of them is with somebody, and that host. */
async function servingHost(network: WorkNetwork): Promise<NetworkHost> {
  network.order({ maxTokens: 20 })
  const isServing = (host: NetworkHost) => host.contributor.work?.view().queue.running === 1
  await network.until('an order runs', () => network.hosts.some(isServing))
  return network.hosts.find(isServing) as NetworkHost
}

function recordOf(network: WorkNetwork, host: NetworkHost) {
  return network.answers.now.host(host.owner.address)
}

function batchesOf(network: WorkNetwork, host: NetworkHost) {
  return network.answers.now.batches(host.owner.address)
}

test(
  'Finish ends the running order, waits for the draws of its batch, then leaves with its earnings',
  async () => {
    const network = await start()
    const host = await servingHost(network)
    expect(recordOf(network, host)?.duties).toContain(Duty.DUTY_SERVE)
    let hasLeft = false
    void host.contributor.finish().then(() => {
      hasLeft = true
    })
    await network.until('it has left', () => hasLeft, 120)
    expect(recordOf(network, host)).toMatchObject({ active: false, faults: 0n })
    expect(batchesOf(network, host).map(({ state }) => state)).toEqual(['paid'])
    expect(host.contributor.work?.view()).toMatchObject({ finishing: 'done', forfeits: { total: 0n } })
    expect(host.contributor.work?.view().jobs[0]?.outputTokens).toBe(20)
    const next = network.order()
    await network.until('another host serves', () => next.end !== 'running')
    expect(next.end).toBe('length')
  },
  TIMEOUT_MS,
)

test(
  'Leave now cancels the running order, and what was made is still brought to the chain; a join ends the waiting of Finish',
  async () => {
    const network = await start()
    const host = await servingHost(network)
    const finished = host.contributor.finish()
    const interrupted = expect(finished).rejects.toMatchObject({ code: 'interrupted' })
    await network.blocks(1)
    await host.contributor.join()
    await interrupted
    expect(host.contributor.work?.view().finishing).toBeUndefined()
    let hasLeft = false
    void host.contributor.leave().then(() => {
      hasLeft = true
    })
    await network.until('it has left', () => hasLeft)
    expect(recordOf(network, host)?.active).toBe(false)
    await network.until('its batch is paid', () => batchesOf(network, host)[0]?.state === 'paid', 120)
    expect(recordOf(network, host)).toMatchObject({ active: false, faults: 0n })
  },
  TIMEOUT_MS,
)
