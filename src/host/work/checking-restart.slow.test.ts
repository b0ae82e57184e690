import { afterEach, describe, expect, test } from 'vitest'
import type { CheckSetup, CheckSetupOptions } from '../../../test/support/checking/check-setup.ts'
import { setUpChecks, verifierOf } from '../../../test/support/checking/check-setup.ts'
import type { CheckDisk, CheckingHost, CheckingHostOptions } from '../../../test/support/checking/checking-world.ts'
import { newDisk } from '../../../test/support/checking/checking-world.ts'
import { encodeAddress } from '../../protocol/address.ts'

const COMMIT = '/tailrace.v1.MsgCommitChecks'
const REPORT = '/tailrace.v1.MsgReportChecks'
const WRONG_DUTY_STATE = 17
const RATE_LIMITED = 6

let current: CheckSetup | undefined

afterEach(async () => {
  await current?.world.stop()
  current = undefined
})

function setUp(options: CheckSetupOptions = {}): CheckSetup {
  current = setUpChecks(options)
  return current
}

function replace(
  { world }: CheckSetup,
  host: CheckingHost,
  options: CheckingHostOptions,
  disk: CheckDisk = host.disk,
  keepsSent = false,
): Promise<CheckingHost> {
  return host.stop({ keepsSent }).then(() => world.startHost(host.actor, { ...options, disk }))
}

function countOf({ world }: CheckSetup, typeUrl: string): number {
  return world.sent.filter(({ message, code }) => message.typeUrl === typeUrl && code === 0).length
}

describe('a verifier that starts anew', () => {
  test('in every block still reports once, although its device never computes the same bits twice', async () => {
    const setup = setUp({ host: { toy: { noise: 3, noiseSeed: 100 } } })
    const { world, executor } = setup
    await executor.playUntil(['opened'])
    let host = verifierOf(setup)
    for (let restart = 0; !executor.states().every((state) => state === 'passed'); restart++) {
      expect(restart).toBeLessThan(12)
      host = await replace(setup, host, { toy: { noise: 3, noiseSeed: 101 + restart } })
      await world.blocks(1)
    }
    expect(countOf(setup, COMMIT)).toBe(1)
    expect(countOf(setup, REPORT)).toBe(1)
    expect(host.disk.commitments.size).toBe(0)
  })

  test('before the commit is sent, sends the one that it kept', async () => {
    const setup = setUp({ host: { toy: { noise: 3, noiseSeed: 1 } } })
    const { world, executor } = setup
    await executor.playUntil(['opened'])
    const host = verifierOf(setup)
    // The pass is computed, kept and on its way; the process dies before a block takes it.
    expect(host.disk.commitments.size).toBe(1)
    await replace(setup, host, { toy: { noise: 3, noiseSeed: 2 } })
    await world.blocks(1)
    await executor.playUntil(['passed'])
    expect(host.inference.passes).toHaveLength(1)
  })

  test('after the commit was sent, before a block took it, can show what the block takes', async () => {
    const setup = setUp({ host: { toy: { noise: 3, noiseSeed: 1 } } })
    const { executor } = setup
    await executor.playUntil(['opened'])
    const host = verifierOf(setup)
    await replace(setup, host, { toy: { noise: 3, noiseSeed: 2 } }, host.disk, true)
    await executor.playUntil(['passed'])
    expect(countOf(setup, COMMIT)).toBe(1)
  })

  test('without its disk computes the same scores again, where its device does', async () => {
    const setup = setUp()
    const { world, executor } = setup
    await executor.playUntil(['opened'])
    await world.until('the commit', () => countOf(setup, COMMIT) === 1)
    await replace(setup, verifierOf(setup), {}, newDisk())
    await executor.playUntil(['passed'])
    expect(countOf(setup, REPORT)).toBe(1)
  })

  test('without its disk and with another result says nothing: it has nothing to show for its commit', async () => {
    const setup = setUp({ host: { toy: { noise: 3, noiseSeed: 1 } } })
    const { world, executor } = setup
    await executor.playUntil(['opened'])
    await world.until('the commit', () => countOf(setup, COMMIT) === 1)
    const anew = await replace(setup, verifierOf(setup), { toy: { noise: 3, noiseSeed: 2 } }, newDisk())
    await world.until('another round', () => executor.checks()[0]?.round === 1)
    expect(
      world.sent.filter(({ from, message }) => from === anew.actor.device.name && message.typeUrl === REPORT),
    ).toEqual([])
    // The window is 12 blocks: tried again, but ever more rarely.
    expect(anew.inference.passes.length).toBeLessThanOrEqual(5)
    await executor.playUntil(['passed'])
  })
})

