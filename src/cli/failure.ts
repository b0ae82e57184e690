/** What a failure says and the exit code that it gives. */
import { CodedError, errorCode, errorMessage } from '../lib/coded-error.ts'
import { adviceFor } from './sentences.ts'

const BAD_USAGE: readonly string[] = ['bad_usage', 'bad_environment', 'confirmation_needed']

export function exitCodeOf(error: unknown): 1 | 2 {
  return BAD_USAGE.includes(errorCode(error)) ? 2 : 1
}

/** For people: what happened, then what to do. For programs: one JSON line. */
export function failureText(error: unknown, isJson: boolean): string {
  const code = errorCode(error)
  const fields = error instanceof CodedError ? error.fields : {}
  const message = errorMessage(error)
  const advice = adviceFor(code, fields)
  if (isJson) {
    return JSON.stringify({ error: { code, message, fields, ...(advice === undefined ? {} : { advice }) } })
  }
  return `tailrace: ${message}${advice === undefined ? '' : `\n  ${advice}`}`
}
