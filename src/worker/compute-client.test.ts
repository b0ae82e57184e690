import { describe, expect, test } from 'vitest'
import { waitFor } from '../../test/support/wait-for.ts'
import { isFind } from '../race/find.ts'
import { createRaceModel } from '../race/model.ts'
import { createOracle } from '../race/oracle.ts'
import { RACE_SHAPES } from '../race/shapes.ts'
import { BackendPool } from './backend-pool.ts'
import type { ComputeChannel } from './compute-channel.ts'
import { channelOfNodePort } from './compute-channel.ts'
import type { ComputeClient } from './compute-client.ts'
import { createComputeClient } from './compute-client.ts'
import { ComputeServer } from './compute-server.ts'
import type { RequestBody } from './contract.ts'
import { systemClock } from './system-clock.ts'

const epochSeed = new Uint8Array(32).fill(3)
const host = new Uint8Array(20).fill(4)
const oracle = createOracle(createRaceModel(RACE_SHAPES.dev, epochSeed))
const target = new Uint8Array(32)
target[0] = 0x10
const source = { shape: 'dev', epochSeed, host } as const
const race: RequestBody<'startRace'> = {
  ...source,
  raceId: 'race 1',
  target,
  startNonce: 0n,
  dutyPpm: 1_000_000,
  backend: 'cpu',
}

/** Two ends that clone what they carry, as threads do, and deliver in a later turn. */
function channelPair(): [ComputeChannel, ComputeChannel] {
  const { port1, port2 } = new MessageChannel()
  return [channelOfNodePort(port1 as never), channelOfNodePort(port2 as never)]
}

async function withWorker(use: (client: ComputeClient) => Promise<void>): Promise<void> {
  const [ownerEnd, workerEnd] = channelPair()
  const server = new ComputeServer({ channel: workerEnd, pool: new BackendPool(undefined), clock: systemClock })
  server.start()
  const client = createComputeClient(ownerEnd)
  try {
    await use(client)
  } finally {
    await client.dispose()
  }
}

describe('a compute worker and its client', () => {
  test('a race reports confirmed finds and stops when its signal aborts', async () => {
    await withWorker(async (client) => {
      const nonces: bigint[] = []
      const stop = new AbortController()
      let progressEvents = 0
      const racing = client.race(
        // Few attempts: the reference, far slower, makes them all again.
        { ...race, dutyPpm: 20_000 },
        { onFinds: (event) => nonces.push(...event.nonces), onProgress: () => progressEvents++ },
        stop.signal,
      )
      await waitFor('finds and progress', () => nonces.length >= 5 && progressEvents > 0)
      stop.abort()
      const last = await racing
      expect(last.backend).toBe('cpu')
      expect(last.finds).toBe(nonces.length)
      expect(last.attempts).toBeGreaterThan(Number(nonces.at(-1)))
      const expected = Array.from({ length: last.attempts }, (_, index) => BigInt(index)).filter((nonce) =>
        isFind(oracle.attempt(host, nonce), target),
      )
      expect(nonces).toEqual(expected)
    })
  })

  test('verify, findOne and probe answer while a race runs', async () => {
    await withWorker(async (client) => {
      const stop = new AbortController()
      const racing = client.race(race, {}, stop.signal)
      const nonces = [5n, 2n ** 64n - 1n, 0n]
      const [verified, found, probed] = await Promise.all([
        client.verify({ ...source, nonces }),
        client.findOne({ ...source, target, startNonce: 100n }),
        client.probe({ shape: 'dev' }),
      ])
      expect(verified.digests).toEqual(nonces.map((nonce) => oracle.attempt(host, nonce)))
      let first = 100n
      while (!isFind(oracle.attempt(host, first), target)) {
        first++
      }
      expect(found).toEqual({ nonce: first, digest: oracle.attempt(host, first) })
      expect(probed.backends).toMatchObject([{ kind: 'cpu', conformant: true }])
      expect(probed.backends[0]?.attemptsPerSecond).toBeGreaterThan(0)
      expect(probed.backends[0]?.conformanceDigest).toHaveLength(32)
      stop.abort()
      await racing
    })
  })

  test('a second race, a target out of bounds and a missing backend are refused by code', async () => {
    await withWorker(async (client) => {
      const stop = new AbortController()
      const racing = client.race(race, {}, stop.signal)
      await expect(client.race(race, {}, stop.signal)).rejects.toMatchObject({ code: 'race_running' })
      stop.abort()
      await racing
      const never = new AbortController().signal
      await expect(client.race({ ...race, backend: 'webgpu' }, {}, never)).rejects.toMatchObject({ code: 'no_backend' })
      const zero = { ...race, target: new Uint8Array(32) }
      await expect(client.race(zero, {}, never)).rejects.toMatchObject({ code: 'invalid_target' })
      const body = { ...source, target: new Uint8Array(31), startNonce: 0n }
      await expect(client.findOne(body)).rejects.toMatchObject({ code: 'invalid_message' })
      // After all of these the worker still races.
      const again = new AbortController()
      const second = client.race({ ...race, raceId: 'race 2' }, { onFinds: () => again.abort() }, again.signal)
      expect((await second).finds).toBeGreaterThan(0)
    })
  })

  test('an abort ends a request at once, also one that waits in the queue, and the worker goes on', async () => {
    await withWorker(async (client) => {
      const impossible = new Uint8Array(32)
      impossible[31] = 1
      const search = new AbortController()
      const queued = new AbortController()
      const searching = client.findOne({ ...source, target: impossible, startNonce: 0n }, search.signal)
      const waiting = client.verify({ ...source, nonces: [1n] }, queued.signal)
      const behind = client.verify({ ...source, nonces: [2n] })
      queued.abort()
      await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
      search.abort()
      await expect(searching).rejects.toMatchObject({ code: 'aborted' })
      expect((await behind).digests).toEqual([oracle.attempt(host, 2n)])
      await expect(client.verify({ ...source, nonces: [] }, AbortSignal.abort())).rejects.toMatchObject({
        code: 'aborted',
      })
    })
  })

  test('a worker that dies rejects everything under way, and all that comes later', async () => {
    const [ownerEnd] = channelPair()
    const client = createComputeClient(ownerEnd)
    const racing = client.race(race, {}, new AbortController().signal)
    const queued = client.verify({ ...source, nonces: [1n] })
    const bothRejected = Promise.all([
      expect(racing).rejects.toMatchObject({ code: 'worker_gone' }),
      expect(queued).rejects.toMatchObject({ code: 'worker_gone' }),
    ])
    client.close('the thread ended')
    await bothRejected
    await expect(client.probe({ shape: 'dev' })).rejects.toMatchObject({ code: 'worker_gone' })
    await client.dispose()
  })

  test('requests wait in line up to a bound', async () => {
    const [ownerEnd] = channelPair()
    const client = createComputeClient(ownerEnd)
    const outcomes = Array.from({ length: 70 }, () =>
      client.verify({ ...source, nonces: [] }).then(
        () => 'answered',
        (error: { code: string }) => error.code,
      ),
    )
    client.close('enough')
    const codes = await Promise.all(outcomes)
    expect(codes.filter((code) => code === 'queue_full')).toHaveLength(5)
    expect(codes.filter((code) => code === 'worker_gone')).toHaveLength(65)
  })
})
