import { CodedError } from '../../src/lib/coded-error.ts'

export interface WaitOptions {
  /** Real time until the wait fails: against a hang alone, so long that a busy machine does not meet it. */
  readonly deadlineMs?: number
  readonly everyMs?: number
  /** Ends the wait early, with its reason: a process that died will not answer any more. */
  readonly signal?: AbortSignal
}

/**
 * Asks `probe` again and again until it answers something other than undefined or false, and returns that: for real processes
 * and sockets, which no virtual clock moves. A probe that throws has not answered yet.
 * @throws CodedError `timed_out` after the deadline, with the last thing the probe threw as its cause.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { deadlineMs = 60_000, everyMs = 25, signal }: WaitOptions = {},
): Promise<T> {
  const endMs = performance.now() + deadlineMs
  let lastError: unknown
  for (;;) {
    signal?.throwIfAborted()
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== false) {
        return answer
      }
      lastError = undefined
    } catch (error) {
      lastError = error
    }
    if (performance.now() >= endMs) {
      throw new CodedError('timed_out', `waited ${deadlineMs} ms for: ${what}`, { cause: lastError })
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
