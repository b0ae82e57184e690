/** The log files of this application: which there are, and the only way by which one of them is opened. */
import { constants, lstatSync, readdirSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogInfo } from '../../ipc/screen-router.ts'
import { CodedError } from '../../lib/coded-error.ts'

const MAX_FILES = 64
const LOG_NAME = /^[\w-][\w.-]{0,200}\.log(\.1)?$/

/** Newest first; empty where the folder is not there yet. Links and folders are no log files. */
export function listLogs(folder: string): LogInfo {
  const files = namesIn(folder)
    .filter((name) => LOG_NAME.test(name))
    .flatMap((name) => {
      // Between the listing and this a rotation may have taken the file.
      const stats = lstatSync(join(folder, name), { throwIfNoEntry: false })
      return stats?.isFile() === true
        ? [{ name, sizeBytes: stats.size, modifiedAtMs: Math.max(0, Math.floor(stats.mtimeMs)) }]
        : []
    })
  return { folder, files: files.sort((a, b) => b.modifiedAtMs - a.modifiedAtMs).slice(0, MAX_FILES) }
}

/** Opens a file of the listing for reading. @throws CodedError `not_found` [file] for every other name */
export async function openLog(folder: string, name: string): Promise<FileHandle> {
  const isListed = LOG_NAME.test(name) && listLogs(folder).files.some((file) => file.name === name)
  try {
    if (isListed) {
      // The flag refuses a link that took the file's place since the listing; Windows has none.
      return await open(join(folder, name), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    }
  } catch (error) {
    throw notFound(name, error)
  }
  throw notFound(name)
}

function notFound(name: string, cause?: unknown): CodedError {
  return new CodedError('not_found', 'no such log file', { fields: { file: name.slice(0, 256) }, cause })
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    // Nothing was logged yet, or the folder cannot be read: either way there is nothing to show.
    return []
  }
}
