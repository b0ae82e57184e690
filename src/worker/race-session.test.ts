import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { u64be } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { sha256 } from '../lib/sha256.ts'
import { isFind } from '../race/find.ts'
import { createRaceModel } from '../race/model.ts'
import type { RaceOracle } from '../race/oracle.ts'
import { RACE_SHAPES } from '../race/shapes.ts'
import type { ComputeEvent, EventBody, EventType, RequestBody } from './contract.ts'
import type { BackendKind, FoundAttempt, RaceBackend, RaceBatch } from './race-engine.ts'
import { RaceSession } from './race-session.ts'

const MS_PER_ATTEMPT = 4
const model = createRaceModel(RACE_SHAPES.dev, new Uint8Array(32).fill(1))
/** The session only compares digests, so a cheap one serves: the real race is in the conformance suite. */
const oracle: RaceOracle = {
  attempt: (_host, nonce) => sha256(u64be(nonce)),
  trace: () => ({ stages: [], digest: new Uint8Array(32) }),
}
const target = new Uint8Array(32)
target[0] = 0x40

const job: RequestBody<'startRace'> = {
  raceId: 'race 7',
  shape: 'dev',
  epochSeed: model.epochSeed,
  host: new Uint8Array(20).fill(2),
  target,
  startNonce: 1000n,
  dutyPpm: 1_000_000,
  backend: 'webgpu',
}

/** A backend that takes virtual time, one batch after the other like a device queue, and fails where it is told to. */
class TimedBackend implements RaceBackend {
  readonly maxAttempts = 64
  readonly batchesInFlight: number
  readonly model = model
  readonly kind: BackendKind
  readonly batches: RaceBatch[] = []
  busyMs = 0
  isStopped = false
  readonly #clock: VirtualClock
  readonly #answer: (batch: RaceBatch, index: number) => FoundAttempt[]
  #queue: Promise<unknown> = Promise.resolve()

  constructor(
    kind: BackendKind,
    clock: VirtualClock,
    answer: (batch: RaceBatch, index: number) => FoundAttempt[] = honest,
  ) {
    this.kind = kind
    this.batchesInFlight = kind === 'webgpu' ? 2 : 1
    this.#clock = clock
    this.#answer = answer
  }

  async start(): Promise<void> {
    return undefined
  }

  async run(batch: RaceBatch): Promise<readonly FoundAttempt[]> {
    const index = this.batches.push(batch) - 1
    const previous = this.#queue
    const work = (async () => {
      await previous
      const tookMs = batch.nonces.length * MS_PER_ATTEMPT
      await this.#clock.sleep(tookMs)
      this.busyMs += tookMs
      return this.#answer(batch, index)
    })()
    this.#queue = work.catch(() => undefined)
    return work
  }

  async trace(): Promise<never> {
    throw new CodedError('not_started', 'not needed here')
  }

  async stop(): Promise<void> {
    this.isStopped = true
  }
}

function honest(batch: RaceBatch): FoundAttempt[] {
  return [...batch.nonces]
    .map((nonce) => ({ nonce, digest: oracle.attempt(batch.host, nonce) }))
    .filter((attempt) => isFind(attempt.digest, batch.target))
}

interface Stage {
  readonly clock: VirtualClock
  readonly session: RaceSession
  readonly backends: TimedBackend[]
  of<T extends EventType>(type: T): EventBody<T>[]
}

function setUp(
  overrides: Partial<typeof job> = {},
  open: (kind: BackendKind, clock: VirtualClock, opened: number) => TimedBackend = (kind, clock) =>
    new TimedBackend(kind, clock),
): Stage {
  const clock = new VirtualClock(0)
  const events: ComputeEvent[] = []
  const backends: TimedBackend[] = []
  const openBackend = async (kind: BackendKind): Promise<RaceBackend> => {
    const backend = open(kind, clock, backends.length)
    backends.push(backend)
    return backend
  }
  const emit = (event: ComputeEvent): void => void events.push(event)
  const session = new RaceSession({ openBackend, oracle, clock, emit }, { ...job, ...overrides })
  return {
    clock,
    session,
    backends,
    of: <T extends EventType>(type: T) =>
      events.filter((event) => event.type === type).map((event) => event.body as EventBody<T>),
  }
}

async function stopped({ clock, session }: Stage): Promise<void> {
  const stopping = session.stop()
  await clock.advance(1000)
  await stopping
}

