import { describe, expect, it } from 'vitest'
import { settle } from '../../test/support/screen/settle.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { toHex } from '../lib/bytes.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'
import type { RaceJob, RaceProgress } from '../protocol/compute.ts'
import { ComputeRelay } from './compute-relay.ts'
import type { ComputeReply, LeaseEvent } from './wires/compute-wire.ts'
import { MAX_CHECK_NONCES } from './wires/compute-wire.ts'

const TAB_A = 'a'.repeat(32)
const TAB_B = 'b'.repeat(32)
const JOB: RaceJob = {
  shape: 'dev',
  epochSeed: new Uint8Array(32).fill(1),
  host: new Uint8Array(20).fill(2),
  target: new Uint8Array(32).fill(3),
  startNonce: 100n,
  backend: 'webgpu',
  dutyPpm: 1_000_000,
}
const PROGRESS: RaceProgress = { attempts: 10, finds: 2, attemptsPerSecond: 5, backend: 'webgpu', faultyFinds: 0 }

function createRelay() {
  const clock = new VirtualClock()
  let drawn = 0
  const rng = { bytes: (length: number) => new Uint8Array(length).fill(++drawn) }
  return { clock, relay: new ComputeRelay({ clock, rng }) }
}

/** A tab by hand: what it received, and its answers. */
function openTab(relay: ComputeRelay, clientId: string, force = false) {
  const gone = new AbortController()
  const events: LeaseEvent[] = []
  const ended = (async () => {
    for await (const event of relay.lease({ clientId, force }, gone.signal)) {
      events.push(event)
    }
  })()
  const granted = () => events.find((event) => event.type === 'granted')
  const requestId = () => events.findLast((event) => event.type === 'request')?.requestId ?? -1
  const reply = (answer: ComputeReply, id = requestId()) =>
    relay.reply({ leaseId: granted()?.leaseId ?? '', requestId: id, reply: answer })
  return { events, ended, reply, requestId, types: () => events.map((event) => event.type), close: () => gone.abort() }
}

const outcomeOf = (promise: Promise<unknown>) =>
  promise.then(
    (value) => ({ value }),
    (error) => ({ code: errorCode(error) }),
  )

describe('the lease', () => {
  it('goes to one tab; a second one is told, and gets it when the first has gone', async () => {
    const { relay } = createRelay()
    const first = openTab(relay, TAB_A)
    await settle()
    expect(first.types()).toEqual(['granted'])
    expect(relay.state()).toMatchObject({ state: 'held', clientId: TAB_A })
    const second = openTab(relay, TAB_B)
    await second.ended
    expect(second.types()).toEqual(['held_elsewhere'])
    first.close()
    await first.ended
    expect(relay.state()).toEqual({ state: 'free' })
    const again = openTab(relay, TAB_B)
    await settle()
    expect(again.types()).toEqual(['granted'])
  })

  it('can be taken over: the first tab is told, its pending request fails, its replies are stale', async () => {
    const { relay } = createRelay()
    const first = openTab(relay, TAB_A)
    await settle()
    const probe = outcomeOf(relay.probe(new AbortController().signal))
    await settle()
    const second = openTab(relay, TAB_B, true)
    await first.ended
    expect(first.types()).toEqual(['granted', 'request', 'revoked'])
    expect(await probe).toEqual({ code: 'compute_unavailable' })
    expect(first.reply({ type: 'working' })).toBe('stale_lease')
    await settle()
    expect(second.types()).toEqual(['granted'])
  })

  it('passes to the same tab on a new connection without force', async () => {
    const { relay } = createRelay()
    const before = openTab(relay, TAB_A)
    await settle()
    const after = openTab(relay, TAB_A)
    await before.ended
    await settle()
    expect(after.types()).toEqual(['granted'])
    expect(before.types()).toEqual(['granted', 'revoked'])
  })

  it('tells its listeners and those who wait for it', async () => {
    const { relay } = createRelay()
    const states: string[] = []
    relay.onLease((state) => states.push(state.state))
    const waiting = relay.whenLeased(new AbortController().signal)
    const given = new AbortController()
    const givenUp = outcomeOf(relay.whenLeased(given.signal))
    given.abort(new CodedError('aborted', 'stop'))
    expect(await givenUp).toEqual({ code: 'aborted' })
    const tab = openTab(relay, TAB_A)
    await waiting
    tab.close()
    await tab.ended
    expect(states).toEqual(['held', 'free'])
  })

  it('stop() revokes it', async () => {
    const { relay } = createRelay()
    const tab = openTab(relay, TAB_A)
    await settle()
    relay.stop()
    await tab.ended
    expect(tab.types()).toEqual(['granted', 'revoked'])
    expect(relay.state()).toEqual({ state: 'free' })
  })
})

