/** The gate on real kernels of which one is compiled wrong, as a bad driver would: it may not race, and the report names the stage. */
import { afterEach, expect, test, vi } from 'vitest'
import { createBendingGpu } from '../../test/support/race-conformance/bending-gpu.ts'
import { createLosingGpu } from '../../test/support/race-conformance/losing-gpu.ts'
import { toHex } from '../lib/bytes.ts'
import { isFind } from '../race/find.ts'
import { conformanceDigest, knownAnswers } from '../race/known-answers.ts'
import { createRaceModel } from '../race/model.ts'
import { createOracle } from '../race/oracle.ts'
import { RACE_SHAPES } from '../race/shapes.ts'
import { BackendPool } from './backend-pool.ts'
import { channelOfBrowserPort } from './compute-channel.ts'
import type { ComputeClient } from './compute-client.ts'
import { createComputeClient } from './compute-client.ts'
import { ComputeServer } from './compute-server.ts'
import { createHostCompute } from './host-compute.ts'
import { systemClock } from './system-clock.ts'
import { WebgpuSource } from './webgpu/gpu-source.ts'

// Each device compiles its kernels: against a hang alone.
vi.setConfig({ testTimeout: 180_000 })

const KNOWN = conformanceDigest(knownAnswers('dev').attempts.map(({ digest }) => digest))
const target = new Uint8Array(32)
target[0] = 0x20
const job = {
  shape: 'dev',
  epochSeed: new Uint8Array(32).fill(3),
  host: new Uint8Array(20).fill(4),
  target,
  startNonce: 0n,
  dutyPpm: 1_000_000,
  backend: 'webgpu',
  raceId: 'r',
} as const

let dispose: (() => Promise<void>) | undefined
afterEach(async () => {
  await dispose?.()
  dispose = undefined
})

/** The worker's server on this GPU. */
function serve(gpu: GPU): ComputeClient {
  const { port1, port2 } = new MessageChannel()
  const pool = new BackendPool(new WebgpuSource(gpu))
  new ComputeServer({ channel: channelOfBrowserPort(port1), pool, clock: systemClock }).start()
  const client = createComputeClient(channelOfBrowserPort(port2))
  dispose = async () => {
    await client.dispose()
    port1.close()
  }
  return client
}

test.each([
  ['attend', 'attention'],
  ['normalise', 'attention-norm'],
])('a wrong kernel "%s" keeps WebGPU out, at start and in a race, and its stage %s is named', async (kernel, stage) => {
  const bending = createBendingGpu(navigator.gpu, {
    entryPoint: kernel,
    from: 'const NORM_BITS = 10u;',
    to: 'const NORM_BITS = 5u;',
    firstDevice: 1,
  })
  const client = serve(bending.gpu as GPU)
  const { backends } = await createHostCompute(client, { probeShape: 'dev' }).probe(new AbortController().signal)
  expect(bending.bent()).toBeGreaterThan(0)
  const [gpu, cpu] = backends
  expect(gpu).toMatchObject({ kind: 'webgpu', conformant: false })
  expect(gpu?.firstDifference).toMatch(
    new RegExp(`^dev known answer 0: stage layer\\d\\.${stage}, byte \\d+: \\d+ instead of \\d+$`),
  )
  expect(toHex(gpu?.conformanceDigest ?? new Uint8Array(0))).not.toBe(toHex(KNOWN))
  expect(cpu).toMatchObject({ kind: 'cpu', conformant: true })
  expect(toHex(cpu?.conformanceDigest ?? new Uint8Array(0))).toBe(toHex(KNOWN))
  const refused = await client.race(job, {}, new AbortController().signal).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'not_conformant', message: gpu?.firstDifference })
})

test('a device that comes back with another driver in the middle of a race is checked: the CPU ends the race', async () => {
  const bending = createBendingGpu(navigator.gpu, {
    entryPoint: 'attend',
    from: 'const NORM_BITS = 10u;',
    to: 'const NORM_BITS = 5u;',
    firstDevice: 2,
  })
  const losing = createLosingGpu(bending.gpu as GPU)
  const client = serve(losing.gpu)
  const stop = new AbortController()
  const nonces: bigint[] = []
  const continuedOn: string[] = []
  const last = await client.race(
    job,
    {
      onFinds(body) {
        nonces.push(...body.nonces)
        if (losing.losses() === 0) {
          losing.loseAt({ calls: 5, place: 'after the call' })
        } else if (continuedOn.length > 0) {
          stop.abort()
        }
      },
      onDeviceLost: ({ continuesOn }) => continuedOn.push(continuesOn),
    },
    stop.signal,
  )
  expect(bending.bent()).toBeGreaterThan(0)
  expect(continuedOn).toEqual(['cpu'])
  expect(last).toMatchObject({ backend: 'cpu', faultyFinds: 0, finds: nonces.length })
  const oracle = createOracle(createRaceModel(RACE_SHAPES.dev, job.epochSeed))
  const tried = Array.from({ length: last.attempts }, (_, nonce) => BigInt(nonce))
  expect(nonces).toEqual(tried.filter((nonce) => isFind(oracle.attempt(job.host, nonce), target)))
})
