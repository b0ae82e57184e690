import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { GossipLink, GossipLinks } from './gossip-links.ts'
import { watchGossip } from './gossip-watch.ts'
import { P2P_LIMITS } from './limits.ts'

const START_MS = 1_000_000

interface Watched {
  readonly clock: VirtualClock
  /** `<second> <step> <peer>` */
  readonly steps: string[]
  set(peer: string, link: 'whole' | 'broken' | 'gone', waitsLonger?: boolean): void
  failNextLook(): void
  stop(): Promise<void>
}

function watch(): Watched {
  const clock = new VirtualClock(START_MS)
  const steps: string[] = []
  const links = new Map<string, GossipLink>()
  let isLookBad = false
  const note = (step: string, peer: string) => {
    steps.push(`${(clock.nowMs() - START_MS) / 1_000} ${step} ${peer}`)
  }
  const fakes: GossipLinks = {
    look: async () => {
      if (isLookBad) {
        isLookBad = false
        throw new Error('no look')
      }
      return [...links.values()]
    },
    takeApart: async (peer) => note('apart', peer),
    putTogether: async (peer) => note('together', peer),
    hangUp: async (peer) => {
      note('hang-up', peer)
      return 1
    },
  }
  const abort = new AbortController()
  const running = watchGossip({ links: fakes, clock, logger: SILENT_LOGGER }, abort.signal)
  return {
    clock,
    steps,
    set(peer, state, waitsLonger = false) {
      links.delete(peer)
      if (state !== 'gone') {
        links.set(peer, { peer, isWhole: state === 'whole', waitsLonger })
      }
    },
    failNextLook: () => {
      isLookBad = true
    },
    async stop() {
      abort.abort()
      await running
    },
  }
}

describe('watchGossip', () => {
  it('leaves a whole link and a short interruption alone', async () => {
    const watched = watch()
    watched.set('steady', 'whole')
    watched.set('short', 'broken')
    await watched.clock.advance(2_500)
    watched.set('short', 'whole')
    await watched.clock.advance(1_000)
    watched.set('short', 'broken')
    await watched.clock.advance(2_000)
    expect(watched.steps).toEqual([])
    await watched.stop()
  })

  it('sets a broken link up anew: first the end, a moment later the beginning', async () => {
    const watched = watch()
    watched.set('near', 'broken')
    watched.set('far', 'broken', true)
    await watched.clock.advance(4_000)
    expect(watched.steps).toEqual(['3 apart near', '3.25 together near'])
    watched.set('near', 'whole')
    await watched.clock.advance(3_000)
    expect(watched.steps.slice(2)).toEqual(['6.25 apart far', '6.5 together far'])
    await watched.stop()
  })

  it('waits twice as long with each attempt, hangs up at every fourth, and never asks more often than the bound', async () => {
    const watched = watch()
    watched.set('bad', 'broken')
    await watched.clock.advance(60_000)
    expect(watched.steps.filter((step) => step.includes('apart')).map((step) => Number.parseInt(step, 10))).toEqual([
      3, 9, 21,
    ])
    expect(watched.steps.at(-1)).toBe('45.75 hang-up bad')
    await watched.clock.advance(3_600_000)
    // Hanging up does not help either: it is looked at, and rarely disturbed.
    const attempts = watched.steps.filter((step) => !step.includes('together')).length
    expect(attempts).toBeLessThan(6 + 3_600 / P2P_LIMITS.gossipPatienceLooks + 3)
    expect(attempts).toBeGreaterThan(10)
    await watched.stop()
  })

  it('is as patient as before with a peer that went and came back broken, and forgets after a minute without fault', async () => {
    const watched = watch()
    watched.set('bad', 'broken')
    await watched.clock.advance(4_000)
    watched.set('bad', 'gone')
    await watched.clock.advance(10_000)
    watched.set('bad', 'broken')
    await watched.clock.advance(5_000)
    expect(watched.steps).toHaveLength(2)
    await watched.clock.advance(2_000)
    expect(watched.steps).toHaveLength(4)
    watched.set('bad', 'whole')
    await watched.clock.advance(1_000 * (P2P_LIMITS.gossipHealedLooks + 1))
    watched.set('bad', 'broken')
    await watched.clock.advance(4_500)
    expect(watched.steps).toHaveLength(6)
    await watched.stop()
  })

  it('remembers a bounded number of peers that went', async () => {
    const watched = watch()
    for (let peer = 0; peer < P2P_LIMITS.gossipPatients + 20; peer++) {
      watched.set(`bad-${peer}`, 'broken')
      await watched.clock.advance(3_300)
      watched.set(`bad-${peer}`, 'gone')
      await watched.clock.advance(1_000)
    }
    const before = watched.steps.length
    // The first one is a stranger again (3 looks), the last one is not (6 looks).
    watched.set('bad-0', 'broken')
    watched.set(`bad-${P2P_LIMITS.gossipPatients + 19}`, 'broken')
    await watched.clock.advance(4_500)
    expect(watched.steps.slice(before).map((step) => step.replace(/^\S+ /, ''))).toEqual([
      'apart bad-0',
      'together bad-0',
    ])
    await watched.stop()
  })

  it('goes on after a look that failed, and ends with the signal', async () => {
    const watched = watch()
    watched.set('bad', 'broken')
    watched.failNextLook()
    await watched.clock.advance(5_000)
    expect(watched.steps).toEqual(['4 apart bad', '4.25 together bad'])
    await watched.stop()
    expect(watched.clock.pending).toBe(0)
  })
})
