import { equalBytes } from '../../lib/bytes.ts'
import { ceilDiv, sumBigint } from '../../lib/fixed-point.ts'
import type { LastCommit } from '../application.ts'
import type { BlockContext } from '../context.ts'
import { readValidator } from '../state/chain-status.ts'
import { readLiveness, writeLiveness } from '../state/consensus/presence.ts'
import { readConsensus, updateValidator } from '../state/consensus/validators.ts'
import type { RotationSet } from './proposer-rotation.ts'
import { advance } from './proposer-rotation.ts'
import { readRotation } from './rotation-record.ts'
import { validatorText } from './validator-text.ts'

/** A turn that a key missed although it signed counts as the blocks between two of its turns, at most so many. */
const MOST_MARKS_OF_TURN = 10n

/** Counts who did not sign the block before this one, and who let its turn to propose it pass. */
export function countCommit(context: BlockContext, commit: LastCommit): void {
  const turns = missedTurns(context, commit.round)
  for (const { address, signed } of commit.votes) {
    markBlock(context, address, signed ? (turns.get(validatorText(address)) ?? 0) : 1)
  }
}

/** Marks of the window: missed blocks, and missed turns as their part of them. */
export function missedBlocks({ store }: Pick<BlockContext, 'store'>, validator: Uint8Array): number {
  return readLiveness(store, validator)?.missed ?? 0
}

function markBlock({ store, params, height }: BlockContext, address: Uint8Array, mark: number): void {
  const record = readValidator(store, address)
  if (record === undefined || record.power === '0') {
    return
  }
  const length = params.consensus.jailWindowBlocks
  const before = readLiveness(store, address)
  const marks = before?.marks.length === length ? before.marks.slice() : new Uint8Array(length)
  const missed = before?.marks.length === length ? before.missed : 0
  const place = (height - 1) % length
  const old = marks[place] as number
  if (old !== mark) {
    marks[place] = mark
    writeLiveness(store, address, { marks, missed: missed - old + mark })
  }
  if (mark > 0) {
    updateValidator(store, address, { missedSinceSettle: record.missedSinceSettle + 1n })
  }
}

/**
 * The keys whose turns came before the round in which the last block was decided, with the marks that each gets. Nobody where
 * the rotation does not name the proposer that there was, and where a whole rotation failed: that is the network, and no key.
 */
function missedTurns(context: BlockContext, round: number): ReadonlyMap<string, number> {
  const turns = new Map<string, number>()
  let set = round > 0 ? readRotation(context.store, context.height - 1) : undefined
  if (set === undefined || round >= set.members.length) {
    return turns
  }
  for (let missed = 0; missed < round; missed++) {
    if (set.proposer !== undefined) {
      turns.set(validatorText(set.proposer), marksOfTurn(set, set.proposer))
    }
    set = advance(set)
  }
  const { lastProposer } = readConsensus(context.store)
  const isRight = set.proposer !== undefined && equalBytes(set.proposer, lastProposer)
  return isRight ? turns : new Map()
}

function marksOfTurn({ members }: RotationSet, address: Uint8Array): number {
  const power = members.find((member) => equalBytes(member.address, address))?.power ?? 1n
  const between = ceilDiv(sumBigint(members.map((member) => member.power)), power)
  return Number(between < MOST_MARKS_OF_TURN ? between : MOST_MARKS_OF_TURN)
}
