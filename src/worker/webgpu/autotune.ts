import { errorCode } from '../../lib/coded-error.ts'
import type { Clock } from '../../lib/runtime.ts'
import type { RaceTuning } from './race-tuning.ts'

/**
 * Which tuning a device gets: each candidate answers the known answers first, then they race each other in rounds, the slower half leaves
 * after each and the others race twice as long, until two stand: the faster one of them has it. Bounded by a budget: no trial begins behind it. All tunings give the same bytes, so the
 * choice is one of speed alone; one that does not is out.
 */

/** A candidate that is ready to run. */
export interface TuningTrial {
  /** Whether it gives the known answers. */
  isConformant(): Promise<boolean>
  /** Attempts a second over about `forMs`. */
  measure(forMs: number): Promise<number>
  end(): Promise<void>
}

export interface TuningChoice {
  readonly tuning: RaceTuning
  /** Attempts a second when it was last measured; undefined where the budget left no time for that. */
  readonly attemptsPerSecond: number | undefined
  /** Candidates that did not run or gave other bytes. */
  readonly refused: readonly RaceTuning[]
}

export interface AutotuneOptions {
  readonly clock: Clock
  readonly budgetMs: number
  readonly signal: AbortSignal
}

/** First measurement of each candidate; doubled from round to round. */
const FIRST_ROUND_MS = 60

interface Contender {
  readonly tuning: RaceTuning
  readonly rate: number
}

/**
 * `open` makes a candidate ready (kernels are compiled there). Failures of a candidate refuse it alone; a lost device and an abort end
 * the choice.
 */
export async function chooseTuning(
  candidates: readonly [RaceTuning, ...RaceTuning[]],
  open: (tuning: RaceTuning) => Promise<TuningTrial>,
  options: AutotuneOptions,
): Promise<TuningChoice> {
  const endMs = options.clock.nowMs() + options.budgetMs
  const hasTime = (): boolean => options.clock.nowMs() < endMs
  const refused: RaceTuning[] = []
  let standing: Contender[] = []

  async function admit(tuning: RaceTuning, forMs: number, isFirst: boolean): Promise<void> {
    const rate = await tryOut(open, tuning, forMs, isFirst, options.signal)
    if (rate === undefined) {
      refused.push(tuning)
    } else {
      standing.push({ tuning, rate })
      standing.sort((a, b) => b.rate - a.rate)
    }
  }

  for (const tuning of candidates) {
    if (standing.length === 0 || hasTime()) {
      await admit(tuning, FIRST_ROUND_MS, true)
    }
  }
  for (let forMs = 2 * FIRST_ROUND_MS; standing.length > 2 && hasTime(); forMs *= 2) {
    const faster = standing.slice(0, Math.ceil(standing.length / 2))
    standing = []
    for (const contender of faster) {
      if (hasTime()) {
        await admit(contender.tuning, forMs, false)
      } else {
        standing.push(contender)
      }
    }
  }
  const [best] = standing
  return { tuning: best?.tuning ?? candidates[0], attemptsPerSecond: best?.rate, refused }
}

/** Its rate; undefined where it does not run or, asked for the first time, gives other bytes. */
async function tryOut(
  open: (tuning: RaceTuning) => Promise<TuningTrial>,
  tuning: RaceTuning,
  forMs: number,
  isFirst: boolean,
  signal: AbortSignal,
): Promise<number | undefined> {
  signal.throwIfAborted()
  let trial: TuningTrial | undefined
  try {
    trial = await open(tuning)
    return !isFirst || (await trial.isConformant()) ? await trial.measure(forMs) : undefined
  } catch (error) {
    signal.throwIfAborted()
    if (errorCode(error) === 'device_lost') {
      throw error
    }
    return undefined
  } finally {
    await trial?.end()
  }
}
