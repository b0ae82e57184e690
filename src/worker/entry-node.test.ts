import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { createRaceModel } from '../race/model.ts'
import { createOracle } from '../race/oracle.ts'
import { RACE_SHAPES } from '../race/shapes.ts'
import { channelOfNodePort } from './compute-channel.ts'
import { createComputeClient } from './compute-client.ts'

test('the Node worker probes, verifies and races in a thread of its own', async () => {
  const worker = new Worker(new URL('./entry-node.ts', import.meta.url))
  const client = createComputeClient(channelOfNodePort(worker))
  worker.on('error', (error) => client.close(String(error)))
  worker.on('exit', () => client.close('the thread ended'))
  try {
    const { backends } = await client.probe({ shape: 'dev' })
    expect(backends).toMatchObject([{ kind: 'cpu', conformant: true, adapter: { isSoftware: false } }])
    const epochSeed = new Uint8Array(32).fill(8)
    const host = new Uint8Array(20).fill(9)
    const oracle = createOracle(createRaceModel(RACE_SHAPES.dev, epochSeed))
    const { digests } = await client.verify({ shape: 'dev', epochSeed, host, nonces: [3n, 1n] })
    expect(digests).toEqual([oracle.attempt(host, 3n), oracle.attempt(host, 1n)])
    const target = new Uint8Array(32)
    target[0] = 0x40
    const stop = new AbortController()
    const nonces: bigint[] = []
    const last = await client.race(
      { raceId: 'r', shape: 'dev', epochSeed, host, target, startNonce: 0n, dutyPpm: 500_000, backend: 'cpu' },
      {
        onFinds: (event) => {
          nonces.push(...event.nonces)
          stop.abort()
        },
      },
      stop.signal,
    )
    expect(last.finds).toBe(nonces.length)
    await client.dispose()
  } finally {
    await worker.terminate()
  }
})
