import { writeFileSync } from 'node:fs'
import { CodedError } from '../lib/coded-error.ts'

/** For what a person asked to have as a file: theirs alone, and never over another one. @throws CodedError `cannot_write` [file] */
export function writeOutput(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    throw new CodedError('cannot_write', isThere ? `${file} exists already` : `cannot write ${file}`, {
      fields: { file },
      cause,
    })
  }
}
