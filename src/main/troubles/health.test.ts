import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempTree } from '../../../test/support/temp-tree.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { createWatchedFileLogger } from '../file-logger.ts'
import { startHealth } from './health.ts'

test.skipIf(process.platform !== 'linux')(
  'a log line that finds no room says that the disk is full (needs /dev/full)',
  async () => {
    const folder = tempTree({})
    // Every write to it fails with ENOSPC.
    symlinkSync('/dev/full', join(folder, 'app.log'))
    const { logger, onLogFault } = createWatchedFileLogger({ folder, name: 'app' })
    const clock = new VirtualClock()
    const disk = { freeBytes: async () => 1e12, tryWrite: async () => undefined }
    const lease = { state: () => ({ state: 'free' }) as const, onLease: () => () => undefined }
    const health = await startHealth(
      { clock, logger: SILENT_LOGGER, lease, disk, onLogFault },
      { home: folder, modelsFolder: folder, cacheFolder: folder },
    )
    expect(health.storage.state().isFull).toBe(false)
    logger.log('info', 'one')
    expect(health.storage.state().isFull).toBe(true)
    // Writing works again, three times in a row.
    await clock.advance(10_000)
    expect(health.storage.state().isFull).toBe(false)
    await health.stop()
    logger.log('info', 'two')
    expect(health.storage.state().isFull).toBe(false)
  },
)
