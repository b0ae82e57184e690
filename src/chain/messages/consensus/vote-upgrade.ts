import type { MsgVoteUpgrade } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgVoteUpgradeResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { countUpgradeVotes } from '../../consensus/upgrade.ts'
import { validatorText } from '../../consensus/validator-text.ts'
import type { BlockContext } from '../../context.ts'
import { writeUpgradeVote } from '../../state/consensus/upgrades.ts'
import { readConsensus } from '../../state/consensus/validators.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'

/** Who may send it is checked before (tx/validator-ante.ts). */
export const voteUpgradeHandler: MessageHandler<MsgVoteUpgrade> = { validate: validateVote, apply: applyVote }

function validateVote(context: BlockContext, message: MsgVoteUpgrade): Rejection | undefined {
  if (message.height === 0n) {
    return undefined
  }
  const isAhead = message.height > BigInt(context.height)
  return isAhead && message.version > readConsensus(context.store).appVersion
    ? undefined
    : reject('upgrade_invalid', 'the height has to lie ahead and the version above the one in force')
}

function applyVote(context: BlockContext, message: MsgVoteUpgrade): Uint8Array {
  const { validator, height, version, name } = message
  writeUpgradeVote(context.store, validator, { height, version, name })
  context.emit('upgrade_vote', { validator: validatorText(validator), height, version, name })
  return MsgVoteUpgradeResponse.encode({ accepted: countUpgradeVotes(context) }).finish()
}
