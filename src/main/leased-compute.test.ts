import { expect, test } from 'vitest'
import { CodedError } from '../lib/coded-error.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { ComputePort, RaceJob, RaceListener, RaceProgress } from '../protocol/compute.ts'
import type { LeaseWatch } from './leased-compute.ts'
import { createLeasedCompute } from './leased-compute.ts'

const JOB: RaceJob = {
  shape: 'dev',
  epochSeed: new Uint8Array(32),
  host: new Uint8Array(20),
  target: new Uint8Array(32),
  startNonce: 10n,
  backend: 'webgpu',
  dutyPpm: 1_000_000,
}
const PROGRESS: RaceProgress = { attempts: 1, finds: 1, attemptsPerSecond: 1, backend: 'cpu', faultyFinds: 0 }

const HELD: LeaseWatch = { isHeld: () => true, onChange: () => () => undefined }
const FREE: LeaseWatch = { isHeld: () => false, onChange: () => () => undefined }

function portThat(race: ComputePort['race']): ComputePort {
  return {
    probe: async () => ({ backends: [] }),
    check: async () => [],
    findOne: async (job) => (job.backend === 'cpu' ? 1n : 2n),
    race,
  }
}

function listenerInto(found: bigint[], notices: string[]): RaceListener {
  return {
    onFinds: (nonces) => found.push(...nonces),
    onProgress: () => undefined,
    onNotice: (code) => notices.push(code),
  }
}

test('a race that a vanishing tab leaves goes on in this process behind its last find', async () => {
  const found: bigint[] = []
  const notices: string[] = []
  const jobs: RaceJob[] = []
  const compute = createLeasedCompute({
    leased: portThat(async (_job, listener) => {
      listener.onFinds([12n, 15n])
      throw new CodedError('compute_unavailable', 'the tab is gone')
    }),
    lease: HELD,
    fallback: portThat(async (job, listener) => {
      jobs.push(job)
      listener.onFinds([20n])
      return PROGRESS
    }),
    cpuDutyPpm: 100_000,
    softwareDutyPpm: 500_000,
    logger: SILENT_LOGGER,
  })
  const last = await compute.race(JOB, listenerInto(found, notices), new AbortController().signal)
  expect(last).toEqual(PROGRESS)
  expect(found).toEqual([12n, 15n, 20n])
  expect(jobs).toEqual([{ ...JOB, startNonce: 16n, backend: 'cpu', dutyPpm: 100_000 }])
  expect(notices).toEqual(['racing_without_screen'])
})

test('without a lease everything runs here; other errors are not hidden', async () => {
  const failing = portThat(async () => {
    throw new CodedError('device_lost', 'lost')
  })
  const here = createLeasedCompute({
    leased: failing,
    lease: FREE,
    fallback: portThat(async () => PROGRESS),
    cpuDutyPpm: 1,
    softwareDutyPpm: 1,
    logger: SILENT_LOGGER,
  })
  expect(await here.findOne(JOB, new AbortController().signal)).toBe(1n)
  const there = createLeasedCompute({
    leased: failing,
    lease: HELD,
    fallback: portThat(async () => PROGRESS),
    cpuDutyPpm: 1,
    softwareDutyPpm: 1,
    logger: SILENT_LOGGER,
  })
  await expect(there.race(JOB, listenerInto([], []), new AbortController().signal)).rejects.toMatchObject({
    code: 'device_lost',
  })
})

test('a software adapter and a processor race at a smaller duty, a real one at the full', async () => {
  const duties: number[] = []
  const leased = portThat(async (job) => {
    duties.push(job.dutyPpm)
    return PROGRESS
  })
  const adapter = { kind: 'webgpu', adapter: '', conformant: true, conformanceDigest: new Uint8Array(32) } as const
  for (const isSoftware of [false, true]) {
    const probe = async () => ({ backends: [{ ...adapter, isSoftware, attemptsPerSecond: 1 }] })
    const compute = createLeasedCompute({
      leased: { ...leased, probe },
      lease: HELD,
      fallback: leased,
      cpuDutyPpm: 20_000,
      softwareDutyPpm: 500_000,
      logger: SILENT_LOGGER,
    })
    const { signal } = new AbortController()
    await compute.probe(signal)
    await compute.race(JOB, listenerInto([], []), signal)
    await compute.race({ ...JOB, backend: 'cpu' }, listenerInto([], []), signal)
  }
  expect(duties).toEqual([1_000_000, 20_000, 500_000, 20_000])
})

test('a tab that comes ends the race here and tells that the backends are others', async () => {
  let isHeld = false
  const listeners = new Set<() => void>()
  const compute = createLeasedCompute({
    leased: portThat(async () => PROGRESS),
    lease: {
      isHeld: () => isHeld,
      onChange(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    fallback: portThat(
      (_job, _listener, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(PROGRESS), { once: true })),
    ),
    cpuDutyPpm: 1,
    softwareDutyPpm: 1,
    logger: SILENT_LOGGER,
  })
  const before = compute.generation?.()
  const racing = compute.race(JOB, listenerInto([], []), new AbortController().signal)
  isHeld = true
  for (const listener of listeners) {
    listener()
  }
  expect(await racing).toEqual(PROGRESS)
  expect(compute.generation?.()).not.toBe(before)
})

test('a lost device tells that the backends may be others: its successor is checked when the race is over', async () => {
  const compute = createLeasedCompute({
    leased: portThat(async (_job, listener) => {
      listener.onNotice('faulty_find')
      listener.onNotice('device_lost')
      return PROGRESS
    }),
    lease: HELD,
    fallback: portThat(async () => PROGRESS),
    cpuDutyPpm: 1,
    softwareDutyPpm: 1,
    logger: SILENT_LOGGER,
  })
  const before = compute.generation?.() ?? 0
  const notices: string[] = []
  await compute.race(JOB, listenerInto([], notices), new AbortController().signal)
  expect(notices).toEqual(['faulty_find', 'device_lost'])
  expect(compute.generation?.()).toBe(before + 1)
})
