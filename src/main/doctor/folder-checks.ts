/** The data folder, its lock, the settings and the files of keys. */
import { accessSync, constants, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Finding } from '../../ipc/wires/machine-wire.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import { isAlive, lockedBy } from '../data-folder.ts'
import { readSettingsFile } from '../settings/settings-file.ts'
import { readEnvironment } from '../settings/settings-store.ts'
import { ok, problem, skipped, warning } from './check.ts'

/** With less, the chain's database soon cannot grow. */
const LEAST_FREE_BYTES = 200 * 1024 * 1024
const LITTLE_FREE_BYTES = 2 * 1024 * 1024 * 1024
const MAX_KEY_FILE_BYTES = 1024 * 1024
const KEY_FILE = /^(keys|wallet[\w-]*)\.json$/

export function checkFolder(home: string): readonly Finding[] {
  const place = statSync(home, { throwIfNoEntry: false })
  if (place === undefined) {
    const parent = nearestFolder(home)
    return isWritable(parent)
      ? [ok('data_folder', { folder: home, reason: 'absent' })]
      : [problem('data_folder', { folder: home, reason: 'not_writable' })]
  }
  if (!place.isDirectory()) {
    return [problem('data_folder', { folder: home, reason: 'not_a_folder' })]
  }
  const writable = isWritable(home)
    ? ok('data_folder', { folder: home, reason: 'ok' })
    : problem('data_folder', { folder: home, reason: 'not_writable' })
  return [writable, checkMode(home, place.mode)]
}

export function checkSpace(home: string): Finding {
  const folder = nearestFolder(home)
  const { bavail, bsize } = statfsSync(folder)
  const fields = { folder, freeBytes: bavail * bsize }
  return fields.freeBytes < LEAST_FREE_BYTES
    ? problem('disk_space', fields)
    : fields.freeBytes < LITTLE_FREE_BYTES
      ? warning('disk_space', fields)
      : ok('disk_space', fields)
}

/** A lock of a dead process is taken over at the next start; it tells that the last one ended badly. */
export function checkLock(home: string): Finding {
  const pid = lockedBy(home)
  if (pid === undefined) {
    return ok('folder_lock', { pid: 0, reason: 'free' })
  }
  return pid === process.pid || isAlive(pid)
    ? ok('folder_lock', { pid, reason: 'held' })
    : warning('folder_lock', { pid, reason: 'stale' })
}

export function checkSettings(file: string, env: Readonly<Record<string, string | undefined>>): Finding {
  try {
    const stored = readSettingsFile(file)
    readEnvironment(env)
    const isThere = statSync(file, { throwIfNoEntry: false }) !== undefined
    return ok('settings', { file, reason: isThere ? 'ok' : 'absent', count: Object.keys(stored).length })
  } catch (error) {
    const fields = error instanceof CodedError ? error.fields : {}
    return problem('settings', { file, ...fields, reason: errorCode(error) })
  }
}

/** Keys and wallet of this computer's own host, under `app`. */
export function checkKeyFiles(home: string): readonly Finding[] {
  const folder = join(home, 'app')
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) {
    return [ok('key_files', { folder, file: '', reason: 'absent' })]
  }
  const files = readdirSync(folder).filter((name) => KEY_FILE.test(name))
  const faults = files.flatMap((name) => {
    const fault = keyFileFault(join(folder, name))
    return fault === undefined ? [] : [problem('key_files', { folder, file: name, reason: fault })]
  })
  return faults.length > 0 ? faults : [ok('key_files', { folder, file: files.join(', '), reason: 'ok' })]
}

function keyFileFault(file: string): 'unreadable' | 'damaged' | 'open_to_others' | undefined {
  const place = statSync(file)
  if (process.platform !== 'win32' && (place.mode & 0o077) !== 0) {
    return 'open_to_others'
  }
  if (!place.isFile() || place.size > MAX_KEY_FILE_BYTES) {
    return 'damaged'
  }
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // Another user's, or a medium that fails: the same to do about it.
    return 'unreadable'
  }
  return isJsonObject(text) ? undefined : 'damaged'
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}

function checkMode(folder: string, mode: number): Finding {
  if (process.platform === 'win32') {
    return skipped('data_private', { folder, reason: 'windows' })
  }
  const fields = { folder, mode: (mode & 0o777).toString(8) }
  return (mode & 0o077) === 0 ? ok('data_private', fields) : warning('data_private', fields)
}

/** The folder itself, or the nearest one above it that is there. */
function nearestFolder(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true || dirname(path) === path
    ? path
    : nearestFolder(dirname(path))
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
