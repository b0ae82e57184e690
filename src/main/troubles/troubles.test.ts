import { afterEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import type { LogFields } from '../../lib/runtime.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import type { TroubleSource } from './trouble-source.ts'
import type { Troubles } from './troubles.ts'
import { createTroubles } from './troubles.ts'

let troubles: Troubles | undefined

afterEach(async () => {
  await troubles?.stop()
})

interface World {
  peers: number
  lost: boolean
  broken: boolean
}

async function scene() {
  const clock = new VirtualClock()
  const world: World = { peers: 2, lost: false, broken: false }
  const lines: string[] = []
  const sources: TroubleSource[] = [
    {
      code: 'no_peers',
      level: 'warning',
      afterMs: 3_000,
      endAfterMs: 0,
      read: () => (world.peers === 0 ? {} : undefined),
    },
    {
      code: 'model_damaged',
      level: 'error',
      afterMs: 0,
      endAfterMs: 0,
      read() {
        if (world.broken) {
          throw new Error('a defect of this source')
        }
        return world.lost ? { model: 'whale', file: 'a' } : undefined
      },
    },
  ]
  const logger = {
    ...SILENT_LOGGER,
    log: (_level: string, message: string, fields?: LogFields) => lines.push(`${message} ${fields?.code}`),
  }
  const monitor = createTroubles({ clock, steadyMs: () => clock.nowMs(), logger, sources })
  troubles = monitor
  let changes = 0
  monitor.onChange(() => {
    changes += 1
  })
  await clock.advance(0)
  return { clock, world, lines, monitor, changes: () => changes }
}

describe('the monitor', () => {
  it('tells each beginning and each end once, worst first', async () => {
    const { clock, world, monitor, lines, changes } = await scene()
    world.peers = 0
    await clock.advance(10_000)
    world.lost = true
    await clock.advance(2_000)
    expect(monitor.current().map(({ code }) => code)).toEqual(['model_damaged', 'no_peers'])
    world.peers = 1
    world.lost = false
    await clock.advance(2_000)
    expect(monitor.current()).toEqual([])
    expect(changes()).toBe(3)
    expect(lines).toEqual([
      'trouble began no_peers',
      'trouble began model_damaged',
      'trouble ended no_peers',
      'trouble ended model_damaged',
    ])
  })

  it('goes on where one source is broken', async () => {
    const { clock, world, monitor } = await scene()
    world.broken = true
    world.peers = 0
    await clock.advance(5_000)
    expect(monitor.current().map(({ code }) => code)).toEqual(['no_peers'])
  })

  it('looks no more once it is stopped', async () => {
    const { clock, world, monitor } = await scene()
    await monitor.stop()
    world.lost = true
    await clock.advance(5_000)
    expect(monitor.current()).toEqual([])
    expect(clock.pending).toBe(0)
  })
})
