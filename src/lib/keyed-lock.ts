import { CodedError } from './coded-error.ts'

/** One at a time for each key, first come first served; how many may wait is bounded. */
export class KeyedLock {
  readonly #queues = new Map<string, { tail: Promise<void>; waiting: number }>()
  readonly #mostWaiting: number

  constructor(mostWaiting: number) {
    this.#mostWaiting = mostWaiting
  }

  /** @throws CodedError `too_many_waiting` */
  async run<T>(key: string, action: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? { tail: Promise.resolve(), waiting: 0 }
    if (queue.waiting >= this.#mostWaiting) {
      throw new CodedError('too_many_waiting', `${queue.waiting} wait already`)
    }
    this.#queues.set(key, queue)
    queue.waiting += 1
    const before = queue.tail
    const { promise, resolve } = Promise.withResolvers<void>()
    queue.tail = promise
    try {
      await before
      return await action()
    } finally {
      queue.waiting -= 1
      if (queue.waiting === 0) {
        this.#queues.delete(key)
      }
      resolve()
    }
  }
}
