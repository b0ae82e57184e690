import { equalBytes } from '../../../lib/bytes.ts'
import type { EscrowState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { MsgProveOvercommit } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgProveOvercommitResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import type { Order, SignedOrder } from '../../../protocol/gen/tailrace/v1/work.ts'
import { orderHash } from '../../../protocol/work/order.ts'
import type { BlockContext } from '../../context.ts'
import { ownerText } from '../../state/hosts.ts'
import { promiseLimit, readEscrow, writeEscrow } from '../../state/work/escrows.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'

/**
 * Two orders with one sequence, or one whose total is above what the escrow can owe: the payer promised too much. The escrow is
 * frozen: no deposit, no new orders, and its guarantee pays for vouchers as well. The prover gets nothing for the proof itself.
 */
export const proveOvercommitHandler: MessageHandler<MsgProveOvercommit> = {
  validate: validateProof,
  apply: applyProof,
}

function validateProof(context: BlockContext, message: MsgProveOvercommit): Rejection | undefined {
  const orders = [message.first, message.second].flatMap((signed) => (signed === undefined ? [] : [signed]))
  const escrow = escrowOf(context, message)
  if (escrow === undefined) {
    return reject('unknown_escrow', 'no such escrow')
  }
  if (escrow.frozen || escrow.closed) {
    return reject('escrow_closed', 'the escrow is frozen or closed already')
  }
  const isOfEscrow = (order: Order | undefined): boolean =>
    order !== undefined && order.chainId === context.chainId && equalBytes(order.payer, escrow.payer)
  if (!orders.every(({ order }) => isOfEscrow(order)) || !isProof(escrow, message)) {
    return reject('no_overcommitment', 'neither two orders of one sequence nor a total above what the escrow can owe')
  }
  return orders.every((signed) => isSigned(context, escrow, signed))
    ? undefined
    : reject('no_overcommitment', 'an order is not signed by the session key')
}

function applyProof(context: BlockContext, message: MsgProveOvercommit): Uint8Array {
  const escrow = escrowOf(context, message)
  if (escrow !== undefined) {
    writeEscrow(context.store, { ...escrow, frozen: true })
    context.emit('escrow_frozen', { payer: ownerText(escrow.payer), owner: ownerText(escrow.owner) })
  }
  return MsgProveOvercommitResponse.encode({}).finish()
}

function escrowOf({ store }: BlockContext, { first }: MsgProveOvercommit): EscrowState | undefined {
  return first?.order === undefined ? undefined : readEscrow(store, first.order.payer)
}

function isProof(escrow: EscrowState, { first, second }: MsgProveOvercommit): boolean {
  const [a, b] = [first?.order, second?.order]
  if (a === undefined) {
    return false
  }
  return b === undefined
    ? a.total > promiseLimit(escrow)
    : a.sequence === b.sequence && !equalBytes(orderHash(a), orderHash(b))
}

function isSigned(context: BlockContext, escrow: EscrowState, { order, signature }: SignedOrder): boolean {
  return order !== undefined && context.signatures.verify(escrow.sessionPubkey, orderHash(order), signature)
}
