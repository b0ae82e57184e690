import type { Random } from '../../malformed/bend-bytes.ts'
import { below, pick } from '../../malformed/bend-bytes.ts'
import { Broken } from '../broken.ts'
import { between, chance, seededRandom } from '../random.ts'
import { SCENE_NAMES } from '../scenes.ts'
import { blockSize, nextDraft, nextHeader } from './generate.ts'
import type { Planted, Play } from './play.ts'
import { openPlay, playAgain } from './play.ts'
import { replay } from './replay.ts'
import type { PlannedBlock, Sequence } from './sequence.ts'
import type { Tally } from './tally.ts'
import { createTally } from './tally.ts'

/** Transactions of a sequence. */
const LEAST = 20
const MOST = 200
const REAL_SHARE = 0.01
/** Of the sequences that are run again, disturbed, also this share is run again as it was. */
const PLAIN_SHARE = 0.25
const TAIL_BLOCKS = 12

export interface RunOptions {
  readonly tally: Tally
  readonly planted?: Planted
}

/** A sequence that breaks a property, and which. */
export interface Failure {
  readonly sequence: Sequence
  readonly broken: Broken
}

/** Makes and judges the sequence of a seed. Whatever the machine throws is a broken property as well. */
export function runSequence(seed: number, { tally, planted }: RunOptions): Failure | undefined {
  const random = seededRandom(seed, 1)
  const sequence = plan(seed, random)
  tally.sequences += 1
  const extra = planted === undefined ? {} : { planted }
  const broken = brokenBy(() => {
    const play = openPlay(sequence, { tally, ...extra })
    generate(play, sequence, random)
    judgeReplays(play, seed, { tally, ...extra }, chance(random, PLAIN_SHARE))
  })
  return broken === undefined ? undefined : { sequence, broken }
}

/** The sequence of a seed as far as it comes, whatever is wrong with it. */
export function recordSequence(seed: number): Sequence {
  const random = seededRandom(seed, 1)
  const sequence = plan(seed, random)
  brokenBy(() => generate(openPlay(sequence, { tally: createTally() }), sequence, random))
  return sequence
}

/** What is left of a sequence, judged in the same way. */
export function judgeSequence(sequence: Sequence, options: RunOptions): Broken | undefined {
  return brokenBy(() => judgeReplays(playAgain(sequence, options), sequence.seed, options, true))
}

function plan(seed: number, random: Random): Sequence {
  return { seed, scene: pick(random, SCENE_NAMES), isReal: chance(random, REAL_SHARE), blocks: [] }
}

function judgeReplays(play: Play, seed: number, options: RunOptions, isPlain: boolean): void {
  replay(play, { seed, isDisturbed: true, ...options })
  if (isPlain) {
    replay(play, { seed, isDisturbed: false, ...options })
  }
}

function generate(play: Play, { blocks }: Sequence, random: Random): void {
  const wanted = between(random, LEAST, MOST)
  let sent = 0
  let idle = 0
  while (sent < wanted && idle < 2 * MOST && !play.isUpgradeDue()) {
    const planned: PlannedBlock = { header: nextHeader(random, play.engine, play.height + 1), drafts: [] }
    blocks.push(planned)
    const size = Math.min(blockSize(random), wanted - sent)
    play.block(planned.header, (deliver, world) => {
      for (let count = 0; count < size; count++) {
        const draft = nextDraft(world)
        if (draft !== undefined) {
          const { told: _, ...recorded } = draft
          planned.drafts.push(recorded)
          deliver(draft)
        }
      }
    })
    sent += planned.drafts.length
    idle += planned.drafts.length === 0 ? 1 : 0
  }
  for (let block = below(random, TAIL_BLOCKS); block > 0 && !play.isUpgradeDue(); block--) {
    const planned: PlannedBlock = { header: nextHeader(random, play.engine, play.height + 1), drafts: [] }
    blocks.push(planned)
    play.block(planned.header, () => undefined)
  }
  if (play.isUpgradeDue()) {
    play.refuseUpgrade(nextHeader(random, play.engine, play.height + 1))
  }
}

function brokenBy(run: () => void): Broken | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof Broken) {
      return error
    }
    return new Broken(
      'the machine does not throw',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    )
  }
}
