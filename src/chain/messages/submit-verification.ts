import { decodeAddress } from '../../protocol/address.ts'
import type { MsgSubmitVerification } from '../../protocol/gen/tailrace/v1/tx.ts'
import { MsgSubmitVerificationResponse } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { BlockContext } from '../context.ts'
import { addToBacklog } from '../judgement/queue.ts'
import { ownerText } from '../state/hosts.ts'
import { rootKey } from '../state/keys.ts'
import { assignedFinds, findId, readVerification, writeVerification } from '../state/verifications.ts'
import type { MessageHandler } from '../tx/handler.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'
import { actingHost, isRejection, requireOwner } from './acting-host.ts'

export const submitVerificationHandler: MessageHandler<MsgSubmitVerification> = {
  validate: validateSubmitVerification,
  apply: applySubmitVerification,
}

function validateSubmitVerification(context: BlockContext, message: MsgSubmitVerification): Rejection | undefined {
  const acting = actingHost(context, message.signer, message.epoch)
  if (isRejection(acting)) {
    return acting
  }
  const duty = readVerification(context.store, context.epoch.epoch, message.round, acting.host.owner)
  if (duty === undefined) {
    return reject('not_assigned', 'no duty of this host in this round')
  }
  if (duty.state !== 'due') {
    return reject('wrong_duty_state', `the duty is ${duty.state}, a root is posted once`)
  }
  if (BigInt(context.height) > duty.rootDeadlineHeight) {
    return reject('deadline_passed', `roots were due until height ${duty.rootDeadlineHeight}`)
  }
  return mismatchViolation(context, message, duty)
}

function mismatchViolation(
  context: BlockContext,
  message: MsgSubmitVerification,
  duty: Parameters<typeof assignedFinds>[3],
): Rejection | undefined {
  if (message.mismatches.length === 0) {
    return undefined
  }
  const assigned = new Set(assignedFinds(context.store, context.epoch.epoch, message.round, duty).map(findId))
  for (const { host, nonce } of message.mismatches) {
    // A find that is named twice is not assigned a second time.
    if (!assigned.delete(findId({ host: decodeAddress(host), nonce }))) {
      return reject('not_assigned', 'a mismatch is not part of the assignment or named twice')
    }
  }
  return undefined
}

function applySubmitVerification(context: BlockContext, message: MsgSubmitVerification): Uint8Array {
  const { store, height } = context
  const epoch = context.epoch.epoch
  const owner = requireOwner(context, message.signer)
  const duty = readVerification(store, epoch, message.round, owner)
  if (duty !== undefined) {
    const mismatches = message.mismatches.map(({ host, nonce }) => ({ host: decodeAddress(host), nonce }))
    const root = { root: message.root, rootTx: context.txHash, mismatches }
    writeVerification(store, epoch, message.round, owner, { ...duty, ...root, state: 'committed' })
    store.set(rootKey(height, owner, message.round), Uint8Array.of(1))
    if (mismatches.length > 0) {
      addToBacklog(store, epoch, message.round, owner)
    }
  }
  context.emit('submit_verification', {
    host: ownerText(owner),
    epoch,
    round: message.round,
    mismatches: message.mismatches.length,
  })
  return MsgSubmitVerificationResponse.encode({}).finish()
}
