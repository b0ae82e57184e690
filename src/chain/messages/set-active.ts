import { decodeAddress } from '../../protocol/address.ts'
import type { MsgSetActive } from '../../protocol/gen/tailrace/v1/tx.ts'
import { MsgSetActiveResponse } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { BlockContext } from '../context.ts'
import { readHost, updateHost } from '../state/hosts.ts'
import type { MessageHandler } from '../tx/handler.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'

export const setActiveHandler: MessageHandler<MsgSetActive> = { validate: validateSetActive, apply: applySetActive }

/** Who may switch a host is checked before (tx/ante.ts), but against the state before this transaction. */
function validateSetActive(context: BlockContext, message: MsgSetActive): Rejection | undefined {
  return readHost(context.store, decodeAddress(message.host)) === undefined
    ? reject('not_a_host', 'nobody registered this host')
    : undefined
}

function applySetActive(context: BlockContext, message: MsgSetActive): Uint8Array {
  const owner = decodeAddress(message.host)
  const isChange = readHost(context.store, owner)?.active !== message.active
  if (isChange) {
    updateHost(context.store, owner, { active: message.active, activeChangedHeight: BigInt(context.height) })
  }
  context.emit('set_active', { host: message.host, active: String(message.active) })
  return MsgSetActiveResponse.encode({}).finish()
}
