/** Small private files (0600) that a crash leaves whole: written beside, synced, renamed into place. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { z } from 'zod'
import { CodedError } from '../lib/coded-error.ts'

const MAX_FILE_BYTES = 1024 * 1024

export function writePrivateJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const beside = `${file}.${process.pid}.tmp`
  const descriptor = openSync(beside, 'w', 0o600)
  try {
    writeSync(descriptor, `${JSON.stringify(value, null, 2)}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(beside, file)
}

/**
 * The file's content against its schema, or undefined where there is no file.
 * @throws CodedError `damaged_file` where there is one that does not fit: it is never replaced in silence.
 */
export function readPrivateJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined
    }
    throw new CodedError('unreadable_file', `cannot read ${file}`, { cause, fields: { file } })
  }
  if (text.length > MAX_FILE_BYTES) {
    throw new CodedError('damaged_file', `${file} is larger than it can be`, { fields: { file } })
  }
  const parsed = schema.safeParse(parseJson(text))
  if (!parsed.success) {
    throw new CodedError('damaged_file', `${file} is damaged: restore it from a backup or move it away`, {
      fields: { file },
    })
  }
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The schema then refuses undefined, with the file's name.
    return undefined
  }
}
