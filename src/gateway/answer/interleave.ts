/**
 * Several sources as one stream, in the order in which their items come. Invariant: of each source at most one item is asked for
 * ahead, and the next only when that was taken: a slow reader slows every source.
 */
export async function* interleave<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]())
  const arrived: Arrival<T>[] = []
  let wake: () => void = () => undefined
  const ask = (iterator: AsyncIterator<T>): void => {
    iterator.next().then(
      (result) => {
        arrived.push({ iterator, result })
        wake()
      },
      (error: unknown) => {
        arrived.push({ iterator, error })
        wake()
      },
    )
  }
  let open = iterators.length
  try {
    iterators.forEach(ask)
    while (open > 0) {
      const arrival = arrived.shift()
      if (arrival === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      } else if ('error' in arrival) {
        throw arrival.error
      } else if (arrival.result.done === true) {
        open--
      } else {
        yield arrival.result.value
        ask(arrival.iterator)
      }
    }
  } finally {
    for (const iterator of iterators) {
      // Not awaited: a source that waits for its next item answers only then. Its error came too late to matter.
      void iterator.return?.().catch(() => undefined)
    }
  }
}

type Arrival<T> =
  | { readonly iterator: AsyncIterator<T>; readonly result: IteratorResult<T> }
  | { readonly iterator: AsyncIterator<T>; readonly error: unknown }
