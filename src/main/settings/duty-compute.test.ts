import { expect, test } from 'vitest'
import type { ComputePort, RaceJob, RaceListener, RaceProgress } from '../../protocol/compute.ts'
import { createDutyCompute } from './duty-compute.ts'

const JOB: RaceJob = {
  shape: 'dev',
  epochSeed: new Uint8Array(32),
  host: new Uint8Array(20),
  target: new Uint8Array(32),
  startNonce: 10n,
  backend: 'cpu',
  dutyPpm: 1_000_000,
}

interface Run {
  readonly job: RaceJob
  readonly listener: RaceListener
  end(progress: RaceProgress): void
}

function progressOf(attempts: number, finds: number): RaceProgress {
  return { attempts, finds, attemptsPerSecond: 1, backend: 'cpu', faultyFinds: 0 }
}

/** A port whose runs the test ends, and which ends by itself where the signal aborts. */
function createPort(): { readonly port: ComputePort; readonly runs: Run[] } {
  const runs: Run[] = []
  const port: ComputePort = {
    probe: async () => ({ backends: [] }),
    check: async () => [],
    findOne: async (job) => BigInt(job.dutyPpm),
    race: (job, listener, signal) =>
      new Promise((resolve) => {
        runs.push({ job, listener, end: resolve })
        signal.addEventListener('abort', () => resolve(progressOf(100, 2)), { once: true })
      }),
  }
  return { port, runs }
}

test('a change takes effect within a race, behind its last find, and the counts go on', async () => {
  const { port, runs } = createPort()
  const listeners = new Set<() => void>()
  let ppm = 1_000_000
  const set = (next: number): void => {
    ppm = next
    for (const listener of [...listeners]) {
      listener()
    }
  }
  const compute = createDutyCompute(port, {
    ppm: () => ppm,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  })
  const seen: number[] = []
  const found: bigint[] = []
  const racing = compute.race(
    JOB,
    {
      onFinds: (nonces) => found.push(...nonces),
      onProgress: ({ attempts }) => seen.push(attempts),
      onNotice: () => undefined,
    },
    new AbortController().signal,
  )
  runs[0]?.listener.onFinds([14n, 19n])
  runs[0]?.listener.onProgress(progressOf(60, 2))
  set(1_000_000)
  expect(runs.length).toBe(1)
  set(250_000)
  await expect.poll(() => runs.length).toBe(2)
  expect(runs.map(({ job }) => [job.dutyPpm, job.startNonce])).toEqual([
    [1_000_000, 10n],
    [250_000, 20n],
  ])
  runs[1]?.listener.onProgress(progressOf(5, 0))
  runs[1]?.end(progressOf(7, 1))
  expect(await racing).toMatchObject({ attempts: 107, finds: 3 })
  expect([seen, found]).toEqual([
    [60, 105],
    [14n, 19n],
  ])
  expect(listeners.size).toBe(0)
})

test('a stopped race stops, whatever the share; the smaller of both shares counts', async () => {
  const { port, runs } = createPort()
  let ppm = 400_000
  const compute = createDutyCompute(port, { ppm: () => ppm, onChange: () => () => undefined })
  expect(await compute.findOne(JOB, new AbortController().signal)).toBe(400_000n)
  expect(await compute.findOne({ ...JOB, dutyPpm: 1_000 }, new AbortController().signal)).toBe(1_000n)
  const stopped = new AbortController()
  const quiet = { onFinds: () => undefined, onProgress: () => undefined, onNotice: () => undefined }
  const racing = compute.race(JOB, quiet, stopped.signal)
  ppm = 10_000
  stopped.abort()
  expect(await racing).toEqual(progressOf(100, 2))
  expect(runs.length).toBe(1)
})
