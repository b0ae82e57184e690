/** CometBFT's blocks as the state machine takes them. Nothing else of a request reaches it. */
import type { BlockInput, LastCommit, Misbehaviour } from '../../chain/application.ts'
import type {
  AbciCommitInfo,
  AbciFinalizeBlock,
  AbciMisbehavior,
  AbciProcessProposal,
} from '../../protocol/abci/codec.ts'
import { BLOCK_ID_FLAG, MISBEHAVIOUR_KIND } from '../../protocol/abci/codec.ts'

const NANOS_PER_MS = 1_000_000

/** Truncated: everyone cuts the same nanoseconds off. */
export function timeMsOf(time: AbciFinalizeBlock['time']): bigint {
  return time.seconds * 1_000n + BigInt(Math.trunc(time.nanos / NANOS_PER_MS))
}

export function decidedInput(request: AbciFinalizeBlock): BlockInput {
  return inputOf(request, request.decidedLastCommit)
}

export function proposedInput(request: AbciProcessProposal): BlockInput {
  return inputOf(request, request.proposedLastCommit)
}

function inputOf(request: Omit<AbciFinalizeBlock, 'decidedLastCommit'>, lastCommit: AbciCommitInfo): BlockInput {
  const { height, time, hash, proposerAddress, txs, misbehavior } = request
  return {
    height,
    timeMs: timeMsOf(time),
    hash,
    proposer: proposerAddress,
    txs,
    ...(lastCommit.votes.length === 0 ? {} : { lastCommit: commitOf(lastCommit) }),
    misbehaviour: misbehavior.map(misbehaviourOf),
  }
}

function commitOf({ round, votes }: AbciCommitInfo): LastCommit {
  return {
    round,
    votes: votes.map(({ validator, blockIdFlag }) => ({
      address: validator.address,
      power: validator.power,
      // A vote for nil was there too.
      signed: blockIdFlag === BLOCK_ID_FLAG.commit || blockIdFlag === BLOCK_ID_FLAG.nil,
    })),
  }
}

function misbehaviourOf({ type, validator, height }: AbciMisbehavior): Misbehaviour {
  return {
    kind: type === MISBEHAVIOUR_KIND.lightClientAttack ? 'light_client_attack' : 'duplicate_vote',
    address: validator.address,
    height,
  }
}
