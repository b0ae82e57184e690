import { afterEach, describe, expect, it } from 'vitest'
import { tempTree } from '../../../test/support/temp-tree.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { diskOf } from './disk.ts'
import { storageTroubles } from './storage-troubles.ts'
import type { StorageWatch } from './storage-watch.ts'
import { isWriteFailure, pauseWhileFull, startStorageWatch } from './storage-watch.ts'

let watch: StorageWatch | undefined

afterEach(async () => {
  await watch?.stop()
})

async function scene(free: number) {
  const clock = new VirtualClock()
  const disk = { free, isWritable: true }
  const started = await startStorageWatch(
    {
      clock,
      freeBytes: async () => disk.free,
      tryWrite: async () => {
        if (!disk.isWritable) {
          throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
        }
      },
    },
    { fullBytes: 100, lowBytes: 1_000 },
  )
  watch = started
  const sources = storageTroubles(started, '/data')
  const said = () => sources.flatMap((source) => (source.read({ nowMs: 0, steadyMs: 0 }) ? source.code : []))
  const pauses: (string | undefined)[] = []
  const pause = pauseWhileFull(started)
  pause.onChange(() => pauses.push(pause.reason()))
  const look = (looks = 1) => clock.advance(2_000 * looks)
  return { disk, started, said, pauses, look }
}

describe('a disk', () => {
  it('is known from the first moment on', async () => {
    expect((await scene(50)).said()).toEqual(['disk_full'])
  })

  it('that fills up is low, then full while there is still room; and back, with room to spare', async () => {
    const { disk, said, pauses, look } = await scene(5_000)
    expect(said()).toEqual([])
    const steps: string[][] = []
    for (const free of [999, 99, 110, 126, 1_100, 1_251]) {
      disk.free = free
      await look()
      steps.push(said())
    }
    expect(steps).toEqual([['disk_low'], ['disk_full'], ['disk_full'], ['disk_low'], ['disk_low'], []])
    expect(pauses).toEqual(['disk_full', undefined])
  })

  it('that refuses a write is full at once, whatever space it claims, until writing worked for a while', async () => {
    const { disk, started, said, pauses, look } = await scene(5_000)
    disk.isWritable = false
    started.failed(new CodedError('store_full', 'no room'))
    expect(said()).toEqual(['disk_full'])
    await look(5)
    expect(said()).toEqual(['disk_full'])
    disk.isWritable = true
    await look(2)
    expect(said()).toEqual(['disk_full'])
    await look(1)
    expect(said()).toEqual([])
    expect(pauses).toEqual(['disk_full', undefined])
  })

  it('is not full because a store is damaged', async () => {
    const { started, said } = await scene(5_000)
    started.failed(new CodedError('store_damaged', 'no database'))
    started.failed(undefined)
    expect(said()).toEqual([])
  })

  it('that cannot be asked keeps what was known', async () => {
    const clock = new VirtualClock()
    let isGone = false
    const freeBytes = async () => {
      if (isGone) {
        throw new Error('no such folder')
      }
      return 5_000
    }
    watch = await startStorageWatch(
      { clock, freeBytes, tryWrite: async () => undefined },
      { fullBytes: 1, lowBytes: 2 },
    )
    isGone = true
    await clock.advance(10_000)
    expect(watch.state()).toEqual({ isFull: false, isLow: false, freeBytes: 5_000 })
  })
})

it('a write failure is known through what wraps it', () => {
  const errno = Object.assign(new Error('quota'), { code: 'EDQUOT' })
  expect(isWriteFailure(new CodedError('batch_failed', 'no', { cause: errno }))).toBe(true)
  expect(isWriteFailure(new CodedError('batch_failed', 'no', { cause: new Error('x') }))).toBe(false)
})

it('the platform says how much is free, and a write is tried for real', async () => {
  const folder = tempTree({})
  const disk = diskOf(folder)
  expect(await disk.freeBytes()).toBeGreaterThan(0)
  await disk.tryWrite()
  await expect(diskOf(`${folder}/x\0`).tryWrite()).rejects.toThrow()
})
