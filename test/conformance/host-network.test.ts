/** Whole networks of hosts in one process, on the real state machine and the reference oracle. */
import { afterEach, describe, expect, it } from 'vitest'
import type { HostRecord } from '../../src/host/ports.ts'
import { HOST_PHASES } from '../../src/host/view.ts'
import { decodeAddress } from '../../src/protocol/address.ts'
import { epochHeights } from '../../src/protocol/params.ts'
import { createOracleCompute } from '../support/host-compute.ts'
import type { HostSetup, TestHost, TestNetwork } from '../support/host-network.ts'
import { createTestNetwork, TEST_PARAMS } from '../support/host-network.ts'

let network: TestNetwork | undefined

afterEach(async () => {
  await network?.stop()
  network = undefined
})

const NEVER = new AbortController().signal
/** After so many blocks without a word of the chain a race stops. */
const PATIENCE_BLOCKS = 2 * TEST_PARAMS.raceLength

const THREE: Readonly<Record<string, HostSetup>> = { ada: { isGenesis: true }, bob: { isGenesis: true }, cay: {} }
const first = epochHeights(TEST_PARAMS, 0)
const second = epochHeights(TEST_PARAMS, 1)

async function started(setups = THREE): Promise<TestNetwork> {
  network = await createTestNetwork(setups)
  return network
}

function recordOf(host: TestHost): HostRecord {
  const record = host.contributor.view().record
  if (record === undefined) {
    throw new Error(`${host.name} is not registered`)
  }
  return record
}

function phasesOf(host: TestHost): string[] {
  return host.views.map((view) => view.phase).filter((phase, index, all) => phase !== all[index - 1])
}

/** The finds below and including the last one committed, by the oracle: what a host that lost nothing has on chain. */
async function expectNothingLost(host: TestHost, net: TestNetwork, epoch: number): Promise<readonly bigint[]> {
  const committed = await host.chain.finds(BigInt(epoch), host.owner, NEVER)
  const state = await host.chain.epoch(NEVER)
  const target = state.races.find(({ shape }) => shape === 'dev')?.target as Uint8Array
  const compute = createOracleCompute(net.clock)
  const real: bigint[] = []
  const job = { shape: 'dev', epochSeed: state.seed, host: decodeAddress(host.owner), target } as const
  for (let from = 0n; real.length < committed.length; from = (real.at(-1) as bigint) + 1n) {
    real.push(await compute.findOne({ ...job, startNonce: from, backend: 'cpu', dutyPpm: 1_000_000 }, NEVER))
  }
  expect(committed).toEqual(real)
  return committed
}

describe('three hosts', () => {
  it('go through an epoch: race, verification, weight, earnings', async () => {
    const net = await started()
    const hosts = ['ada', 'bob', 'cay'].map(net.host)
    await net.joinAll()
    expect(hosts.map((host) => host.contributor.view().phase)).toEqual(['racing', 'racing', 'racing'])
    await net.until(first.raceEndHeight)
    const committed = await Promise.all(hosts.map((host) => expectNothingLost(host, net, 0)))
    expect(committed.every((nonces) => nonces.length >= 20)).toBe(true)
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
    expect(registrations()).toBe(1)
    await net.host('cay').restart()
    await net.blocks(2)
    expect(net.host('cay').contributor.view().phase).toBe('racing')
    expect(registrations()).toBe(1)
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
