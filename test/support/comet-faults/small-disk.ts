/** A folder on a disk of its own, small enough to be filled: a tmpfs, which only root may mount. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorCode, errorMessage } from '../../../src/lib/coded-error.ts'

const BLOCK_BYTES = 64 * 1024

export interface SmallDisk {
  /** Takes all room that is left. */
  fill(): void
  /** Gives it back. */
  free(): void
  unmount(): void
}

/** Why this machine has none, found out by trying; undefined where `mountSmallDisk` works. */
export function smallDiskIsMissing(): string | undefined {
  if (process.platform !== 'linux') {
    return 'a disk of its own needs Linux'
  }
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-disk-'))
  try {
    mountSmallDisk(folder, 1).unmount()
    return undefined
  } catch (error) {
    return `no small disk can be mounted: ${errorMessage(error).split('\n')[0]}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** `folder` must be empty or absent. @throws where the system refuses the mount */
export function mountSmallDisk(folder: string, mebibytes: number): SmallDisk {
  mkdirSync(folder, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tmpfs', folder], { stdio: 'pipe' })
  const ballast = join(folder, 'ballast')
  return {
    fill() {
      const file = openSync(ballast, 'a')
      for (const size of [BLOCK_BYTES, 4_096]) {
        fillWith(file, new Uint8Array(size))
      }
      closeSync(file)
    },
    free: () => rmSync(ballast, { force: true }),
    unmount: () => execFileSync('umount', ['-l', folder], { stdio: 'pipe' }),
  }
}

function fillWith(file: number, block: Uint8Array): void {
  for (;;) {
    try {
      writeSync(file, block)
    } catch (error) {
      if (errorCode(error) === 'ENOSPC' || (error as NodeJS.ErrnoException).code === 'ENOSPC') {
        return
      }
      throw error
    }
  }
}
