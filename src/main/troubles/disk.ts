/** The data folder's disk, as the storage watch asks for it. */
import { mkdirSync } from 'node:fs'
import { open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoragePorts } from './storage-watch.ts'

/** As much as a page of a database and its log. */
const TRIED_BYTES = 64 * 1024

export function diskOf(folder: string): Omit<StoragePorts, 'clock'> {
  const file = join(folder, 'room')
  return {
    async freeBytes() {
      // Before its first use it is not there, and no room could be told of it.
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const { bavail, bsize } = await statfs(folder)
      return bavail * bsize
    },
    async tryWrite() {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      try {
        const handle = await open(file, 'w', 0o600)
        try {
          await handle.writeFile(new Uint8Array(TRIED_BYTES))
          await handle.sync()
        } finally {
          await handle.close()
        }
      } finally {
        await rm(file, { force: true }).catch(() => {
          // The next try truncates it.
        })
      }
    },
  }
}
