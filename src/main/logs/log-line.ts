/**
 * One line of a log file as a value: what file-logger.ts writes, and any other text as a message of its own. Nothing is cut here, so
 * that whoever leaves secrets out sees them whole; `fitLine` cuts to what the contract allows.
 */
import type { LogLine } from '../../ipc/wires/machine-wire.ts'

export type LogLevelName = LogLine['level']

export const LOG_LEVELS: readonly LogLevelName[] = ['debug', 'info', 'warn', 'error']

const MAX_FIELDS = 32
const LIMITS = { at: 40, scope: 128, message: 1_024, field: 512, name: 64 }

/** A line of any text; undefined for an empty one. */
export function parseLogLine(text: string): LogLine | undefined {
  const trimmed = text.trim()
  if (trimmed === '') {
    return undefined
  }
  const record = trimmed.startsWith('{') ? recordOf(trimmed) : undefined
  if (record === undefined || typeof record.message !== 'string') {
    return { at: '', level: levelOfText(trimmed), scope: '', message: trimmed, fields: {} }
  }
  const { at, level, scope, message, ...rest } = record
  return {
    at: typeof at === 'string' && !Number.isNaN(Date.parse(at)) ? at : '',
    level: LOG_LEVELS.find((known) => known === level) ?? 'info',
    scope: typeof scope === 'string' ? scope : '',
    message,
    fields: fieldsOf(rest),
  }
}

export function isAtLeast(level: LogLevelName, least: LogLevelName): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least)
}

/** Scope, message and fields as one text, for filters and reports: `app.chain: connected height=12`. */
export function describeLine(line: LogLine): string {
  const fields = Object.entries(line.fields).map(([name, value]) => `${name}=${String(value)}`)
  return [line.scope === '' ? line.message : `${line.scope}: ${line.message}`, ...fields].join(' ')
}

/** The line within the bounds of the contract. */
export function fitLine(line: LogLine): LogLine {
  const fields = Object.entries(line.fields)
    .slice(0, MAX_FIELDS)
    .map(([name, value]) => [
      name.slice(0, LIMITS.name),
      typeof value === 'string' ? value.slice(0, LIMITS.field) : value,
    ])
  return {
    at: line.at.slice(0, LIMITS.at),
    level: line.level,
    scope: line.scope.slice(0, LIMITS.scope),
    message: line.message.slice(0, LIMITS.message),
    fields: Object.fromEntries(fields),
  }
}

function recordOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    // No JSON: a line of a child process or one that was cut by a crash.
    return undefined
  }
}

function fieldsOf(rest: Record<string, unknown>): LogLine['fields'] {
  const entries = Object.entries(rest).map(([name, value]): readonly [string, string | number | boolean] => {
    if (typeof value === 'string' || typeof value === 'boolean') {
      return [name, value]
    }
    return [name, typeof value === 'number' && Number.isFinite(value) ? value : (JSON.stringify(value) ?? '')]
  })
  return Object.fromEntries(entries)
}

function levelOfText(text: string): LogLevelName {
  if (/\b(error|fatal|panic|uncaught)\b/i.test(text)) {
    return 'error'
  }
  return /\bwarn(ing)?\b/i.test(text) ? 'warn' : 'info'
}
