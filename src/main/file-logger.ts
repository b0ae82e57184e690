/**
 * Logs as one JSON object a line, in a file with bounded size: at `maxBytes` the file becomes `<name>.log.1` and the one
 * before it goes. What cannot be written is dropped and counted: a full disk never throws into whoever logs. Secrets never reach a
 * logger: callers log addresses and codes, not keys or tokens.
 */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { LogFields, Logger, LogLevel } from '../lib/runtime.ts'

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

export interface FileLoggerOptions {
  readonly folder: string
  readonly name: string
  readonly level?: LogLevel
  readonly maxBytes?: number
  /** Lines of at least this level also go to stderr, as plain text. */
  readonly echo?: LogLevel
  /** Hears of each failed write. */
  readonly onFault?: (error: unknown) => void
}

export function createFileLogger(options: FileLoggerOptions): Logger {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  const file = join(options.folder, `${options.name}.log`)
  const maxBytes = options.maxBytes ?? 5 * 1024 * 1024
  let size = sizeOf(file)
  let dropped = 0

  function append(entry: Readonly<Record<string, unknown>>): void {
    const missing = dropped === 0 ? {} : { droppedBefore: dropped }
    const line = `${JSON.stringify({ ...entry, ...missing }, stringifyBigint)}\n`
    try {
      if (size + line.length > maxBytes) {
        renameSync(file, `${file}.1`)
        size = 0
      }
      appendFileSync(file, line, { mode: 0o600 })
      size += line.length
      dropped = 0
    } catch (error) {
      dropped += 1
      options.onFault?.(error)
    }
  }

  function write(level: LogLevel, scope: string, message: string, fields: LogFields): void {
    if (isAtLeast(level, options.level ?? 'info')) {
      append({ at: new Date().toISOString(), level, scope, message, ...fields })
    }
    if (options.echo !== undefined && isAtLeast(level, options.echo)) {
      process.stderr.write(`${scope}: ${message}${describe(fields)}\n`)
    }
  }

  return loggerOf(options.name, write)
}

/** Called for each line that cannot be written, with the error; returns how to stop listening. */
export type OnLogFault = (listener: (error: unknown) => void) => () => void

/** A file's logger whose failed writes can be heard by what is made after it. */
export function createWatchedFileLogger(options: Omit<FileLoggerOptions, 'onFault'>): {
  readonly logger: Logger
  readonly onLogFault: OnLogFault
} {
  const listeners = new Set<(error: unknown) => void>()
  const onFault = (error: unknown): void => listeners.forEach((listener) => void listener(error))
  return {
    logger: createFileLogger({ ...options, onFault }),
    onLogFault(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

type Write = (level: LogLevel, scope: string, message: string, fields: LogFields) => void

function loggerOf(scope: string, write: Write): Logger {
  return {
    log: (level, message, fields = {}) => write(level, scope, message, fields),
    child: (name) => loggerOf(`${scope}.${name}`, write),
  }
}

function isAtLeast(level: LogLevel, least: LogLevel): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least)
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function stringifyBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

function describe(fields: LogFields): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${String(value)}`)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}
