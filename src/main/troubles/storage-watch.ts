/**
 * The one place that knows whether this computer can still write. Stores report what they could not write; free space is looked at, and
 * after a failure a small file is tried until it succeeds. Invariant: `isFull` is said while there is still room for what was promised
 * already (`fullBytes`), and taken back only with room to spare, so nothing flips at the edge.
 */
import type { PausePort } from '../../host/pausing.ts'
import { errorCode } from '../../lib/coded-error.ts'
import type { Clock } from '../../lib/runtime.ts'

export interface StoragePorts {
  readonly clock: Pick<Clock, 'sleep'>
  /** Bytes that this user may still write in the folder. */
  readonly freeBytes: () => Promise<number>
  /** Writes a small file, flushes it and removes it. */
  readonly tryWrite: () => Promise<void>
}

export interface StorageBounds {
  readonly fullBytes: number
  readonly lowBytes: number
}

export interface StorageState {
  readonly isFull: boolean
  readonly isLow: boolean
  readonly freeBytes: number
}

export interface StorageWatch {
  state(): StorageState
  /** Of any store: an error that says that nothing can be written counts, every other is not its business. */
  failed(error: unknown): void
  /** Called after each change of `isFull`. */
  onChange(listener: () => void): () => void
  stop(): Promise<void>
}

const MIB = 1024 * 1024
export const STORAGE_BOUNDS: StorageBounds = { fullBytes: 64 * MIB, lowBytes: 512 * MIB }
const LOOK_EVERY_MS = 2_000
/** Looks without a failure after which a disk that failed is trusted again. */
const GOOD_LOOKS = 3
/** So much more than the bound must be free again. */
const SPARE = 1.25
const FULL_CODES: ReadonlySet<string> = new Set([
  'store_full',
  'storage_full',
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EFBIG',
  'EIO',
])

export async function startStorageWatch(ports: StoragePorts, bounds = STORAGE_BOUNDS): Promise<StorageWatch> {
  const watch = new DiskWatch(ports, bounds)
  await watch.look()
  watch.start()
  return watch
}

/** New work waits while nothing can be written. */
export function pauseWhileFull(storage: Pick<StorageWatch, 'state' | 'onChange'>): PausePort {
  return {
    reason: () => (storage.state().isFull ? 'disk_full' : undefined),
    onChange: (listener) => storage.onChange(listener),
  }
}

/** Whether an error, or what caused it, says that nothing can be written. */
export function isWriteFailure(error: unknown): boolean {
  const cause = (error as { readonly cause?: unknown } | null | undefined)?.cause
  return FULL_CODES.has(errorCode(error)) || (cause !== undefined && cause !== error && isWriteFailure(cause))
}

class DiskWatch implements StorageWatch {
  readonly #ports: StoragePorts
  readonly #bounds: StorageBounds
  readonly #listeners = new Set<() => void>()
  readonly #stopped = new AbortController()
  #state: StorageState = { isFull: false, isLow: false, freeBytes: 0 }
  /** A write failed, and it is not yet clear that writing works again. */
  #hasFailed = false
  #goodLooks = 0
  #looking: Promise<void> = Promise.resolve()

  constructor(ports: StoragePorts, bounds: StorageBounds) {
    this.#ports = ports
    this.#bounds = bounds
  }

  state(): StorageState {
    return this.#state
  }

  failed(error: unknown): void {
    if (isWriteFailure(error)) {
      this.#hasFailed = true
      this.#goodLooks = 0
      this.#set({ ...this.#state, isFull: true })
    }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    this.#looking = this.#lookOn()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#looking
  }

  async look(): Promise<void> {
    const freeBytes = await this.#ports.freeBytes().catch(() => this.#state.freeBytes)
    if (this.#hasFailed) {
      this.#goodLooks = (await this.#writes()) ? this.#goodLooks + 1 : 0
      this.#hasFailed = this.#goodLooks < GOOD_LOOKS
    }
    const { isFull, isLow } = this.#state
    const { fullBytes, lowBytes } = this.#bounds
    this.#set({
      freeBytes,
      isFull: this.#hasFailed || freeBytes < fullBytes * (isFull ? SPARE : 1),
      isLow: freeBytes < lowBytes * (isLow ? SPARE : 1),
    })
  }

  async #lookOn(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      await this.#ports.clock.sleep(LOOK_EVERY_MS, signal).catch(() => {
        // Stopped.
      })
      if (!signal.aborted) {
        await this.look()
      }
    }
  }

  async #writes(): Promise<boolean> {
    try {
      await this.#ports.tryWrite()
      return true
    } catch {
      // Whatever it is: nothing can be written yet.
      return false
    }
  }

  #set(state: StorageState): void {
    const hasChanged = state.isFull !== this.#state.isFull
    this.#state = state
    for (const listener of hasChanged ? [...this.#listeners] : []) {
      listener()
    }
  }
}
