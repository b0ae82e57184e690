import { createRouterClient } from '@orpc/server'
import { describe, expect, it } from 'vitest'
import { idleSnapshot, SAMPLE_NOW_MS } from '../../../test/support/screen/sample-snapshot.ts'
import { createScreenHost } from '../../../test/support/screen/screen-host.ts'
import { settle } from '../../../test/support/screen/settle.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import type { ScreenClient } from '../../ipc/screen-client.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import { createScreenActions } from './screen-actions.ts'
import { createScreenStore, receiveSnapshot } from './screen-store.ts'
import type { SessionPlatform } from './session.ts'
import { openSession } from './session.ts'
import { createSessionProbe } from './session-probe.ts'

const SECRET = 'ab'.repeat(32)

function createPlatform(hash: string, answer: () => Promise<Response>) {
  const stored = new Map<string, string>()
  const addresses: string[] = []
  const asked: unknown[] = []
  const platform: SessionPlatform = {
    location: { hash, pathname: '/', search: '?a=1' },
    history: { replaceState: (_data, _unused, url) => addresses.push(url) },
    storage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
      removeItem: (key) => void stored.delete(key),
    },
    fetch: (url, init) => {
      asked.push([url, init.method, init.body, addresses.length])
      return answer()
    },
  }
  return { platform, stored, addresses, asked }
}

describe('the session', () => {
  it('is bought with the token, which leaves the address bar first', async () => {
    const { platform, stored, addresses, asked } = createPlatform(`#token=${SECRET}`, async () =>
      Response.json({ session: 'cd'.repeat(32) }),
    )
    expect(await openSession(platform)).toEqual({ session: 'cd'.repeat(32) })
    expect(addresses).toEqual(['/?a=1'])
    expect(asked).toEqual([['/session', 'POST', JSON.stringify({ token: SECRET }), 1]])
    expect([...stored.values()]).toEqual(['cd'.repeat(32)])
    expect(await openSession({ ...platform, location: { hash: '', pathname: '/', search: '' } })).toEqual({
      session: 'cd'.repeat(32),
    })
  })

  it('is missing where the token is refused, absent, or answered with something else', async () => {
    const refused = createPlatform(`#token=${SECRET}`, async () => new Response('{}', { status: 401 }))
    expect(await openSession(refused.platform)).toEqual({ missing: 'used' })
    const strange = createPlatform(`#token=${SECRET}`, async () => Response.json({ session: '<script>' }))
    expect(await openSession(strange.platform)).toEqual({ missing: 'used' })
    const gone = createPlatform(`#token=${SECRET}`, () => Promise.reject(new TypeError('network')))
    expect(await openSession(gone.platform)).toEqual({ missing: 'used' })
    const bare = createPlatform('', () => Promise.reject(new TypeError('not asked')))
    expect(await openSession(bare.platform)).toEqual({ missing: 'none' })
    expect(bare.asked).toEqual([])
  })

  it('counts as over after three refusals in a row of a host that is up', async () => {
    let isUp = true
    const isAlive = createSessionProbe(async () => new Response(null, { status: isUp ? 200 : 503 }))
    expect([await isAlive(), await isAlive()]).toEqual([true, true])
    isUp = false
    expect(await isAlive()).toBe(true)
    isUp = true
    expect([await isAlive(), await isAlive(), await isAlive()]).toEqual([true, true, false])
  })
})

function createActions() {
  const { backend, router } = createScreenHost()
  const store = createScreenStore({ link: 'connected' })
  const client = createRouterClient(router) as unknown as ScreenClient
  const actions = createScreenActions({ store, client: () => client, takeOver: () => undefined })
  return { backend, store, actions }
}

describe('a command', () => {
  it('is pending until the snapshot shows it', async () => {
    const { backend, store, actions } = createActions()
    await actions.join()
    await actions.join()
    expect(backend.commands).toEqual(['join'])
    expect(store.getState().pending).toBe('join')
    receiveSnapshot(store, idleSnapshot(), SAMPLE_NOW_MS)
    expect(store.getState().pending).toBe('join')
    receiveSnapshot(store, { ...idleSnapshot(), joined: true }, SAMPLE_NOW_MS - 70)
    expect(store.getState()).toMatchObject({ pending: undefined, clockOffsetMs: 70 })
    await actions.leave()
    receiveSnapshot(store, { ...idleSnapshot(), joined: true, phase: 'leaving' }, SAMPLE_NOW_MS)
    expect(store.getState().pending).toBeUndefined()
  })

  it('shows the code where it fails', async () => {
    const { backend, store, actions } = createActions()
    backend.nextError = new CodedError('chain_unreachable', 'no')
    await actions.join()
    expect(store.getState()).toMatchObject({ pending: undefined, failure: 'chain_unreachable' })
    actions.dismissFailure()
    expect(store.getState().failure).toBeUndefined()
  })
})

describe('the lease of a tab', () => {
  function createTabs() {
    const clock = new VirtualClock()
    const { relay, backend } = createScreenHost(clock)
    const openTab = (clientId: string) => {
      const roles: string[] = []
      const gone = new AbortController()
      const unused = () => Promise.reject(new CodedError('unused', 'nothing computes here'))
      const compute = { probe: unused, race: unused, check: unused, findOne: unused }
      const inference = { load: unused, generate: unused, score: unused }
      const keeper = new LeaseKeeper(
        { compute, inference, clock, onRole: (role) => roles.push(role) },
        clientId.repeat(32),
      )
      backend.onChange(() => keeper.onLease(backend.snapshot().lease))
      keeper.connect(
        {
          lease: async (input, { signal }) => relay.lease(input, signal),
          reply: async (input) => ({ outcome: await relay.reply(input) }),
        },
        gone.signal,
      )
      // The first snapshot of a connection says who holds the lease.
      keeper.onLease(backend.snapshot().lease)
      return { roles, keeper, close: () => gone.abort() }
    }
    return { clock, relay, openTab }
  }

  it('goes to the second tab by itself when the first has gone', async () => {
    const { clock, openTab } = createTabs()
    const first = openTab('a')
    await settle()
    const second = openTab('b')
    await settle()
    expect([first.roles, second.roles]).toEqual([['computing'], ['elsewhere']])
    await clock.advance(10_000)
    expect(second.roles).toEqual(['elsewhere'])
    first.close()
    await clock.advance(1_000)
    expect(second.roles).toEqual(['elsewhere', 'computing'])
  })

  it('moves when the person says so, and does not bounce back', async () => {
    const { clock, openTab } = createTabs()
    const first = openTab('a')
    await settle()
    const second = openTab('b')
    await settle()
    second.keeper.takeOver()
    await settle()
    expect(second.roles).toEqual(['elsewhere', 'taking_over', 'computing'])
    await clock.advance(60_000)
    expect(first.roles).toEqual(['computing', 'elsewhere'])
    expect(second.roles.at(-1)).toBe('computing')
  })
})
