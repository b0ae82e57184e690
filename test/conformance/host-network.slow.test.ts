/** Three hosts in one process, on the real state machine and the reference oracle, through whole epochs and restarts. */
import { afterEach, describe, expect, it } from 'vitest'
import { HOST_PHASES } from '../../src/host/view.ts'
import { epochHeights } from '../../src/protocol/params.ts'
import { compareFinds, recordOf } from '../support/host-checks.ts'
import type { HostSetup, TestHost, TestNetwork } from '../support/host-network.ts'
import { createTestNetwork, TEST_PARAMS } from '../support/host-network.ts'

// Real arithmetic of some seconds; on a busy machine many more.

let network: TestNetwork | undefined

afterEach(async () => {
  await network?.stop()
  network = undefined
})

const NEVER = new AbortController().signal
const first = epochHeights(TEST_PARAMS, 0)
const second = epochHeights(TEST_PARAMS, 1)
const THREE: Readonly<Record<string, HostSetup>> = { ada: { isGenesis: true }, bob: { isGenesis: true }, cay: {} }

async function started(): Promise<TestNetwork> {
  network = await createTestNetwork(THREE)
  return network
}

function phasesOf(host: TestHost): string[] {
  return host.views.map((view) => view.phase).filter((phase, index, all) => phase !== all[index - 1])
}

async function expectNothingLost(host: TestHost, net: TestNetwork, epoch: number): Promise<void> {
  const { committed, real } = await compareFinds(host, net, epoch)
  expect(committed).toEqual(real)
}

describe('three hosts', () => {
  it('go through an epoch: race, verification, weight, earnings', async () => {
    const net = await started()
    const hosts = ['ada', 'bob', 'cay'].map(net.host)
    await net.joinAll()
    expect(hosts.map((host) => host.contributor.view().phase)).toEqual(['racing', 'racing', 'racing'])
    await net.until(first.raceEndHeight)
    for (const host of hosts) {
      await expectNothingLost(host, net, 0)
      expect(recordOf(host).finds).toBeGreaterThanOrEqual(20n)
    }
    await net.until(first.sampleHeight)
    expect(hosts.map((host) => host.contributor.view().phase)).toEqual(Array(3).fill('being_verified'))
    await net.until(first.settleHeight)
    for (const host of hosts) {
      const view = host.contributor.view()
      expect(view.phase).toBe('settled')
      expect(recordOf(host).raceVerdict).toBe('verified')
      expect(BigInt(recordOf(host).weight)).toBeGreaterThan(0n)
      expect(view.duties.missed).toBe(0)
      expect(view.duties.answered).toBe(view.duties.drawn)
      expect(host.codes()).not.toContain('tx_failed')
      expect(host.codes()).not.toContain('finds_lost')
      expect(host.codes()).toContain('weight_set')
    }
    expect(hosts.reduce((drawn, host) => drawn + host.contributor.view().duties.drawn, 0)).toBeGreaterThanOrEqual(2)
    await net.until(second.startHeight)
    for (const host of hosts) {
      expect(BigInt(recordOf(host).held)).toBeGreaterThan(0n)
      expect(host.contributor.view().times.firstEarningAtMs).toBeDefined()
      expect(host.codes()).toContain('earning_held')
    }
    await net.until(second.closeHeight)
    for (const host of hosts) {
      expect(host.contributor.view().balance).toBeGreaterThan(0n)
      expect(host.codes()).toContain('earning_credited')
      expect(host.codes()).not.toContain('internal_fault')
      expect(recordOf(host).faults).toBe(0n)
    }
    expect(phasesOf(net.host('cay'))).toEqual([
      'idle',
      'checking_device',
      'joining',
      'waiting_for_race',
      'racing',
      'being_verified',
      'settled',
      'waiting_for_race',
      'racing',
      'being_verified',
      'settled',
      'waiting_for_race',
    ])
    expect(phasesOf(net.host('cay')).every((phase) => (HOST_PHASES as readonly string[]).includes(phase))).toBe(true)
    const senders = new Set(net.gossip.heartbeats.map((message) => message.host))
    expect(senders).toEqual(new Set(hosts.map((host) => host.owner)))
  })
})

describe('a restart', () => {
  it('in the middle of a race goes on behind what is committed, losing and repeating nothing', async () => {
    const net = await started()
    await net.joinAll()
    await net.until(6)
    const cay = net.host('cay')
    expect(cay.memory().race?.epoch).toBe(0)
    await cay.restart()
    expect(cay.contributor.view().joined).toBe(true)
    await net.until(first.raceEndHeight)
    await expectNothingLost(cay, net, 0)
    expect(cay.codes()).not.toContain('tx_failed')
    await net.until(first.settleHeight)
    expect(recordOf(cay).raceVerdict).toBe('verified')
  })

  it('between root and opening answers the duty all the same', async () => {
    const net = await started()
    await net.joinAll()
    await net.until(first.sampleHeight + 1)
    const ada = net.host('ada')
    const [round] = await ada.chain.assignment(0n, ada.owner, NEVER)
    expect(round?.state).toBe('committed')
    await ada.restart()
    await net.until(first.settleHeight)
    const [answered] = await ada.chain.assignment(0n, ada.owner, NEVER)
    expect(answered?.state).toBe('answered')
    expect(ada.contributor.view().duties).toEqual({ drawn: 1, answered: 1, missed: 0 })
  })

  it('needs no second registration, and no second join by hand', async () => {
    const net = await started()
    await net.joinAll()
    await net.until(3)
    const registrations = () => net.chain.executed.filter(({ action }) => action === 'MsgRegisterHost').length
    // One each: those of the genesis have attested nothing yet.
    expect(registrations()).toBe(3)
    await net.host('cay').restart()
    await net.host('ada').restart()
    await net.blocks(2)
    expect(net.host('cay').contributor.view().phase).toBe('racing')
    expect(net.host('ada').contributor.view().phase).toBe('racing')
    expect(registrations()).toBe(3)
  })
})
