/** Hosts whose device lies: the hosts around it are unchanged. Whoever cheats is convicted, whoever works honestly is not. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ComputePort } from '../../src/protocol/compute.ts'
import { epochHeights } from '../../src/protocol/params.ts'
import { signRaceChallenge } from '../support/chain/device-signing.ts'
import { forgeFinds } from '../support/cheats/forged-find.ts'
import { skipChecks } from '../support/cheats/lazy-verifier.ts'
import { recordOf } from '../support/host-checks.ts'
import type { HostSetup, TestHost, TestNetwork } from '../support/host-network.ts'
import { createTestNetwork, TEST_PARAMS } from '../support/host-network.ts'

vi.setConfig({ testTimeout: 240_000 })

let network: TestNetwork | undefined

afterEach(async () => {
  await network?.stop()
  network = undefined
})

const first = epochHeights(TEST_PARAMS, 0)
const second = epochHeights(TEST_PARAMS, 1)
const third = epochHeights(TEST_PARAMS, 2)

async function started(
  setups: Readonly<Record<string, HostSetup>>,
  params = TEST_PARAMS,
): Promise<{ readonly net: TestNetwork; readonly hosts: TestHost[] }> {
  const net = await createTestNetwork(setups, params)
  network = net
  return { net, hosts: Object.keys(setups).map(net.host) }
}

function expectUnharmed(hosts: readonly TestHost[]): void {
  for (const host of hosts) {
    expect(recordOf(host)).toMatchObject({ faults: 0n, lastFaultCode: '' })
    expect(BigInt(recordOf(host).weight)).toBeGreaterThan(0n)
    expect(host.codes()).not.toContain('convicted')
    expect(host.codes()).not.toContain('earning_taken')
  }
}

const FOUR = (cheat: (compute: ComputePort) => ComputePort): Record<string, HostSetup> => ({
  ada: { isGenesis: true },
  bob: { isGenesis: true },
  cay: {},
  mal: { wrapCompute: cheat },
})

describe('a host that commits forged finds', () => {
  it('is honest for one race, then convicted; the honest ones are unharmed', async () => {
    const { net, hosts } = await started(FOUR(forgeFinds))
    const mal = net.host('mal')
    await net.joinAll()
    await net.until(second.startHeight)
    expect(BigInt(recordOf(mal).weight)).toBeGreaterThan(0n)
    expect(BigInt(recordOf(mal).held)).toBeGreaterThan(0n)
    await net.until(second.closeHeight)
    expect(recordOf(mal)).toMatchObject({ faults: 1n, lastFaultCode: 'forged_find', weight: '0', held: '0' })
    expect(mal.codes()).toContain('convicted')
    expect(mal.codes()).toContain('earning_taken')
    expectUnharmed(hosts.filter((host) => host !== mal))
  })
})

describe('a host that verifies nothing', () => {
  it('is convicted by what it opens; the honest ones are unharmed', async () => {
    const { net, hosts } = await started(FOUR(skipChecks))
    const mal = net.host('mal')
    await net.joinAll()
    for (let height = second.closeHeight; recordOf(mal).faults === 0n && height <= third.closeHeight; height += 5) {
      await net.until(height)
    }
    expect(recordOf(mal).faults).toBe(1n)
    expect(['false_verification', 'false_accusation']).toContain(recordOf(mal).lastFaultCode)
    expect(recordOf(mal).weight).toBe('0')
    expectUnharmed(hosts.filter((host) => host !== mal))
  })
})

/** Claims one find in ten that is none. */
function forgeFew(compute: ComputePort): ComputePort {
  let found = 0
  return {
    ...compute,
    race(job, listener, signal) {
      const onFinds = (nonces: readonly bigint[]) => {
        const claimed = nonces.flatMap((nonce) => {
          found += 1
          const isFree = !nonces.includes(nonce + 1n)
          return found % 10 === 0 && isFree ? [nonce, nonce + 1n] : [nonce]
        })
        listener.onFinds(claimed)
      }
      return compute.race(job, { ...listener, onFinds }, signal)
    },
  }
}

describe('spot checks', () => {
  /** One find is drawn of each host: the sample alone would hardly ever see this cheat. */
  const THIN = { ...TEST_PARAMS, sampleSize: 1, extensionSize: 1 }

  it('find what the sample missed, tell it by gossip and challenge it on chain', async () => {
    const setups = {
      ada: { isGenesis: true, options: { spotChecksPerEpoch: 60 } },
      bob: { isGenesis: true, options: { spotChecksPerEpoch: 60 } },
      mal: { wrapCompute: forgeFew },
    }
    const { net, hosts } = await started(setups, THIN)
    const mal = net.host('mal')
    await net.joinAll()
    for (let height = first.settleHeight; recordOf(mal).faults === 0n && height <= third.closeHeight; height += 5) {
      await net.until(height)
    }
    expect(net.gossip.challenges.length).toBeGreaterThan(0)
    expect(net.gossip.challenges.every((challenge) => challenge.host === mal.owner)).toBe(true)
    expect(hosts.some((host) => host !== mal && host.codes().includes('challenge_sent'))).toBe(true)
    expect(recordOf(mal).lastFaultCode).toBe('forged_find')
    await net.until(third.startHeight)
    expectUnharmed(hosts.filter((host) => host !== mal))
  })
})

describe('a race challenge by gossip', () => {
  it('that is false moves nobody', async () => {
    const { net, hosts } = await started({ ada: { isGenesis: true }, bob: { isGenesis: true }, cay: {} })
    await net.joinAll()
    await net.until(first.raceEndHeight + 1)
    const [ada, bob] = hosts as [TestHost, TestHost]
    const [nonce] = await ada.chain.finds(0n, bob.owner, new AbortController().signal)
    const challenge = {
      challenger: ada.owner,
      host: bob.owner,
      epoch: 0n,
      digest: new Uint8Array(32).fill(255),
      sentAtMs: BigInt(net.clock.nowMs()),
    }
    const port = net.peersOf('ada')
    const deviceKey = new Uint8Array(32).fill(2)
    await port.publishRaceChallenge(signRaceChallenge({ ...challenge, nonce: nonce as bigint }, deviceKey))
    await port.publishRaceChallenge(signRaceChallenge({ ...challenge, nonce: (1n << 64n) - 1n }, deviceKey))
    await net.until(first.settleHeight)
    expect(net.chain.executed.filter(({ action }) => action.startsWith('MsgChallenge'))).toEqual([])
    expectUnharmed(hosts)
  })
})
