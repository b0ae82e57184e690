import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../lib/runtime.ts'

export interface FolderSize {
  /** Bytes of the files in it, as far as they may be read; links are not followed. */
  sizeOf(folder: string): Promise<number>
}

/** A data folder changes slowly and may hold many files. */
const CACHED_MS = 30_000
const MAX_FILES = 20_000
const MAX_DEPTH = 12

export function createFolderSize(clock: Clock): FolderSize {
  let latest: { readonly folder: string; readonly atMs: number; readonly bytes: number } | undefined
  return {
    async sizeOf(folder) {
      const atMs = clock.nowMs()
      if (latest === undefined || latest.folder !== folder || atMs - latest.atMs >= CACHED_MS || atMs < latest.atMs) {
        latest = { folder, atMs, bytes: await measure(folder) }
      }
      return latest.bytes
    },
  }
}

async function measure(folder: string): Promise<number> {
  let bytes = 0
  let files = 0
  const waiting = [{ path: folder, depth: 0 }]
  for (let next = waiting.pop(); next !== undefined && files < MAX_FILES; next = waiting.pop()) {
    for (const entry of await readdir(next.path, { withFileTypes: true }).catch(() => [])) {
      const path = join(next.path, entry.name)
      if (entry.isDirectory() && next.depth < MAX_DEPTH) {
        waiting.push({ path, depth: next.depth + 1 })
      } else if (entry.isFile() && files < MAX_FILES) {
        files++
        // A file may go while the folder is read.
        bytes += (await lstat(path).catch(() => undefined))?.size ?? 0
      }
    }
  }
  return bytes
}
