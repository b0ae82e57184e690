/** What the layers ask of the world, as interfaces: time, timers, randomness, logs. Entry points construct them. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number
  /** Resolves after `delayMs`; rejects with the signal's reason when aborted. */
  sleep(delayMs: number, signal?: AbortSignalLike): Promise<void>
}

/** The part of AbortSignal that the pure layers need; a real AbortSignal fits. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFields = Readonly<Record<string, string | number | boolean | bigint | undefined>>

export interface Logger {
  log(level: LogLevel, message: string, fields?: LogFields): void
  /** A logger whose lines carry `scope` (and its parent's). */
  child(scope: string): Logger
}

/** Cryptographically secure random bytes. */
export interface Rng {
  bytes(length: number): Uint8Array
}

/** What a message validator answers (gossipsub's words); a code says why it did not accept. */
export type Verdict =
  | { readonly verdict: 'accept' }
  | { readonly verdict: 'ignore'; readonly code: string }
  | { readonly verdict: 'reject'; readonly code: string }

export const SILENT_LOGGER: Logger = {
  log: () => undefined,
  child: () => SILENT_LOGGER,
}
