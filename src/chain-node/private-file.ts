/** Files of a node's home that must survive a crash whole: written beside, flushed, then renamed into place. */
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { CodedError, errorCode } from '../lib/coded-error.ts'

/** Readable by the owner alone. */
export const SECRET_MODE = 0o600
export const PUBLIC_MODE = 0o644

export function ensureFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
}

/** The text, or undefined where there is no such file. @throws CodedError `file_unreadable`, `file_too_large` */
export function readTextFile(path: string, maxBytes: number): string | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') {
      return undefined
    }
    throw new CodedError('file_unreadable', `cannot read ${path}`, { fields: { path }, cause })
  }
  try {
    if (fstatSync(descriptor).size > maxBytes) {
      throw new CodedError('file_too_large', `${path} has more than ${maxBytes} bytes`, { fields: { path, maxBytes } })
    }
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

/** Takes from others what an earlier program or a copy left open to them. */
export function restrictMode(path: string, mode: number): void {
  chmodSync(path, mode)
}

/** Atomic: a crash leaves no file or the whole one. */
export function writeTextFile(path: string, text: string, mode: number): void {
  const beside = `${path}.new`
  const descriptor = openSync(beside, 'w', mode)
  try {
    try {
      writeFileSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    // The mode of openSync holds only for a new file and under the process's umask.
    chmodSync(beside, mode)
    renameSync(beside, path)
  } catch (error) {
    // On a full disk half a file would only take room.
    rmSync(beside, { force: true })
    throw error
  }
}
