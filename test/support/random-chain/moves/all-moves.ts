import type { TypeUrl } from '../../../../src/protocol/messages.ts'
import { MESSAGE_KINDS } from '../../../../src/protocol/messages.ts'
import type { Move } from '../world.ts'
import { BANK_MOVES } from './bank-moves.ts'
import { CHECK_MOVES } from './check-moves.ts'
import { CONSENSUS_MOVES } from './consensus-moves.ts'
import { HOST_MOVES } from './host-moves.ts'
import { RACE_MOVES } from './race-moves.ts'
import { WORK_MOVES } from './work-moves.ts'

/** One move for each kind of message; a new kind without one is an error of the run (run/coverage.ts). */
export const MOVES: readonly Move[] = [
  ...BANK_MOVES,
  ...HOST_MOVES,
  ...RACE_MOVES,
  ...WORK_MOVES,
  ...CHECK_MOVES,
  ...CONSENSUS_MOVES,
]

export const TYPE_URLS = Object.keys(MESSAGE_KINDS) as readonly TypeUrl[]
