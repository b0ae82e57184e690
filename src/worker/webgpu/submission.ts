import type { GpuContext } from './gpu-context.ts'

/**
 * How a batch goes to the device: in slices of whole passes, each one submission, at most two of them queued. So the device always has
 * the next one, a screen gets its turn between two, no watchdog sees a long one, and a stop waits for two slices rather than for a batch.
 */

/** How long a slice should keep the device busy. */
const SLICE_MS = 40
const MAX_QUEUED = 2

/** The end of each slice: passes 0 … end − 1, then on to the next end. Unknown durations make a slice of every pass. */
export function sliceEnds(passes: number, expectedMs: number | undefined): number[] {
  const wanted = expectedMs === undefined ? passes : Math.ceil(expectedMs / SLICE_MS)
  const slices = Math.max(1, Math.min(passes, wanted))
  return Array.from({ length: slices }, (_, index) => Math.ceil(((index + 1) * passes) / slices))
}

/** Submits in order, one batch after the other; waits while two slices are queued. */
export class SliceQueue {
  readonly #context: GpuContext
  readonly #queued: Promise<unknown>[] = []
  #turn: Promise<void> = Promise.resolve()

  constructor(context: GpuContext) {
    this.#context = context
  }

  /** Runs `submitAll` when all slices of earlier callers are submitted. */
  inTurn<T>(submitAll: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(submitAll)
    this.#turn = result.then(
      () => undefined,
      () => undefined,
    )
    return result
  }

  /** Waits until there is room; for the first slice of a device that has none queued it returns at once. */
  async room(): Promise<void> {
    while (this.#queued.length >= MAX_QUEUED) {
      await this.#queued[0]
    }
  }

  submit(commands: readonly GPUCommandBuffer[]): void {
    const { queue } = this.#context.device
    queue.submit(commands)
    const done = this.#context
      .guard(queue.onSubmittedWorkDone())
      // Whoever waits for the results hears of a failure; here it only makes room.
      .catch(() => undefined)
      .then(() => {
        this.#queued.splice(this.#queued.indexOf(done), 1)
      })
    this.#queued.push(done)
  }
}
