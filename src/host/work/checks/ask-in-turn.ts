import type { Clock } from '../../../lib/runtime.ts'

/** Undefined: it has no answer. May reject with whatever. */
export type Ask<T> = (signal: AbortSignal) => Promise<T | undefined>

/**
 * Asks one after the other, the next as soon as one has no answer or has let `patienceMs` pass; the first answer ends the others.
 * Undefined where nobody has one. @throws the signal's reason
 */
export async function askInTurn<T>(
  clock: Clock,
  patienceMs: number,
  asks: readonly Ask<T>[],
  signal: AbortSignal,
): Promise<T | undefined> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const found = Promise.withResolvers<T | undefined>()
  const turns = async (): Promise<void> => {
    const answers: Promise<void>[] = []
    for (const ask of asks) {
      if (either.aborted) {
        break
      }
      const answer = ask(either).then(
        (value) => (value === undefined ? undefined : found.resolve(value)),
        () => undefined,
      )
      answers.push(answer)
      await Promise.race([answer, clock.sleep(patienceMs, either).catch(() => undefined)])
    }
    await Promise.all(answers)
    found.resolve(undefined)
  }
  try {
    void turns()
    const value = await found.promise
    signal.throwIfAborted()
    return value
  } finally {
    over.abort()
  }
}