describe('requests', () => {
  it('fail at once where no tab holds the lease', async () => {
    const { relay } = createRelay()
    const { signal } = new AbortController()
    expect(await outcomeOf(relay.probe(signal))).toEqual({ code: 'compute_unavailable' })
    expect(await outcomeOf(relay.check({ ...JOB, nonces: [1n] }, signal))).toEqual({ code: 'compute_unavailable' })
  })

  it('carry a job and bring the digests back, split where they are many', async () => {
    const { relay } = createRelay()
    const tab = openTab(relay, TAB_A)
    await settle()
    const nonces = Array.from({ length: MAX_CHECK_NONCES + 1 }, (_, index) => BigInt(index))
    const check = relay.check({ ...JOB, nonces }, new AbortController().signal)
    await settle()
    expect(tab.events[1]).toMatchObject({ request: { kind: 'check', job: { host: toHex(JOB.host) } } })
    tab.reply({ type: 'digests', digests: Array.from({ length: MAX_CHECK_NONCES }, () => 'aa'.repeat(32)) })
    await settle()
    tab.reply({ type: 'digests', digests: ['bb'.repeat(32)] })
    const digests = await check
    expect(digests).toHaveLength(MAX_CHECK_NONCES + 1)
    expect(digests[MAX_CHECK_NONCES]).toEqual(new Uint8Array(32).fill(0xbb))
  })

  it('end with the code that the tab gives, and with compute_bad_reply for what does not belong to them', async () => {
    const { relay } = createRelay()
    const tab = openTab(relay, TAB_A)
    await settle()
    const { signal } = new AbortController()
    const failed = outcomeOf(relay.probe(signal))
    await settle()
    tab.reply({ type: 'failed', error: { code: 'device_lost', message: 'gone' } })
    expect(await failed).toEqual({ code: 'device_lost' })

    const wrongCount = outcomeOf(relay.check({ ...JOB, nonces: [1n, 2n] }, signal))
    await settle()
    tab.reply({ type: 'digests', digests: ['aa'.repeat(32)] })
    expect(await wrongCount).toEqual({ code: 'compute_bad_reply' })

    const wrongKind = outcomeOf(relay.findOne(JOB, signal))
    await settle()
    expect(tab.reply({ type: 'race_finds', nonces: ['100'] })).toBe('accepted')
    expect(await wrongKind).toEqual({ code: 'compute_bad_reply' })
    expect(tab.reply({ type: 'working' })).toBe('unknown_request')
    const early = outcomeOf(relay.findOne(JOB, signal))
    await settle()
    tab.reply({ type: 'find', nonce: '99' })
    expect(await early).toEqual({ code: 'compute_bad_reply' })
  })

  it('are cancelled by their caller', async () => {
    const { relay } = createRelay()
    const tab = openTab(relay, TAB_A)
    await settle()
    const caller = new AbortController()
    const find = outcomeOf(relay.findOne(JOB, caller.signal))
    await settle()
    caller.abort(new CodedError('aborted', 'enough'))
    expect(await find).toEqual({ code: 'aborted' })
    await settle()
    expect(tab.types()).toEqual(['granted', 'request', 'cancel'])
  })

  it('are bounded in number', async () => {
    const { relay } = createRelay()
    openTab(relay, TAB_A)
    await settle()
    const { signal } = new AbortController()
    const held = Array.from({ length: 64 }, () => outcomeOf(relay.probe(signal)))
    expect(await outcomeOf(relay.probe(signal))).toEqual({ code: 'compute_unavailable' })
    relay.stop()
    expect(new Set((await Promise.all(held)).map((outcome) => JSON.stringify(outcome)))).toEqual(
      new Set(['{"code":"compute_unavailable"}']),
    )
  })

  it('are given up when the tab is silent, and go on while it says that it works', async () => {
    const { relay, clock } = createRelay()
    const tab = openTab(relay, TAB_A)
    await settle()
    const find = outcomeOf(relay.findOne(JOB, new AbortController().signal))
    await clock.advance(80_000)
    tab.reply({ type: 'working' })
    await clock.advance(80_000)
    expect(relay.state().state).toBe('held')
    await clock.advance(20_000)
    expect(await find).toEqual({ code: 'compute_unavailable' })
    expect(tab.types()).toEqual(['granted', 'request', 'revoked'])
    expect(clock.pending).toBe(0)
  })
})

