/**
 * The conformance gate from the worker to the chain, the log and what the screen is given: real worker code on a device that computes one
 * stage with a wrong bit, real lease switch, real host, real state machine, virtual time. Real kernels: src/worker/broken-kernel.browser.test.ts.
 */
import { afterEach, expect, it, vi } from 'vitest'
import { toHex } from '../../src/lib/bytes.ts'
import type { Clock, LogFields, Logger } from '../../src/lib/runtime.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { createLeasedCompute } from '../../src/main/leased-compute.ts'
import type { ComputePort } from '../../src/protocol/compute.ts'
import { conformanceDigest, knownAnswers } from '../../src/race/known-answers.ts'
import { BackendPool } from '../../src/worker/backend-pool.ts'
import { createComputeClient } from '../../src/worker/compute-client.ts'
import { ComputeServer } from '../../src/worker/compute-server.ts'
import { createHostCompute } from '../../src/worker/host-compute.ts'
import { compareFinds, recordOf } from '../support/host-checks.ts'
import type { TestNetwork } from '../support/host-network.ts'
import { createTestNetwork } from '../support/host-network.ts'
import type { MortalGpuOptions } from '../support/race-conformance/mortal-gpu.ts'
import { createChannelPair, createMortalGpu } from '../support/race-conformance/mortal-gpu.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

vi.setConfig({ testTimeout: 240_000 })

const known = knownAnswers('dev')
const KNOWN_DIGEST = conformanceDigest(known.attempts.map(({ digest }) => digest))
const REASON = /^not_conformant:dev known answer 0: stage layer1\.attention, byte 1023: \d+ instead of \d+$/

interface LogLine {
  readonly level: string
  readonly message: string
  readonly fields: LogFields
}

let network: TestNetwork | undefined
afterEach(async () => {
  await network?.stop()
  network = undefined
})

/**
 * Virtual time in which the processor computes slowly too: each look at the clock is longer after the last one than a batch should take, so
 * batches stay at one attempt.
 */
function takingTime(clock: VirtualClock): Clock {
  let looks = 0
  return {
    nowMs: () => clock.nowMs() + 100 * ++looks,
    sleep: (delayMs, signal) => clock.sleep(Math.max(delayMs, 200), signal),
  }
}

interface Stage {
  readonly network: TestNetwork
  readonly lines: LogLine[]
}

async function withDevice(device: Pick<MortalGpuOptions, 'nextLoss' | 'brokenStage'>): Promise<Stage> {
  const clock = new VirtualClock()
  const lines: LogLine[] = []
  const logger: Logger = {
    log: (level, message, fields = {}) => void lines.push({ level, message, fields }),
    child: () => logger,
  }
  const wrapCompute = (oracle: ComputePort): ComputePort => {
    const [here, there] = createChannelPair()
    const gpu = createMortalGpu({ clock, msPerAttempt: 40, ...device }, known.epochSeed)
    new ComputeServer({ channel: there, pool: new BackendPool(gpu), clock: takingTime(clock) }).start()
    const tab = createHostCompute(createComputeClient(here), { probeShape: 'dev' })
    const leased = createLeasedCompute({
      // Duties are not what is tested: the oracle answers them at once.
      leased: { ...tab, check: oracle.check, findOne: oracle.findOne },
      lease: { isHeld: () => true, onChange: () => () => undefined },
      fallback: oracle,
      cpuDutyPpm: 1_000_000,
      softwareDutyPpm: 500_000,
      logger: SILENT_LOGGER,
    })
    return leased
  }
  network = await createTestNetwork({ ada: { isGenesis: true }, cay: { wrapCompute, logger } }, undefined, clock)
  const joining = network.host('cay').contributor.join()
  const others = network.host('ada').contributor.join()
  // The probe takes virtual time too.
  await network.blocks(8)
  await Promise.all([joining, others])
  return { network, lines }
}

it('a device that is exact races, and the digest of its known answers is attested on chain', async () => {
  const { network: net } = await withDevice({ nextLoss: () => Number.POSITIVE_INFINITY })
  const cay = net.host('cay')
  expect(cay.contributor.view().backend).toEqual({ kind: 'webgpu', reason: 'webgpu' })
  const { attestation } = recordOf(cay)
  expect(attestation?.backend).toBe('webgpu')
  expect(toHex(attestation?.conformanceDigest ?? new Uint8Array(0))).toBe(toHex(KNOWN_DIGEST))
})

it('a device with one wrong bit in one stage does not race: the stage is in the log and in what the screen shows', async () => {
  const { network: net, lines } = await withDevice({
    nextLoss: () => Number.POSITIVE_INFINITY,
    brokenStage: () => 'layer1.attention',
  })
  const cay = net.host('cay')
  const view = cay.contributor.view()
  expect(view.backend).toEqual({ kind: 'cpu', reason: expect.stringMatching(REASON) })
  const gpu = view.device?.backends.find(({ kind }) => kind === 'webgpu')
  expect(gpu).toMatchObject({ conformant: false, firstDifference: expect.stringContaining('stage layer1.attention') })
  const line = lines.find(({ message }) => message === 'racing_on_cpu')
  expect(line).toMatchObject({ level: 'warn', fields: { reason: expect.stringMatching(REASON) } })
  // What is attested is what races.
  const { attestation } = recordOf(cay)
  expect(attestation?.backend).toBe('cpu')
  expect(toHex(attestation?.conformanceDigest ?? new Uint8Array(0))).toBe(toHex(KNOWN_DIGEST))
  expect(toHex(gpu?.conformanceDigest ?? new Uint8Array(0))).not.toBe(toHex(KNOWN_DIGEST))
})

it('a driver that changes in the middle of a race is checked again: the race ends on the CPU, and the stage is told', async () => {
  const { network: net, lines } = await withDevice({
    nextLoss: () => 12,
    // The device after the loss has the new driver.
    brokenStage: (deviceNumber) => (deviceNumber > 1 ? 'layer1.attention' : undefined),
  })
  const cay = net.host('cay')
  await net.until(16)
  expect(cay.codes()).toContain('device_lost')
  expect(cay.contributor.view().race?.faultyFinds).toBe(0)
  expect(cay.contributor.view().backend).toEqual({ kind: 'cpu', reason: expect.stringMatching(REASON) })
  expect(lines.find(({ message }) => message === 'racing_on_cpu')?.fields.reason).toMatch(REASON)
  const { committed, real } = await compareFinds(cay, net, 0)
  expect(committed.length).toBeGreaterThan(0)
  expect(committed).toEqual(real)
})
