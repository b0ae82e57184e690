import { afterEach, expect, test } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { DeviceWatch } from './device-watch.ts'
import type { Health, HostTroubleComponents, WatchedHost } from './host-troubles.ts'
import { createHostTroubles } from './host-troubles.ts'
import type { Troubles } from './troubles.ts'

let troubles: Troubles | undefined

afterEach(async () => {
  await troubles?.stop()
})

/** A host with nothing wrong; what is done to its connections is counted. */
function scene(onResume?: HostTroubleComponents['onResume']) {
  const clock = new VirtualClock()
  const state = { uptimeMs: 0, reconnects: 0 }
  const view = {
    connection: 'connected',
    epoch: undefined,
    joined: false,
    ownerNeededFor: undefined,
    record: undefined,
  }
  const host: WatchedHost = {
    contributor: { view: () => view as ReturnType<WatchedHost['contributor']['view']> },
    chain: {
      onBlock: () => () => undefined,
      reconnect: () => {
        state.reconnects += 1
      },
    },
    peers: { counts: () => ({ connected: 1, heartbeatsSeen: 0, streams: 0 }) },
    clockOffsetMs: () => 0,
  }
  const health: Health = {
    device: new DeviceWatch(),
    storage: {
      state: () => ({ isFull: false, isLow: false, freeBytes: 1e12 }),
      failed: () => undefined,
      onChange: () => () => undefined,
      stop: async () => undefined,
    },
    lease: { state: () => ({ state: 'free' }) },
    steadyMs: () => clock.nowMs(),
    uptimeMs: () => state.uptimeMs,
  }
  // Nobody listens on the discard port: what is said of the gateway does not matter here.
  const network = { rpcUrl: 'http://127.0.0.1:9', openaiUrl: 'http://127.0.0.1:9/v1', statuses: () => [] }
  const components = { clock, logger: SILENT_LOGGER, host, network, health, isWalletLocked: () => false, onResume }
  troubles = createHostTroubles(components, { home: '/h' })
  return { clock, state, troubles }
}

test('the chain is asked and subscribed anew each time that the computer wakes, however short the sleep', async () => {
  const listeners = new Set<() => void>()
  const {
    clock,
    state,
    troubles: running,
  } = scene((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  })
  await clock.advance(2_000)
  expect(state.reconnects).toBe(0)
  for (const listener of listeners) {
    listener()
  }
  expect(state.reconnects).toBe(1)
  await running.stop()
  expect(listeners.size).toBe(0)
})

test('a shell that hears of no sleep notices the longer ones by its looks', async () => {
  const { clock, state } = scene()
  await clock.advance(1_500)
  state.uptimeMs += 15_000
  await clock.advance(1_000)
  expect(state.reconnects).toBe(0)
  state.uptimeMs += 3_600_000
  await clock.advance(1_000)
  expect(state.reconnects).toBe(1)
})