describe('a race', () => {
  function startRace(relay: ComputeRelay) {
    const finds: bigint[] = []
    const notices: string[] = []
    const progress: RaceProgress[] = []
    const stop = new AbortController()
    const result = outcomeOf(
      relay.race(
        JOB,
        {
          onFinds: (nonces) => finds.push(...nonces),
          onProgress: (step) => progress.push(step),
          onNotice: (code) => notices.push(code),
        },
        stop.signal,
      ),
    )
    return { finds, notices, progress, stop, result }
  }

  it('passes finds, progress and notices on, and ends with what the tab reports after the stop', async () => {
    const { relay, clock } = createRelay()
    const tab = openTab(relay, TAB_A)
    await settle()
    const race = startRace(relay)
    await settle()
    tab.reply({ type: 'race_finds', nonces: ['100', '105'] })
    tab.reply({ type: 'race_progress', progress: PROGRESS })
    tab.reply({ type: 'race_notice', code: 'device_lost' })
    race.stop.abort()
    await settle()
    tab.reply({ type: 'race_finds', nonces: ['110'] })
    tab.reply({ type: 'race_done', progress: { ...PROGRESS, finds: 3 } })
    expect(await race.result).toEqual({ value: { ...PROGRESS, finds: 3 } })
    expect(race.finds).toEqual([100n, 105n, 110n])
    expect(race.notices).toEqual(['device_lost'])
    expect(race.progress).toEqual([PROGRESS])
    await clock.advance(10_000)
    expect(clock.pending).toBe(0)
  })

  it('ends with its last progress where the tab does not answer the stop, or goes', async () => {
    const { relay, clock } = createRelay()
    const tab = openTab(relay, TAB_A)
    await settle()
    const slow = startRace(relay)
    await settle()
    tab.reply({ type: 'race_progress', progress: PROGRESS })
    slow.stop.abort()
    await clock.advance(5_000)
    expect(await slow.result).toEqual({ value: PROGRESS })

    const gone = startRace(relay)
    gone.stop.abort()
    await settle()
    tab.close()
    expect(await gone.result).toMatchObject({ value: { attempts: 0, backend: 'webgpu' } })
  })

  it('fails where the tab goes while it runs', async () => {
    const { relay } = createRelay()
    const tab = openTab(relay, TAB_A)
    await settle()
    const race = startRace(relay)
    await settle()
    tab.close()
    expect(await race.result).toEqual({ code: 'compute_unavailable' })
  })

  it('refuses nonces that do not ascend, passes none of that reply on, and tells the tab to stop', async () => {
    const { relay } = createRelay()
    const tab = openTab(relay, TAB_A)
    await settle()
    const race = startRace(relay)
    await settle()
    tab.reply({ type: 'race_finds', nonces: ['100'] })
    tab.reply({ type: 'race_finds', nonces: ['102', '102'] })
    expect(await race.result).toEqual({ code: 'compute_bad_reply' })
    expect(race.finds).toEqual([100n])
    await settle()
    expect(tab.types().at(-1)).toBe('cancel')
  })
})
