import { fromHex } from '../../../../src/lib/bytes.ts'
import type { Random } from '../../malformed/bend-bytes.ts'
import { pick } from '../../malformed/bend-bytes.ts'
import { arbitraryDraft, bentDraft } from '../bends.ts'
import type { Draft } from '../draft.ts'
import { MOVES } from '../moves/all-moves.ts'
import { between, chance } from '../random.ts'
import type { Move, World } from '../world.ts'
import type { Engine } from './engine.ts'
import type { PlannedHeader } from './sequence.ts'

const ARBITRARY_SHARE = 0.04
const BENT_SHARE = 0.16
const MOVES_TRIED = 12

/** One transaction that fits the moment: mostly one that should succeed, else one that is almost right or that nobody would send. */
export function nextDraft(world: World): Draft | undefined {
  const { random } = world
  if (chance(random, ARBITRARY_SHARE)) {
    return arbitraryDraft(world)
  }
  const draft = goodDraft(world)
  return draft !== undefined && chance(random, BENT_SHARE) ? bentDraft(world, draft) : draft
}

/** Moves in an order drawn by weight, until one has something to do. */
function goodDraft(world: World): Draft | undefined {
  const left = [...MOVES]
  for (let tried = 0; tried < MOVES_TRIED && left.length > 0; tried++) {
    const move = weighted(world.random, left)
    const draft = move.make(world)
    if (draft !== undefined) {
      return draft
    }
    left.splice(left.indexOf(move), 1)
  }
  return undefined
}

function weighted(random: Random, moves: readonly Move[]): Move {
  let at = random() * moves.reduce((sum, { weight }) => sum + weight, 0)
  for (const move of moves) {
    at -= move.weight
    if (at < 0) {
      return move
    }
  }
  return moves[0] as Move
}

/** Transactions of one block; most have few, some none, some many. */
export function blockSize(random: Random): number {
  return pick(random, [0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 9, 14])
}

/** Clocks go on, stand still or jump; validators miss votes, some often, and now and then one is reported. */
export function nextHeader(random: Random, engine: Engine, height: number): PlannedHeader {
  const present = engine.setOf(height)
  const signers = engine.setOf(height - 1)
  const votes = signers.map(({ address, power }) => ({
    address: fromHex(address),
    power,
    signed: chance(random, isAbsentee(address, height) ? 0.2 : 0.95),
  }))
  const reported = chance(random, REPORTED_SHARE) ? pick(random, present) : undefined
  return {
    timeStepMs: pick(random, [1_000n, 1_000n, 5_000n, 1n, 0n, 3_600_000n]),
    proposer: pick(random, present).address,
    lastCommit: { round: chance(random, 0.9) ? 0 : between(random, 1, 3), votes },
    ...(reported === undefined
      ? {}
      : {
          misbehaviour: [
            {
              kind: pick(random, ['duplicate_vote', 'light_client_attack'] as const),
              address: fromHex(reported.address),
              height: BigInt(between(random, 1, height)),
            },
          ],
        }),
  }
}

const REPORTED_SHARE = 0.006
const ABSENCE_BLOCKS = 32

/** In each stretch of blocks other ones: long enough to be jailed for it. */
function isAbsentee(address: string, height: number): boolean {
  const stretch = Math.floor(height / ABSENCE_BLOCKS)
  return (Number.parseInt(address.slice(0, 4), 16) + stretch) % 4 === 0
}
