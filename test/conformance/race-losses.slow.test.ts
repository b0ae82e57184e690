/**
 * The device is lost at random points of races, and the chain has in the end what the oracle finds: real worker code (server, session,
 * client), real host, real state machine, virtual time. On real kernels: src/worker/race-losses.browser.test.ts.
 */
import { afterEach, expect, it, vi } from 'vitest'
import type { BackendReport, ComputePort } from '../../src/protocol/compute.ts'
import { knownAnswers } from '../../src/race/known-answers.ts'
import { BackendPool } from '../../src/worker/backend-pool.ts'
import { createComputeClient } from '../../src/worker/compute-client.ts'
import { ComputeServer } from '../../src/worker/compute-server.ts'
import { createHostCompute } from '../../src/worker/host-compute.ts'
import { compareFinds } from '../support/host-checks.ts'
import { CPU_REPORT } from '../support/host-compute.ts'
import type { TestNetwork } from '../support/host-network.ts'
import { createTestNetwork, TEST_PARAMS } from '../support/host-network.ts'
import type { MortalGpu } from '../support/race-conformance/mortal-gpu.ts'
import { createChannelPair, createMortalGpu } from '../support/race-conformance/mortal-gpu.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

vi.setConfig({ testTimeout: 240_000 })

const LOSSES = 20
const MS_PER_ATTEMPT = 40
const GPU_REPORT: BackendReport = { ...CPU_REPORT, kind: 'webgpu', adapter: 'a device that is lost', isSoftware: false }

let network: TestNetwork | undefined
afterEach(async () => {
  await network?.stop()
  network = undefined
})

/** Draws whole numbers from `low` to `high` from a seed. */
function createDraw(seed: number): (low: number, high: number) => number {
  let state = seed
  return (low, high) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return low + Math.floor((state / 2 ** 32) * (high - low + 1))
  }
}

/** The compute of a tab whose GPU dies and comes back; everything but the race is the test's own oracle. */
function mortalCompute(compute: ComputePort, clock: VirtualClock, gpu: MortalGpu): ComputePort {
  const [here, there] = createChannelPair()
  new ComputeServer({ channel: there, pool: new BackendPool(gpu), clock }).start()
  const tab = createHostCompute(createComputeClient(here), { probeShape: 'dev' })
  return {
    ...compute,
    probe: async () => ({ backends: [GPU_REPORT, CPU_REPORT] }),
    race: (job, listener, signal) => tab.race(job, listener, signal),
  }
}

it.each([1, 2])('devices lost in the middle of races lose no committed find (seed %i)', async (seed) => {
  const draw = createDraw(seed)
  const clock = new VirtualClock()
  // Two batches are under way at once, so the third is lost after a good one: a device that computes nothing is given up after three.
  const gpu = createMortalGpu(
    { clock, msPerAttempt: MS_PER_ATTEMPT, nextLoss: () => draw(3, 9) },
    knownAnswers('dev').epochSeed,
  )
  network = await createTestNetwork(
    { ada: { isGenesis: true }, cay: { wrapCompute: (compute) => mortalCompute(compute, clock, gpu) } },
    { ...TEST_PARAMS, raceLength: 40, epochLength: 80 },
    clock,
  )
  const cay = network.host('cay')
  await network.joinAll()
  await network.until(42)
  expect(gpu.losses()).toBeGreaterThanOrEqual(LOSSES)
  expect(cay.contributor.view().race?.backend).toBe('webgpu')
  expect(cay.codes().filter((code) => code === 'device_lost')).toHaveLength(gpu.losses())
  expect(cay.codes()).not.toContain('finds_lost')
  const { committed, real } = await compareFinds(cay, network, 0)
  expect(committed.length).toBeGreaterThan(50)
  expect(committed).toEqual(real)
})
