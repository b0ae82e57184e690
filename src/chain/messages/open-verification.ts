import { toHex } from '../../lib/bytes.ts'
import { verifyMerkleProof } from '../../lib/merkle.ts'
import type { VerificationState } from '../../protocol/gen/tailrace/v1/state.ts'
import { OpenedLeafState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { MsgOpenVerification } from '../../protocol/gen/tailrace/v1/tx.ts'
import { MsgOpenVerificationResponse } from '../../protocol/gen/tailrace/v1/tx.ts'
import { sha256 } from '../../protocol/hash.ts'
import { isShapeName, MESSAGE_LIMITS } from '../../protocol/messages.ts'
import type { AssignedFind } from '../../protocol/verification.ts'
import { encodeVerificationLeaf } from '../../protocol/verification.ts'
import { isFind } from '../../race/find.ts'
import type { BlockContext } from '../context.ts'
import { addAuditable } from '../judgement/audit.ts'
import { convict } from '../judgement/conviction.ts'
import { ownerText } from '../state/hosts.ts'
import { openedLeafKey } from '../state/keys.ts'
import { readRace, readTarget } from '../state/races.ts'
import { setRecord } from '../state/records.ts'
import { assignedFinds, findId, readVerification, writeVerification } from '../state/verifications.ts'
import type { MessageHandler } from '../tx/handler.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'
import { actingHost, isRejection, requireOwner } from './acting-host.ts'

/** So many mismatches of one host are enough to convict it; a report need not list more of it. */
const MISMATCHES_THAT_SUFFICE = 2

export const openVerificationHandler: MessageHandler<MsgOpenVerification> = {
  validate: validateOpenVerification,
  apply: applyOpenVerification,
}

function validateOpenVerification(context: BlockContext, message: MsgOpenVerification): Rejection | undefined {
  const acting = actingHost(context, message.signer, message.epoch)
  if (isRejection(acting)) {
    return acting
  }
  const { store, epoch } = context
  const duty = readVerification(store, epoch.epoch, message.round, acting.host.owner)
  if (duty === undefined) {
    return reject('not_assigned', 'no duty of this host in this round')
  }
  if (duty.state !== 'opening') {
    return reject('wrong_duty_state', `the duty is ${duty.state}, there is nothing to open`)
  }
  if (context.height > epoch.settleHeight) {
    return reject('deadline_passed', `openings were due until height ${epoch.settleHeight}`)
  }
  const isAsDrawn =
    message.openings.length === duty.openingIndices.length &&
    message.openings.every((opening, at) => opening.index === duty.openingIndices[at])
  if (!isAsDrawn) {
    return reject('wrong_openings', 'open exactly the drawn leaves, ascending')
  }
  const finds = assignedFinds(store, epoch.epoch, message.round, duty)
  return message.openings.every((opening) => provesLeaf(duty, finds, opening))
    ? undefined
    : reject('proof_invalid', 'a leaf is not in the tree of the posted root')
}

type LeafOpening = MsgOpenVerification['openings'][number]

function provesLeaf(duty: VerificationState, finds: readonly AssignedFind[], opening: LeafOpening): boolean {
  const find = finds[opening.index]
  return (
    find !== undefined &&
    verifyMerkleProof(
      duty.root,
      encodeVerificationLeaf(find, opening.digest),
      opening.index,
      finds.length,
      opening.path,
      sha256,
    )
  )
}

function applyOpenVerification(context: BlockContext, message: MsgOpenVerification): Uint8Array {
  const { store } = context
  const epoch = context.epoch.epoch
  const { round } = message
  const verifier = requireOwner(context, message.signer)
  const duty = readVerification(store, epoch, round, verifier)
  if (duty === undefined) {
    return new Uint8Array(0)
  }
  const finds = assignedFinds(store, epoch, round, duty)
  const opened = message.openings.map((opening) => ({
    index: opening.index,
    digest: opening.digest,
    find: finds[opening.index] as AssignedFind,
  }))
  const isConsistent = opened.every(({ find, digest }) => agreesWithReport(context, duty, find, digest))
  writeVerification(store, epoch, round, verifier, { ...duty, state: isConsistent ? 'answered' : 'false' })
  for (const { index, digest, find } of opened) {
    const leaf = { host: find.host, nonce: find.nonce, digest, txHash: context.txHash }
    setRecord(store, openedLeafKey(epoch, round, verifier, index), OpenedLeafState, leaf)
    if (isConsistent) {
      addAuditable(store, epoch, { round, verifier, index })
    }
  }
  context.emit('open_verification', { host: ownerText(verifier), epoch, round, leaves: opened.length })
  if (!isConsistent) {
    const evidenceTx = context.txHash
    convict(context, { host: verifier, code: 'false_verification', faultEpoch: epoch, evidenceTx, finder: undefined })
  }
  return MsgOpenVerificationResponse.encode({}).finish()
}

/** A digest over the target belongs into the report's list, one under it does not: else root and report contradict each other. */
function agreesWithReport(
  context: BlockContext,
  duty: VerificationState,
  find: AssignedFind,
  digest: Uint8Array,
): boolean {
  const epoch = context.epoch.epoch
  const shape = readRace(context.store, epoch, find.host)?.shape ?? ''
  const target = isShapeName(shape) ? readTarget(context.store, epoch, shape) : undefined
  if (target === undefined) {
    return true
  }
  const isListed = duty.mismatches.some((mismatch) => findId(mismatch) === findId(find))
  if (isFind(digest, target)) {
    return !isListed
  }
  const sameHost = duty.mismatches.filter((mismatch) => toHex(mismatch.host) === toHex(find.host))
  const isListFull = duty.mismatches.length >= MESSAGE_LIMITS.mismatchesPerReport
  return isListed || isListFull || sameHost.length >= MISMATCHES_THAT_SUFFICE
}
