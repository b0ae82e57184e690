import { CodedError } from '../lib/coded-error.ts'
import { CLIENT_LIMITS } from './client-limits.ts'

/** One at a time per account, first come first served; how many may wait is bounded. */
export class AccountLock {
  readonly #queues = new Map<string, { tail: Promise<void>; waiting: number }>()

  /** @throws CodedError `too_many_waiting` */
  async run<T>(address: string, action: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(address) ?? { tail: Promise.resolve(), waiting: 0 }
    if (queue.waiting >= CLIENT_LIMITS.waitingPerAccount) {
      throw new CodedError('too_many_waiting', `${queue.waiting} transactions of this account wait already`)
    }
    this.#queues.set(address, queue)
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
        this.#queues.delete(address)
      }
      resolve()
    }
  }
}
