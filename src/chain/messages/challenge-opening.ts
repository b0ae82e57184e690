import { equalBytes } from '../../lib/bytes.ts'
import { decodeAddress } from '../../protocol/address.ts'
import { OpenedLeafState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { MsgChallengeOpening } from '../../protocol/gen/tailrace/v1/tx.ts'
import { MsgChallengeOpeningResponse } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { BlockContext } from '../context.ts'
import { CHALLENGE_LANE, enqueue, hasOpenChallenge, laneIsFull } from '../judgement/queue.ts'
import { isBarred, ownerText, readHost } from '../state/hosts.ts'
import { openedLeafKey } from '../state/keys.ts'
import { getRecord } from '../state/records.ts'
import type { MessageHandler } from '../tx/handler.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'
import { actingHost, isEntitled, isRejection, requireOwner } from './acting-host.ts'

export const challengeOpeningHandler: MessageHandler<MsgChallengeOpening> = {
  validate: validateChallengeOpening,
  apply: applyChallengeOpening,
}

function validateChallengeOpening(context: BlockContext, message: MsgChallengeOpening): Rejection | undefined {
  const acting = actingHost(context, message.signer, message.epoch)
  if (isRejection(acting)) {
    return acting
  }
  const verifier = decodeAddress(message.verifier)
  if (equalBytes(verifier, acting.host.owner)) {
    return reject('own_find', 'a host does not judge itself')
  }
  if (!isEntitled(context, acting.host)) {
    return reject('not_entitled', 'only hosts with weight in force and verifiers of this epoch')
  }
  if (openedLeaf(context, message) === undefined) {
    return reject('unknown_find', 'this verifier did not open this leaf')
  }
  const record = readHost(context.store, verifier)
  if (record !== undefined && isBarred(record, context.epoch.epoch)) {
    return reject('already_judged', 'this verifier is convicted already')
  }
  if (hasOpenChallenge(context.store, acting.host.owner)) {
    return reject('challenge_open', 'one open challenge per host')
  }
  return laneIsFull(context.store, CHALLENGE_LANE)
    ? reject('queue_full', 'too many open challenges, try again')
    : undefined
}

function applyChallengeOpening(context: BlockContext, message: MsgChallengeOpening): Uint8Array {
  const { round, index, epoch } = message
  const owner = requireOwner(context, message.signer)
  const leaf = openedLeaf(context, message)
  if (leaf !== undefined) {
    enqueue(context.store, CHALLENGE_LANE, {
      epoch,
      host: leaf.host,
      nonce: leaf.nonce,
      leaf: { round, verifier: decodeAddress(message.verifier), index },
      accusers: [{ host: owner, txHash: context.txHash }],
    })
  }
  context.emit('challenge_opening', {
    accuser: ownerText(owner),
    host: message.verifier,
    epoch,
    round,
    index,
  })
  return MsgChallengeOpeningResponse.encode({}).finish()
}

function openedLeaf(context: BlockContext, message: MsgChallengeOpening): OpenedLeafState | undefined {
  const { round, verifier, index } = message
  const key = openedLeafKey(context.epoch.epoch, round, decodeAddress(verifier), index)
  return getRecord(context.store, key, OpenedLeafState)
}
