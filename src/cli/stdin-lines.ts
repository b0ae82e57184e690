/** Answers from a stream that is no terminal, a line each. One reader for all questions: what is piped in arrives at once. */
import { createInterface } from 'node:readline'
import { CodedError } from '../lib/coded-error.ts'

interface LineInput extends NodeJS.ReadableStream {
  ref?(): void
  unref?(): void
}

/** @returns the next line; rejects with CodedError `no_answer` where there is none */
export function createLineReader(input: LineInput): () => Promise<string> {
  let lines: AsyncIterator<string> | undefined
  return async () => {
    lines ??= createInterface({ input })[Symbol.asyncIterator]()
    input.ref?.()
    const { value, done } = await lines.next()
    // A pipe that stays open must not keep a command that is done.
    input.unref?.()
    if (done === true) {
      throw new CodedError('no_answer', 'stdin ended before every question had its answer')
    }
    return value
  }
}
