import { CodedError } from '../../lib/coded-error.ts'
import type { AbortSignalLike } from '../../lib/runtime.ts'

/**
 * One after the other, in the order of the calls: two runs of the runtime at once on WebGPU never end. One mutex a worker,
 * held for a single run, so that jobs take turns and a slow receiver of one job stops no other.
 */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    // The next in line waits for the end, whatever it was; the caller gets the failure.
    this.#last = result.catch(() => undefined)
    return result
  }
}

export interface JobGateOptions {
  /** Jobs under way at once. */
  readonly maxActive: number
  /** Jobs that wait for their turn. */
  readonly maxWaiting: number
}

/** A bounded queue: what does not fit is refused at once. */
export class JobGate {
  readonly #options: JobGateOptions
  readonly #waiting: (() => void)[] = []
  #active = 0

  constructor(options: JobGateOptions) {
    this.#options = options
  }

  /** @throws CodedError `worker_busy` where the queue is full, `aborted` where the signal ends the wait. */
  async run<T>(work: () => Promise<T>, signal: AbortSignalLike): Promise<T> {
    if (this.#active >= this.#options.maxActive) {
      await this.#wait(signal)
    } else {
      this.#active += 1
    }
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  /** Resolves with a place, handed on by the job that left it. */
  #wait(signal: AbortSignalLike): Promise<void> {
    const { maxWaiting } = this.#options
    if (this.#waiting.length >= maxWaiting) {
      throw new CodedError('worker_busy', 'too many jobs wait for this worker', { fields: { maxWaiting } })
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(abortedError(signal))
      }
      const enter = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      if (signal.aborted) {
        reject(abortedError(signal))
        return
      }
      this.#waiting.push(enter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) {
      this.#active -= 1
    } else {
      next()
    }
  }
}

export function abortedError(signal: AbortSignalLike | undefined): CodedError {
  return new CodedError('aborted', 'the request was aborted', { cause: signal?.reason })
}

/** @throws CodedError `aborted` */
export function throwIfAborted(signal: AbortSignalLike): void {
  if (signal.aborted) {
    throw abortedError(signal)
  }
}
