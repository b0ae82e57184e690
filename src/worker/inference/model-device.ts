import { CodedError, errorMessage } from '../../lib/coded-error.ts'
import type { ModelSession } from './model-session.ts'
import type { SessionSource } from './sequence.ts'

/** What serves a model: one session, and another in its place when its device is lost. */
export class ModelDevice implements SessionSource {
  readonly #open: () => Promise<ModelSession>
  #session: Promise<ModelSession> | undefined
  #isClosed = false

  /** `open` gives a session that may serve: opened and found right. Without a first one it is asked at the first use. */
  constructor(first: ModelSession | undefined, open: () => Promise<ModelSession>) {
    this.#open = open
    this.#session = first === undefined ? undefined : Promise.resolve(first)
  }

  async current(): Promise<ModelSession> {
    const asked = this.#session
    if (asked === undefined) {
      return this.#reopen(asked)
    }
    try {
      return await asked
    } catch {
      // What could not be replaced when it was lost may be there again now (a driver that restarted, a laptop that woke).
      return this.#reopen(asked)
    }
  }

  async replace(lost: ModelSession): Promise<ModelSession> {
    const asked = this.#session
    const known = await asked?.catch(() => undefined)
    if (known !== lost) {
      return this.current()
    }
    const reopened = this.#reopen(asked)
    await lost.close()
    return reopened
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const session = await this.#session?.catch(() => undefined)
    await session?.close()
  }

  /** All jobs of a lost session come here: the first one opens, the others get what it opened. */
  #reopen(instead: Promise<ModelSession> | undefined): Promise<ModelSession> {
    if (this.#session !== undefined && this.#session !== instead) {
      return this.#session
    }
    const next = this.#isClosed ? Promise.reject(new CodedError('device_lost', 'the worker is disposed')) : this.#next()
    next.catch(() => undefined)
    this.#session = next
    return next
  }

  async #next(): Promise<ModelSession> {
    try {
      return await this.#open()
    } catch (cause) {
      throw new CodedError('device_lost', `no replacement: ${errorMessage(cause)}`.slice(0, 512), { cause })
    }
  }
}
