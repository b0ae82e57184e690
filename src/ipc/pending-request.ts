import { CodedError } from '../lib/coded-error.ts'
import type { AbortSignalLike, Clock } from '../lib/runtime.ts'
import type { ComputeReply } from './wires/compute-wire.ts'

/** What one reply means to its request. */
export type ReplyStep<Result> =
  /** `until`: the reply is answered only then, which slows the one who sends (backpressure). */
  | { readonly type: 'more'; readonly until?: Promise<void> }
  | { readonly type: 'done'; readonly result: Result }
  | { readonly type: 'failed'; readonly error: unknown; readonly isBadReply: boolean }

export interface ReplyReader<Result> {
  read(reply: ComputeReply): ReplyStep<Result>
  /** Present where an aborted request has a result all the same. */
  afterAbort?(): { readonly result: Result }
}

export interface PendingHooks {
  /** Whether the request is over, and what the answer to this reply waits for. */
  read(reply: ComputeReply): { readonly isOver: boolean; readonly until: Promise<void> | undefined }
  fail(error: unknown): void
  cancel(): void
  ended(): void
  silent(): void
}

export interface PendingOptions {
  readonly silenceTimeoutMs: number
  readonly cancelTimeoutMs: number
  /** Whether an abort waits for the tab's last reply. */
  readonly waitsAfterAbort: boolean
}

/** The life of one relayed request: replies, the caller's abort, and a watch for silence. Ends exactly once. */
export class PendingRequest {
  readonly #clock: Clock
  readonly #hooks: PendingHooks
  readonly #options: PendingOptions
  readonly #over = new AbortController()
  #lastHeardMs: number
  #signal: AbortSignalLike | undefined

  constructor(clock: Clock, hooks: PendingHooks, options: PendingOptions) {
    this.#clock = clock
    this.#hooks = hooks
    this.#options = options
    this.#lastHeardMs = clock.nowMs()
  }

  start(signal: AbortSignalLike): void {
    this.#signal = signal
    signal.addEventListener('abort', this.#onAbort, { once: true })
    void this.#watchSilence()
  }

  /** Resolves when whoever reads this request is ready for the next reply; at once where there is nothing to wait for. */
  receive(reply: ComputeReply): Promise<void> | undefined {
    if (this.#over.signal.aborted) {
      return undefined
    }
    this.#lastHeardMs = this.#clock.nowMs()
    const { isOver, until } = this.#hooks.read(reply)
    if (isOver) {
      this.#end()
    }
    return until?.then(() => {
      this.#lastHeardMs = this.#clock.nowMs()
    })
  }

  fail(error: unknown): void {
    if (this.#over.signal.aborted) {
      return
    }
    this.#end()
    this.#hooks.fail(error)
  }

  #end(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#over.abort()
    this.#hooks.ended()
  }

  readonly #onAbort = () => {
    this.#hooks.cancel()
    const reason = this.#signal?.reason ?? new CodedError('aborted', 'aborted')
    if (this.#options.waitsAfterAbort) {
      void this.#sleep(this.#options.cancelTimeoutMs).then((slept) => slept && this.fail(reason))
    } else {
      this.fail(reason)
    }
  }

  async #watchSilence(): Promise<void> {
    for (;;) {
      const left = this.#lastHeardMs + this.#options.silenceTimeoutMs - this.#clock.nowMs()
      if (left <= 0) {
        this.#hooks.silent()
        return
      }
      if (!(await this.#sleep(left))) {
        return
      }
    }
  }

  /** False where the request ended first. */
  async #sleep(delayMs: number): Promise<boolean> {
    try {
      await this.#clock.sleep(delayMs, this.#over.signal)
      return true
    } catch {
      // The only rejection is the abort at the end of this request.
      return false
    }
  }
}
