import { equalBytes } from '../../lib/bytes.ts'
import { decodeAddress } from '../../protocol/address.ts'
import type { MsgSetPayout } from '../../protocol/gen/tailrace/v1/tx.ts'
import { MsgSetPayoutResponse } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { BlockContext } from '../context.ts'
import { ownerText, payoutOf, readHost, updateHost } from '../state/hosts.ts'
import type { MessageHandler } from '../tx/handler.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'

/**
 * Where a host's credits go from now on. What is held, the bond and every line of the ledger stay the host's own: a conviction
 * takes what it always took. Why without a delay: docs/decisions/0012-payout-address.md.
 */
export const setPayoutHandler: MessageHandler<MsgSetPayout> = { validate: validateSetPayout, apply: applySetPayout }

/** That the owner signed, and not a device key, follows from who the signer is (protocol/messages.ts). */
function validateSetPayout(context: BlockContext, message: MsgSetPayout): Rejection | undefined {
  return readHost(context.store, decodeAddress(message.owner)) === undefined
    ? reject('not_a_host', 'nobody registered this host')
    : undefined
}

function applySetPayout(context: BlockContext, message: MsgSetPayout): Uint8Array {
  const owner = decodeAddress(message.owner)
  const named = message.payout === '' ? owner : decodeAddress(message.payout)
  // The owner itself is written as nothing: one state has one encoding.
  const payout = equalBytes(named, owner) ? new Uint8Array(0) : named
  updateHost(context.store, owner, { payout })
  const host = readHost(context.store, owner)
  context.emit('set_payout', { host: message.owner, receiver: host === undefined ? '' : ownerText(payoutOf(host)) })
  return MsgSetPayoutResponse.encode({}).finish()
}
