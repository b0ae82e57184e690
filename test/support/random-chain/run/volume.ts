/**
 * Very many random transactions: sequence after sequence, each of a seed of its own, until there are enough. The first that breaks a
 * property is made as small as it gets, and told with the command that makes it again.
 * Invariant: a seed is all that a sequence depends on. Read next: run-sequence.ts, play.ts (what is judged), ../audit/audit.ts.
 */
import type { Broken } from '../broken.ts'
import { judgeSequence, recordSequence, runSequence } from './run-sequence.ts'
import { describe, partOf, shrink } from './shrink.ts'
import type { Tally } from './tally.ts'
import { createTally } from './tally.ts'

export interface Volume {
  readonly tally: Tally
  /** What broke, for people; absent where nothing did. */
  readonly failure?: string
}

/** `firstSeed` and the numbers that follow it. `progress` is told after each sequence. */
export function runVolume(
  transactions: number,
  firstSeed: number,
  progress: (tally: Tally) => void = () => undefined,
): Volume {
  const tally = createTally()
  for (let seed = firstSeed; tally.transactions < transactions; seed++) {
    const failed = runSequence(seed, { tally })
    if (failed !== undefined) {
      const { sequence, broken } = failed
      const shrunk = shrink(sequence, broken.property, { tally: createTally() })
      return { tally, failure: `seed ${seed}: ${broken.message}\n${describe(shrunk)}` }
    }
    progress(tally)
  }
  return { tally }
}

/** What `describe` names: some transactions and blocks of a seed's sequence. */
export function runPart(seed: number, transactions: readonly number[], blocks: readonly number[]): Broken | undefined {
  const sequence = recordSequence(seed)
  return judgeSequence(partOf(sequence, transactions, blocks), { tally: createTally() })
}
