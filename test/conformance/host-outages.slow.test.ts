/** Leaving, and a chain that goes away: hosts in one process, on the real state machine and the reference oracle. */
import { afterEach, describe, expect, it } from 'vitest'
import { epochHeights } from '../../src/protocol/params.ts'
import { compareFinds, recordOf } from '../support/host-checks.ts'
import type { HostSetup, TestHost, TestNetwork } from '../support/host-network.ts'
import { createTestNetwork, TEST_PARAMS } from '../support/host-network.ts'

let network: TestNetwork | undefined

afterEach(async () => {
  await network?.stop()
  network = undefined
})

const NEVER = new AbortController().signal
const first = epochHeights(TEST_PARAMS, 0)
const second = epochHeights(TEST_PARAMS, 1)
/** After so many blocks without a word of the chain a race stops. */
const PATIENCE_BLOCKS = 2 * TEST_PARAMS.raceLength
const THREE: Readonly<Record<string, HostSetup>> = { ada: { isGenesis: true }, bob: { isGenesis: true }, cay: {} }

async function started(): Promise<TestNetwork> {
  network = await createTestNetwork(THREE)
  return network
}

async function expectNothingLost(host: TestHost, net: TestNetwork, epoch: number): Promise<void> {
  const { committed, real } = await compareFinds(host, net, epoch)
  expect(committed).toEqual(real)
}

describe('clicks', () => {
  it('of any number join once; a leave right behind a join wins', async () => {
    const net = await started()
    const cay = net.host('cay')
    const joins = Promise.allSettled([cay.contributor.join(), cay.contributor.join(), cay.contributor.join()])
    await net.blocks(4)
    expect((await joins).map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'))
    expect(cay.codes().filter((code) => code === 'joined')).toHaveLength(1)
    expect(net.chain.executed.filter(({ action }) => action === 'MsgRegisterHost')).toHaveLength(1)

    const bob = net.host('bob')
    const joined = bob.contributor.join().catch(() => 'interrupted')
    const left = bob.contributor.leave()
    await net.blocks(3)
    await left
    expect(await joined).toBe('interrupted')
    expect(bob.contributor.view()).toMatchObject({ phase: 'idle', joined: false })
    expect(recordOf(bob).active).toBe(false)
  })
})

describe('leaving', () => {
  it('ends the race, tells the chain, and still answers what was drawn', async () => {
    const net = await started()
    await net.joinAll()
    await net.until(first.sampleHeight)
    const ada = net.host('ada')
    const left = ada.contributor.leave()
    expect(ada.contributor.view().phase).toBe('leaving')
    await net.blocks(2)
    await left
    expect(ada.contributor.view()).toMatchObject({ phase: 'idle', joined: false })
    expect(recordOf(ada).active).toBe(false)
    expect(ada.memory()).toMatchObject({ joined: false })
    await net.until(first.settleHeight)
    expect(ada.contributor.view().duties).toEqual({ drawn: 1, answered: 1, missed: 0 })
    await net.until(second.raceEndHeight)
    expect(await ada.chain.finds(1n, ada.owner, NEVER)).toEqual([])
    const again = ada.contributor.join()
    await net.blocks(3)
    await again
    expect(recordOf(ada).active).toBe(true)
  })

  it('is finished after a restart, and cancelled by a join', async () => {
    const net = await started()
    await net.joinAll()
    const cay = net.host('cay')
    cay.chain.setOutage(true)
    const left = cay.contributor.leave()
    await net.blocks(2)
    expect(cay.memory()).toMatchObject({ joined: false, leaving: true })
    expect(cay.contributor.view().phase).toBe('leaving')
    await cay.restart()
    await left
    cay.chain.setOutage(false)
    await net.blocks(3)
    expect(cay.memory().leaving).toBeUndefined()
    expect(recordOf(cay).active).toBe(false)

    const bob = net.host('bob')
    bob.chain.setOutage(true)
    const interrupted = bob.contributor.leave()
    await net.blocks(1)
    const joined = bob.contributor.join()
    await interrupted
    bob.chain.setOutage(false)
    await net.blocks(3)
    await joined
    expect(recordOf(bob).active).toBe(true)
    expect(bob.contributor.view().joined).toBe(true)
  })
})

describe('an outage of the chain', () => {
  it('in a race stops no attempts; the queue is committed when the chain is back', async () => {
    const net = await started()
    await net.joinAll()
    const cay = net.host('cay')
    const before = cay.contributor.view().race?.attempts ?? 0
    cay.chain.setOutage(true)
    await net.blocks(3)
    expect(cay.contributor.view().connection).toBe('disconnected')
    expect(cay.contributor.view().phase).toBe('racing')
    expect(cay.contributor.view().race?.attempts).toBeGreaterThan(before)
    const committed = cay.contributor.view().race?.committed
    cay.chain.setOutage(false)
    await net.until(first.raceEndHeight)
    expect(cay.contributor.view().race?.committed).toBeGreaterThan(committed ?? 0)
    await expectNothingLost(cay, net, 0)
    expect(cay.codes()).toContain('chain_unreachable')
    await net.until(first.settleHeight)
    expect(recordOf(cay).raceVerdict).toBe('verified')
  })

  it('that takes the answer to a commit away neither repeats nor loses a find', async () => {
    const net = await started()
    await net.joinAll()
    const cay = net.host('cay')
    for (let cut = 0; cut < 3; cut++) {
      // What waits in the mempool is executed, but the host never hears of it.
      cay.chain.setOutage(true)
      net.chain.produceBlock()
      cay.chain.setOutage(false)
      await net.blocks(1)
    }
    await net.until(first.raceEndHeight)
    await expectNothingLost(cay, net, 0)
  })

  it('in which a commit gets lost loses no find', async () => {
    const net = await started()
    await net.joinAll()
    const cay = net.host('cay')
    for (let cut = 0; cut < 2; cut++) {
      await net.blocks(1)
      net.chain.dropMempool()
      cay.chain.setOutage(true)
      cay.chain.setOutage(false)
    }
    await net.until(first.raceEndHeight)
    expect(cay.codes()).toContain('tx_failed')
    await expectNothingLost(cay, net, 0)
  })

  it('that does not end stops the device', async () => {
    const net = await started()
    await net.joinAll()
    const cay = net.host('cay')
    cay.chain.setOutage(true)
    await net.blocks(PATIENCE_BLOCKS + 1)
    const attempts = cay.contributor.view().race?.attempts
    await net.blocks(3)
    expect(cay.contributor.view().race?.attempts).toBe(attempts)
    cay.chain.setOutage(false)
    await net.until(second.startHeight + 3)
    expect(cay.contributor.view().phase).toBe('racing')
  })
})
