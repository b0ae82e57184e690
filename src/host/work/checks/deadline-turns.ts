import { CodedError } from '../../../lib/coded-error.ts'

interface Waiting {
  readonly deadline: number
  readonly begin: () => void
}

/** So many at once, the nearest deadline first among those that wait: the device belongs to its orders as well. */
export class DeadlineTurns {
  readonly #maxParallel: number
  readonly #mostWaiting: number
  readonly #waiting: Waiting[] = []
  #running = 0

  constructor(maxParallel: number, mostWaiting: number) {
    this.#maxParallel = maxParallel
    this.#mostWaiting = mostWaiting
  }

  /** @throws CodedError `too_many_waiting`, the signal's reason, or what the action throws */
  async run<T>(deadline: number, action: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    await this.#turn(deadline, signal)
    try {
      return await action()
    } finally {
      this.#running -= 1
      this.#beginNext()
    }
  }

  #turn(deadline: number, signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= this.#mostWaiting) {
      throw new CodedError('too_many_waiting', `${this.#waiting.length} wait already`)
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1)
        reject(signal.reason as Error)
      }
      const entry: Waiting = {
        deadline,
        begin: () => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(entry)
      this.#beginNext()
    })
  }

  #beginNext(): void {
    while (this.#running < this.#maxParallel && this.#waiting.length > 0) {
      const nearest = this.#waiting.reduce((best, entry) => (entry.deadline < best.deadline ? entry : best))
      this.#waiting.splice(this.#waiting.indexOf(nearest), 1)
      this.#running += 1
      nearest.begin()
    }
  }
}
