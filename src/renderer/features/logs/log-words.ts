import type { LogLine, LogTailInput } from '../../../ipc/wires/machine-wire.ts'
import { formatClock } from '../../format/time.ts'
import { failureSentence } from '../words/failures.ts'

export type LogLevelName = LogTailInput['level']

export const LEVEL_NAMES: readonly { readonly value: LogLevelName; readonly name: string }[] = [
  { value: 'debug', name: 'All' },
  { value: 'info', name: 'Info' },
  { value: 'warn', name: 'Warnings' },
  { value: 'error', name: 'Errors' },
]

/** As it stands in the file, in one line: what is copied. */
export function lineText({ at, level, scope, message, fields }: LogLine): string {
  return [at, level, scope === '' ? message : `${scope}: ${message}`, fieldsText(fields)]
    .filter((part) => part !== '')
    .join(' ')
}

export function fieldsText(fields: LogLine['fields']): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ')
}

/** The time of the day here; the whole time stands in the line's title. */
export function lineClock(at: string): string {
  const atMs = Date.parse(at)
  return Number.isNaN(atMs) ? '' : formatClock(atMs)
}

export function logErrorWords(code: string): string {
  switch (code) {
    case 'not_found':
      return 'This file is no longer there. Choose another one.'
    default:
      return failureSentence(code)
  }
}

/** Heads of a report: what a person looks over before it is saved. */
export function reportHeads(text: string): readonly string[] {
  return [...text.matchAll(/^## (.{1,120})$/gm)].map(([, head = '']) => head)
}
