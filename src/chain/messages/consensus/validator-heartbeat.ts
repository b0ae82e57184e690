import { equalBytes } from '../../../lib/bytes.ts'
import type { MsgValidatorHeartbeat } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgValidatorHeartbeatResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { heartbeatWindow, slotOf } from '../../consensus/heartbeats.ts'
import type { BlockContext } from '../../context.ts'
import { addHeartbeat, readAppHash, readHeartbeats } from '../../state/consensus/presence.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'

/** Who may send it is checked before (tx/validator-ante.ts). */
export const validatorHeartbeatHandler: MessageHandler<MsgValidatorHeartbeat> = {
  validate: validateHeartbeat,
  apply: applyHeartbeat,
}

/** A refused heartbeat leaves its slot empty: a node with another state counts as one that is away. */
function validateHeartbeat(context: BlockContext, message: MsgValidatorHeartbeat): Rejection | undefined {
  if (readHeartbeats(context.store, message.validator).includes(slotOf(context.params, context.height))) {
    return reject('heartbeat_posted', 'this slot has its heartbeat')
  }
  const appHash = appHashAfter(context, Number(message.height))
  if (appHash === undefined) {
    return reject('unknown_height', `the last ${context.height - 1} or one of the heights shortly before it`)
  }
  return equalBytes(appHash, message.appHash)
    ? undefined
    : reject('wrong_app_hash', 'the chain had another app hash after that height: this node has another state')
}

/** The last one is kept in the state only at the end of the block that follows it. */
function appHashAfter(context: BlockContext, height: number): Uint8Array | undefined {
  return height === context.height - 1 ? context.lastAppHash : readAppHash(context.store, height)
}

function applyHeartbeat(context: BlockContext, message: MsgValidatorHeartbeat): Uint8Array {
  const { params, height } = context
  const { first } = heartbeatWindow(params, height)
  addHeartbeat(context.store, message.validator, slotOf(params, height), first)
  return MsgValidatorHeartbeatResponse.encode({}).finish()
}
