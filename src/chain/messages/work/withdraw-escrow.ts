import { equalBytes } from '../../../lib/bytes.ts'
import { decodeAddress } from '../../../protocol/address.ts'
import type { MsgWithdrawEscrow } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgWithdrawEscrowResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import type { BlockContext } from '../../context.ts'
import { ownerText } from '../../state/hosts.ts'
import { readEscrow, writeEscrow } from '../../state/work/escrows.ts'
import { escrowReleaseKey } from '../../state/work/work-keys.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'

/** Until the release, batches may still take what was ordered: executors have the waiting time to bring their vouchers. */
export const withdrawEscrowHandler: MessageHandler<MsgWithdrawEscrow> = {
  validate: validateWithdraw,
  apply: applyWithdraw,
}

function validateWithdraw(context: BlockContext, message: MsgWithdrawEscrow): Rejection | undefined {
  const escrow = readEscrow(context.store, message.payer)
  if (escrow === undefined) {
    return reject('unknown_escrow', 'no such escrow')
  }
  if (!equalBytes(escrow.owner, decodeAddress(message.owner))) {
    return reject('escrow_taken', 'the escrow belongs to another account')
  }
  return escrow.releaseHeight === 0n
    ? undefined
    : reject('escrow_closed', `the escrow is released after block ${escrow.releaseHeight}`)
}

function applyWithdraw(context: BlockContext, message: MsgWithdrawEscrow): Uint8Array {
  const { store, params, height } = context
  const escrow = readEscrow(store, message.payer)
  const releaseHeight = BigInt(height + params.serving.withdrawEpochs * params.epochLength)
  if (escrow !== undefined) {
    writeEscrow(store, { ...escrow, releaseHeight })
    store.set(escrowReleaseKey(releaseHeight, escrow.payer), Uint8Array.of(1))
  }
  context.emit('escrow_withdraw', {
    payer: ownerText(message.payer),
    owner: message.owner,
    release_height: releaseHeight,
  })
  return MsgWithdrawEscrowResponse.encode({ releaseHeight }).finish()
}
