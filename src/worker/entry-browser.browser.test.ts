import { describe, expect, test } from 'vitest'
import { isFind } from '../race/find.ts'
import { createRaceModel } from '../race/model.ts'
import { createOracle } from '../race/oracle.ts'
import { RACE_SHAPES } from '../race/shapes.ts'
import { channelOfBrowserPort } from './compute-channel.ts'
import type { ComputeClient } from './compute-client.ts'
import { createComputeClient } from './compute-client.ts'

const epochSeed = new Uint8Array(32).fill(3)
const host = new Uint8Array(20).fill(4)
const oracle = createOracle(createRaceModel(RACE_SHAPES.dev, epochSeed))
const target = new Uint8Array(32)
target[0] = 0x10
const source = { shape: 'dev', epochSeed, host } as const

async function withWorker(use: (client: ComputeClient) => Promise<void>): Promise<void> {
  const worker = new Worker(new URL('./entry-browser.ts', import.meta.url), { type: 'module' })
  const client = createComputeClient(channelOfBrowserPort(worker))
  worker.addEventListener('error', (event) => client.close(event.message))
  try {
    await use(client)
    await client.dispose()
  } finally {
    worker.terminate()
  }
}

describe('the worker of the page', () => {
  test('probes WebGPU and the CPU: both conform, and both attest the same digests', async () => {
    await withWorker(async (client) => {
      const { backends } = await client.probe({ shape: 'dev' })
      expect(backends.map((backend) => [backend.kind, backend.conformant])).toEqual([
        ['webgpu', true],
        ['cpu', true],
      ])
      const [gpu, cpu] = backends
      expect(gpu?.adapter).toMatchObject({ vendor: 'google', architecture: 'swiftshader', isSoftware: true })
      expect(gpu?.adapter.details?.features).toContain('subgroups')
      expect(gpu?.adapter.details?.limits).toContainEqual({ name: 'maxBufferSize', value: expect.any(Number) })
      expect(gpu?.conformanceDigest).toEqual(cpu?.conformanceDigest)
      expect(gpu?.attemptsPerSecond).toBeGreaterThan(0)
      expect(cpu?.attemptsPerSecond).toBeGreaterThan(0)
    })
  })

  test('races on WebGPU, reports what the oracle confirms, stops, and races again', async () => {
    await withWorker(async (client) => {
      for (const raceId of ['race 1', 'race 2']) {
        const stop = new AbortController()
        const nonces: bigint[] = []
        const last = await client.race(
          { ...source, raceId, target, startNonce: 2n ** 32n - 10n, dutyPpm: 1_000_000, backend: 'webgpu' },
          {
            onFinds: ({ nonces: found }) => {
              nonces.push(...found)
              if (nonces.length >= 5) {
                stop.abort()
              }
            },
          },
          stop.signal,
        )
        expect(last).toMatchObject({ backend: 'webgpu', faultyFinds: 0, finds: nonces.length })
        const tried = Array.from({ length: last.attempts }, (_, index) => 2n ** 32n - 10n + BigInt(index))
        expect(nonces).toEqual(tried.filter((nonce) => isFind(oracle.attempt(host, nonce), target)))
      }
    })
  })

  test('verifies and finds a stamp while it races', async () => {
    await withWorker(async (client) => {
      const stop = new AbortController()
      const body = { ...source, raceId: 'r', target, startNonce: 0n, dutyPpm: 500_000, backend: 'webgpu' } as const
      const racing = client.race(body, {}, stop.signal)
      const nonces = [9n, 2n ** 64n - 1n]
      const { digests } = await client.verify({ ...source, nonces, target })
      expect(digests).toEqual(nonces.map((nonce) => oracle.attempt(host, nonce)))
      const stamp = await client.findOne({ ...source, target, startNonce: 7n })
      expect(stamp.digest).toEqual(oracle.attempt(host, stamp.nonce))
      expect(isFind(stamp.digest, target)).toBe(true)
      stop.abort()
      expect((await racing).faultyFinds).toBe(0)
    })
  })
})
