import { errorCode } from '../../lib/coded-error.ts'
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { KeyValueCache, ModelSession } from './model-session.ts'
import { throwIfAborted } from './mutex.ts'
import { nextTurn } from './turn.ts'

/**
 * How tokens are cut into steps.
 * `free`: as many as there are, at most 31 (longer query lengths took a wrong path on one WebGPU adapter).
 * `aligned`: always from a multiple of four to a multiple of four, the last step filled up with tokens nobody looks at. The
 * WASM kernels compute four rows at a time and give a row the same bits in every such step, so one token after the other and
 * the whole text at once agree exactly; rows left over take another path and differ in the last bits.
 */
export type StepLayout = 'free' | 'aligned'

const MAX_ROWS: Readonly<Record<StepLayout, number>> = { free: 31, aligned: 28 }
const ROW_BLOCK = 4
const FILLER = 0

/** Where a sequence gets its session, and another one when the device is lost. */
export interface SessionSource {
  current(): Promise<ModelSession>
  /** A working session in place of `lost`. @throws CodedError `device_lost` where there is none. */
  replace(lost: ModelSession): Promise<ModelSession>
}

/** One text and its keys and values. Survives the loss of the device once: what it held is computed again. */
export class Sequence {
  readonly #sessions: SessionSource
  readonly #layout: StepLayout
  readonly #tokens: number[] = []
  #session: ModelSession | undefined
  #cache: KeyValueCache | undefined
  /** Position of the next row to hand out. */
  #nextRow = 0
  #hasRecovered = false

  constructor(sessions: SessionSource, layout: StepLayout) {
    this.#sessions = sessions
    this.#layout = layout
  }

  /**
   * Appends tokens and hands out the logits behind the last `rows` of them, in order and once each. `visit` must copy what it keeps.
   * @throws CodedError `aborted`, `device_lost`, `inference_failed`
   */
  async feed(
    tokens: readonly number[],
    rows: number,
    visit: (logits: Float32Array) => void,
    signal: AbortSignalLike,
  ): Promise<void> {
    this.#tokens.push(...tokens)
    this.#nextRow = this.#tokens.length - rows
    try {
      await this.#compute(visit, signal)
    } catch (error) {
      if (errorCode(error) !== 'device_lost' || this.#hasRecovered || this.#session === undefined) {
        throw error
      }
      this.#hasRecovered = true
      const lost = this.#session
      this.close()
      this.#session = await this.#sessions.replace(lost)
      await this.#compute(visit, signal)
    }
  }

  /** Frees the keys and values. */
  close(): void {
    if (this.#cache !== undefined) {
      this.#session?.dispose(this.#cache)
      this.#cache = undefined
    }
  }

  /** Brings the cache up to all tokens and visits the rows that are due. */
  async #compute(visit: (logits: Float32Array) => void, signal: AbortSignalLike): Promise<void> {
    this.#session ??= await this.#sessions.current()
    const session = this.#session
    const width = session.shape.vocabularySize
    for (let start = this.#cache?.tokens ?? 0; start < this.#tokens.length; ) {
      await nextTurn()
      throwIfAborted(signal)
      const step = this.#tokens.slice(start, this.#stepEnd(start))
      const logits = await this.#run(session, step)
      for (; this.#nextRow < start + step.length; this.#nextRow++) {
        const row = this.#nextRow - start
        visit(logits.subarray(row * width, (row + 1) * width))
      }
      start += step.length
    }
  }

  #stepEnd(start: number): number {
    const end = Math.min(start + MAX_ROWS[this.#layout], this.#tokens.length)
    const whole = end - ((end - start) % ROW_BLOCK)
    return this.#layout === 'aligned' && whole > start ? whole : end
  }

  async #run(session: ModelSession, step: readonly number[]): Promise<Float32Array> {
    const missing = this.#layout === 'aligned' ? (ROW_BLOCK - (step.length % ROW_BLOCK)) % ROW_BLOCK : 0
    const { logits, cache } = await session.step([...step, ...new Array<number>(missing).fill(FILLER)], this.#cache)
    if (missing > 0) {
      // Holds fillers: these tokens are computed again with those that come next.
      session.dispose(cache)
      return logits
    }
    this.close()
    this.#cache = cache
    return logits
  }
}