describe('a race session', () => {
  test('visits every nonce once in order and reports exactly the finds among them', async () => {
    const stage = setUp()
    expect(await stage.session.start()).toBe('webgpu')
    await stage.clock.advance(5000)
    await stopped(stage)
    const [last] = stage.of('raceStopped')
    const attempts = last?.progress.attempts ?? 0
    expect(attempts).toBeGreaterThan(1000)
    const visited = stage.backends.flatMap((backend) => backend.batches.flatMap((batch) => [...batch.nonces]))
    expect(visited).toEqual(visited.map((_, index) => 1000n + BigInt(index)))
    const nonces = stage.of('finds').flatMap((event) => event.nonces)
    const batch = { host: job.host, target, nonces: BigUint64Array.from(visited.slice(0, attempts)) }
    expect(nonces).toEqual(honest(batch).map((find) => find.nonce))
    expect(last?.progress).toMatchObject({ finds: nonces.length, faultyFinds: 0, backend: 'webgpu' })
    expect(stage.backends[0]?.isStopped).toBe(true)
  })

  test('sizes batches by measurement and keeps two under way', async () => {
    const stage = setUp()
    await stage.session.start()
    await stage.clock.advance(2000)
    const sizes = stage.backends[0]?.batches.map((batch) => batch.nonces.length) ?? []
    expect(sizes[0]).toBe(1)
    expect(sizes.at(-1)).toBe(20)
    expect(stage.backends[0]?.busyMs).toBeGreaterThan(1900)
    await stopped(stage)
  })

  test('sizes batches that are computed within the call, as the oracle does', async () => {
    let nowMs = 0
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    // Sleeps of progress reports never end here; those between batches take no time.
    const clock = {
      nowMs: () => nowMs,
      sleep: (delayMs: number) => (delayMs > 0 ? new Promise<void>(() => undefined) : turn()),
    }
    const sizes: number[] = []
    const backend: RaceBackend = new TimedBackend('cpu', new VirtualClock(0))
    backend.run = async (batch) => {
      sizes.push(batch.nonces.length)
      nowMs += batch.nonces.length * MS_PER_ATTEMPT
      return []
    }
    const session = new RaceSession({ openBackend: async () => backend, oracle, clock, emit: () => undefined }, job)
    await session.start()
    while (sizes.length < 12) {
      await turn()
    }
    void session.stop()
    expect(sizes.at(-1)).toBe(20)
  })

  test('keeps the duty cycle', async () => {
    const stage = setUp({ dutyPpm: 100_000 })
    await stage.session.start()
    await stage.clock.advance(60_000)
    const busyMs = stage.backends[0]?.busyMs ?? 0
    expect(busyMs).toBeGreaterThan(5_000)
    expect(busyMs).toBeLessThan(6_500)
    await stopped(stage)
  })

  test('at a small duty races in small bursts, and a batch that hangs once costs a moment, not the race', async () => {
    const stage = setUp({ dutyPpm: 10_000 }, (kind, clock) => {
      const backend = new TimedBackend(kind, clock)
      const run = backend.run.bind(backend)
      backend.run = async (batch) => {
        // The first one: kernels are compiled. The tenth: the machine does something else.
        await clock.sleep(backend.batches.length === 0 || backend.batches.length === 9 ? 900 : 0)
        return run(batch)
      }
      return backend
    })
    await stage.session.start()
    await stage.clock.advance(30_000)
    const sizes = stage.backends[0]?.batches.map((batch) => batch.nonces.length) ?? []
    // 4 ms each attempt, at 1 %: one every 400 ms.
    expect(new Set(sizes)).toEqual(new Set([1]))
    expect(sizes.length).toBeGreaterThan(65)
    expect(sizes.length).toBeLessThanOrEqual(75)
    await stopped(stage)
  })

  test('reports progress twice a second with the rate of the last seconds', async () => {
    const stage = setUp()
    await stage.session.start()
    await stage.clock.advance(10_000)
    const progress = stage.of('progress')
    expect(progress).toHaveLength(20)
    expect(progress.at(-1)?.attemptsPerSecond).toBeGreaterThan(230)
    expect(progress.at(-1)?.attemptsPerSecond).toBeLessThan(270)
    await stopped(stage)
  })

  test('stops within one batch and reports nothing afterwards', async () => {
    const stage = setUp()
    await stage.session.start()
    await stage.clock.advance(3000)
    const batches = stage.backends[0]?.batches.length
    const finds = stage.of('finds').length
    const stopping = stage.session.stop()
    await stage.clock.advance(200)
    await stopping
    expect(stage.of('raceStopped')).toHaveLength(1)
    expect(stage.backends[0]?.batches.length).toBe(batches)
    expect(stage.of('finds')).toHaveLength(finds)
  })

  test('drops a find that the oracle does not confirm, and counts it', async () => {
    const wrong = (batch: RaceBatch): FoundAttempt[] =>
      honest(batch).map((find, index) => (index === 0 ? { ...find, digest: new Uint8Array(32) } : find))
    const stage = setUp({}, (kind, clock) => new TimedBackend(kind, clock, wrong))
    await stage.session.start()
    await stage.clock.advance(3000)
    await stopped(stage)
    const faulty = stage.of('faultyFind')
    expect(faulty.length).toBeGreaterThan(0)
    const [last] = stage.of('raceStopped')
    expect(last?.progress.faultyFinds).toBe(faulty.length)
    const reported = new Set(stage.of('finds').flatMap((event) => event.nonces))
    for (const find of faulty) {
      expect(find.computed).toEqual(oracle.attempt(job.host, find.nonce))
      expect(reported.has(find.nonce)).toBe(false)
    }
  })

  test('goes on with another device after a loss and tries the lost batches again', async () => {
    const lost = (batch: RaceBatch, index: number): FoundAttempt[] => {
      if (index >= 3) {
        throw new CodedError('device_lost', 'unplugged')
      }
      return honest(batch)
    }
    const stage = setUp({}, (kind, clock, opened) => new TimedBackend(kind, clock, opened === 0 ? lost : honest))
    await stage.session.start()
    await stage.clock.advance(5000)
    await stopped(stage)
    expect(stage.of('deviceLost')).toEqual([{ raceId: 'race 7', reason: 'unplugged', continuesOn: 'webgpu' }])
    expect(stage.backends.map((backend) => [backend.kind, backend.isStopped])).toEqual([
      ['webgpu', true],
      ['webgpu', true],
    ])
    const attempts = stage.of('raceStopped')[0]?.progress.attempts ?? 0
    const nonces = stage.of('finds').flatMap((event) => event.nonces)
    const tried = BigUint64Array.from({ length: attempts }, (_, index) => 1000n + BigInt(index))
    expect(nonces).toEqual(honest({ host: job.host, target, nonces: tried }).map((find) => find.nonce))
  })

  test('goes on with smaller batches where memory is short, says so, and leaves no nonce out', async () => {
    const full = (batch: RaceBatch, index: number): FoundAttempt[] => {
      if (index >= 3) {
        throw new CodedError('out_of_memory', 'the device is full')
      }
      return honest(batch)
    }
    const stage = setUp({}, (kind, clock, opened) => {
      const backend = new TimedBackend(kind, clock, opened === 0 ? full : honest)
      return opened === 0 ? backend : Object.assign(backend, { maxAttempts: 8, plannedAttempts: 64 })
    })
    await stage.session.start()
    await stage.clock.advance(5000)
    await stopped(stage)
    expect(stage.of('memoryShort')).toEqual([{ raceId: 'race 7', maxAttempts: 8, plannedAttempts: 64 }])
    expect(stage.of('deviceLost')).toEqual([])
    expect(Math.max(...(stage.backends[1]?.batches.map((batch) => batch.nonces.length) ?? []))).toBe(8)
    const attempts = stage.of('raceStopped')[0]?.progress.attempts ?? 0
    const nonces = stage.of('finds').flatMap((event) => event.nonces)
    const tried = BigUint64Array.from({ length: attempts }, (_, index) => 1000n + BigInt(index))
    expect(nonces).toEqual(honest({ host: job.host, target, nonces: tried }).map((find) => find.nonce))
    // Without memory for anything there is the CPU.
    const none = setUp({}, (kind, clock, opened) => {
      if (kind === 'webgpu' && opened > 0) {
        throw new CodedError('out_of_memory', 'not even one')
      }
      return new TimedBackend(kind, clock, kind === 'webgpu' ? full : honest)
    })
    await none.session.start()
    await none.clock.advance(5000)
    await stopped(none)
    expect(none.of('deviceLost')).toEqual([{ raceId: 'race 7', reason: 'the device is full', continuesOn: 'cpu' }])
  })

  test('moves to the CPU where devices are lost again and again, or none opens', async () => {
    const lost = (): FoundAttempt[] => {
      throw new CodedError('device_lost', 'unplugged')
    }
    const stage = setUp({}, (kind, clock) => new TimedBackend(kind, clock, kind === 'webgpu' ? lost : honest))
    await stage.session.start()
    await stage.clock.advance(20_000)
    await stopped(stage)
    expect(stage.of('deviceLost').map((event) => event.continuesOn)).toEqual(['webgpu', 'webgpu', 'cpu'])
    expect(stage.of('raceStopped')[0]?.progress.backend).toBe('cpu')
    expect(stage.of('raceStopped')[0]?.progress.finds).toBeGreaterThan(0)

    const gone = setUp({}, (kind, clock, opened) => {
      if (kind === 'webgpu' && opened > 0) {
        throw new CodedError('no_backend', 'no adapter')
      }
      return new TimedBackend(kind, clock, kind === 'webgpu' ? lost : honest)
    })
    await gone.session.start()
    await gone.clock.advance(20_000)
    await stopped(gone)
    expect(gone.of('deviceLost').map((event) => event.continuesOn)).toEqual(['cpu'])
  })

  test('ends with `failed` and `raceStopped` where the CPU itself fails', async () => {
    const broken = (): FoundAttempt[] => {
      throw new CodedError('batch_too_large', 'broken on purpose')
    }
    const stage = setUp({ backend: 'cpu' }, (kind, clock) => new TimedBackend(kind, clock, broken))
    await stage.session.start()
    await stage.clock.advance(1000)
    expect(stage.of('failed')).toEqual([{ raceId: 'race 7', code: 'batch_too_large', message: 'broken on purpose' }])
    expect(stage.of('raceStopped')).toHaveLength(1)
  })

  test('rejects the start where no backend opens', async () => {
    const stage = setUp({}, () => {
      throw new CodedError('not_conformant', 'differs')
    })
    await expect(stage.session.start()).rejects.toMatchObject({ code: 'not_conformant' })
  })
})