describe('an arbiter that starts anew', () => {
  test('in every block still commits and reveals once', async () => {
    const setup = setUp({ works: [{ toy: { weights: 2 } }] })
    const { world, executor } = setup
    await executor.playUntil(['committing'])
    const drawn = executor.checks()[0]?.arbiters.map(({ host }) => encodeAddress(host)) ?? []
    let arbiters = setup.hosts.filter(({ context }) => drawn.includes(context.keys.ownerAddress))
    expect(arbiters).toHaveLength(3)
    for (let restart = 0; !executor.states().every((state) => state === 'failed'); restart++) {
      expect(restart).toBeLessThan(12)
      arbiters = await Promise.all(arbiters.map((host) => replace(setup, host, {})))
      await world.blocks(1)
    }
    expect(countOf(setup, '/tailrace.v1.MsgCommitRuling')).toBe(3)
    expect(countOf(setup, '/tailrace.v1.MsgRevealRuling')).toBe(3)
    expect(world.sent.filter(({ code }) => code !== 0)).toEqual([])
  })

  test('after the commit was sent, before a block took it, reveals what the block takes', async () => {
    const setup = setUp({ works: [{ toy: { weights: 2 } }] })
    const { executor } = setup
    await executor.playUntil(['committing'])
    await Promise.all(setup.hosts.map((host) => replace(setup, host, {}, host.disk, true)))
    await executor.playUntil(['failed'])
    expect(countOf(setup, '/tailrace.v1.MsgRevealRuling')).toBe(3)
  })

  test('and lost its salt cannot reveal, and does not try', async () => {
    const setup = setUp({ works: [{ toy: { weights: 2 } }] })
    const { world, executor } = setup
    await executor.playUntil(['committing'])
    // Computed, kept, and on the way to the next block.
    expect(setup.hosts.map(({ disk }) => disk.commitments.size).sort()).toEqual([0, 1, 1, 1])
    for (const host of setup.hosts) {
      host.disk.commitments.clear()
    }
    await executor.playUntil(['void'])
    expect(countOf(setup, '/tailrace.v1.MsgRevealRuling')).toBe(0)
    expect(world.sent.filter(({ code }) => code !== 0)).toEqual([])
  })
})

describe('a transaction', () => {
  test('that the chain refuses for one of its reports is taken apart: the others arrive', async () => {
    const works = Array.from({ length: 12 }, (_, index) => ({ seed: BigInt(index), loose: true }))
    const setup = setUp({ works })
    const { world, executor } = setup
    const sizes: number[] = []
    let refusedPoint: number | undefined
    world.refuse = ([message]) => {
      const reports = message?.typeUrl === REPORT ? message.value.reports : []
      if (reports.length === 0) {
        return undefined
      }
      sizes.push(reports.length)
      refusedPoint ??= reports.length > 1 ? reports[0]?.point : undefined
      return reports.some(({ point }) => point === refusedPoint) ? WRONG_DUTY_STATE : undefined
    }
    await executor.playUntil(['passed', 'opened'])
    await world.blocks(12)
    expect(executor.checks().filter(({ state }) => state !== 'passed')).toMatchObject([{ point: refusedPoint }])
    // Together, then one by one; the one that is refused is tried ever more rarely.
    const [first = 0] = sizes.filter((size) => size > 1)
    expect(first).toBeGreaterThan(1)
    expect(sizes.filter((size) => size === 1).length).toBeLessThanOrEqual(executor.checks().length + 5)
  })

  test('that could not be taken yet is sent again a block later', async () => {
    const setup = setUp()
    let refusals = 0
    setup.world.refuse = ([message]) => {
      const isOurs = message?.typeUrl === COMMIT || message?.typeUrl === REPORT
      return isOurs && refusals++ < 3 ? RATE_LIMITED : undefined
    }
    await setup.executor.playUntil(['passed'])
    expect(refusals).toBeGreaterThan(3)
  })
})
