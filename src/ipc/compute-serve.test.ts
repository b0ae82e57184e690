import { describe, expect, it } from 'vitest'
import { settle } from '../../test/support/screen/settle.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'
import type { ComputePort, RaceJob, RaceListener, RaceProgress } from '../protocol/compute.ts'
import { ComputeRelay } from './compute-relay.ts'
import type { LeaseChannel } from './compute-serve.ts'
import { serveLease } from './compute-serve.ts'

const PROGRESS: RaceProgress = { attempts: 10, finds: 2, attemptsPerSecond: 5, backend: 'cpu', faultyFinds: 0 }
const DIGEST = new Uint8Array(32).fill(7)
const JOB: RaceJob = {
  shape: 'dev',
  epochSeed: new Uint8Array(32),
  host: new Uint8Array(20),
  target: new Uint8Array(32),
  startNonce: 0n,
  backend: 'cpu',
  dutyPpm: 500_000,
}

/** A compute by hand: it reports through `listener` and ends as the caller says. */
function createCompute() {
  const races: { job: RaceJob; listener: RaceListener; aborted: () => boolean }[] = []
  const compute: ComputePort = {
    probe: async () => ({
      backends: [
        {
          kind: 'webgpu',
          adapter: 'x'.repeat(300),
          isSoftware: false,
          conformant: false,
          firstDifference: 'norm',
          conformanceDigest: DIGEST,
          attemptsPerSecond: 12.5,
        },
      ],
    }),
    check: async (job) => job.nonces.map(() => DIGEST),
    findOne: async () => {
      throw new CodedError('no_find', 'none')
    },
    race: (job, listener, signal) => {
      races.push({ job, listener, aborted: () => signal.aborted })
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ ...PROGRESS, attempts: 99 }), { once: true })
      })
    },
  }
  return { compute, races }
}

const unused = () => Promise.reject(new CodedError('unused', 'this tab serves no model'))

/** Relay and tab in one process; `hold` stops the replies until they are let go. */
function connect() {
  const clock = new VirtualClock()
  const relay = new ComputeRelay({ clock, rng: { bytes: (length) => new Uint8Array(length).fill(1) } })
  const { compute, races } = createCompute()
  const inference = { load: unused, generate: unused, score: unused }
  const sent: string[] = []
  let gate: Promise<void> = Promise.resolve()
  const channel: LeaseChannel = {
    lease: async (input, options) => relay.lease(input, options.signal),
    reply: async (input) => {
      await gate
      sent.push(input.reply.type)
      return { outcome: await relay.reply(input) }
    },
  }
  const stop = new AbortController()
  const ended = serveLease(
    { channel, compute, inference, clock, onGranted: () => sent.push('granted') },
    { clientId: 'a'.repeat(32), force: false, workingIntervalMs: 10_000 },
    stop.signal,
  )
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    gate = promise
    return resolve
  }
  return { clock, relay, races, sent, ended, stop, hold }
}

const NEVER = new AbortController().signal

describe('the tab', () => {
  it('answers probe, check and find through the lease', async () => {
    const { relay } = connect()
    await settle()
    const report = await relay.probe(NEVER)
    expect(report.backends[0]).toEqual({
      kind: 'webgpu',
      adapter: 'x'.repeat(128),
      isSoftware: false,
      conformant: false,
      firstDifference: 'norm',
      conformanceDigest: DIGEST,
      attemptsPerSecond: 12.5,
    })
    expect(await relay.check({ ...JOB, nonces: [1n, 2n] }, NEVER)).toEqual([DIGEST, DIGEST])
    const failure = await relay.findOne(JOB, NEVER).catch((error: unknown) => errorCode(error))
    expect(failure).toBe('no_find')
  })

  it('merges what waits while the host is slow: finds keep their order, only the newest progress goes', async () => {
    const { relay, races, sent, hold } = connect()
    await settle()
    const finds: bigint[] = []
    const stop = new AbortController()
    const progress: RaceProgress[] = []
    const race = relay.race(
      JOB,
      {
        onFinds: (nonces) => finds.push(...nonces),
        onProgress: (step) => progress.push(step),
        onNotice: () => undefined,
      },
      stop.signal,
    )
    await settle()
    const letGo = hold()
    const listener = races[0]?.listener
    for (let n = 0; n < 3_000; n++) {
      listener?.onFinds([BigInt(n)])
      listener?.onProgress({ ...PROGRESS, attempts: n })
    }
    stop.abort()
    await settle()
    letGo()
    expect(await race).toMatchObject({ attempts: 99 })
    expect(finds).toEqual(Array.from({ length: 3_000 }, (_, n) => BigInt(n)))
    expect(sent).toEqual([
      'granted',
      'race_finds',
      'race_finds',
      'race_finds',
      'race_finds',
      'race_progress',
      'race_done',
    ])
    expect(progress.at(-1)?.attempts).toBe(2_999)
  })

  it('says that it still works', async () => {
    const { relay, clock, races } = connect()
    await settle()
    const stop = new AbortController()
    const race = relay.race(
      JOB,
      { onFinds: () => undefined, onProgress: () => undefined, onNotice: () => undefined },
      stop.signal,
    )
    await clock.advance(600_000)
    expect(races[0]?.aborted()).toBe(false)
    expect(relay.state().state).toBe('held')
    stop.abort()
    await race
    await clock.advance(0)
    expect(clock.pending).toBe(0)
  })

  it('stops its work when another tab takes over, and when told to', async () => {
    const { relay, races, ended } = connect()
    await settle()
    const race = relay
      .race(JOB, { onFinds: () => undefined, onProgress: () => undefined, onNotice: () => undefined }, NEVER)
      .catch((error: unknown) => errorCode(error))
    await settle()
    const other = relay.lease({ clientId: 'b'.repeat(32), force: true })
    await other.next()
    expect(await ended).toBe('revoked')
    expect(await race).toBe('compute_unavailable')
    expect(races[0]?.aborted()).toBe(true)
    await other.return?.()

    const second = connect()
    await settle()
    second.stop.abort()
    expect(await second.ended).toBe('ended')
    expect(second.relay.state()).toEqual({ state: 'free' })
  })
})
