import { equalBytes } from '../../lib/bytes.ts'
import { decodeAddress } from '../../protocol/address.ts'
import type { ReexecutionItem } from '../../protocol/gen/tailrace/v1/state.ts'
import type { MsgChallengeFind } from '../../protocol/gen/tailrace/v1/tx.ts'
import { MsgChallengeFindResponse } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { BlockContext } from '../context.ts'
import { CHALLENGE_LANE, enqueue, hasOpenChallenge, laneIsFull } from '../judgement/queue.ts'
import { ownerText } from '../state/hosts.ts'
import { hasFind, readRace } from '../state/races.ts'
import type { MessageHandler } from '../tx/handler.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'
import { actingHost, isEntitled, isRejection, requireOwner } from './acting-host.ts'

export const challengeFindHandler: MessageHandler<MsgChallengeFind> = {
  validate: validateChallengeFind,
  apply: applyChallengeFind,
}

function validateChallengeFind(context: BlockContext, message: MsgChallengeFind): Rejection | undefined {
  const acting = actingHost(context, message.signer, message.epoch)
  if (isRejection(acting)) {
    return acting
  }
  const { store, epoch } = context
  const item = itemOf(message)
  if (!acting.host.active) {
    return reject('host_inactive', 'the host has left')
  }
  if (!isEntitled(context, acting.host)) {
    return reject('not_entitled', 'only hosts with weight in force and verifiers of this epoch')
  }
  if (context.height > epoch.settleHeight) {
    return reject('deadline_passed', `finds can be challenged until height ${epoch.settleHeight}`)
  }
  if (equalBytes(item.host, acting.host.owner)) {
    return reject('own_find', 'a host does not judge itself')
  }
  if (!hasFind(store, epoch.epoch, item.host, item.nonce)) {
    return reject('unknown_find', 'this host did not commit this nonce')
  }
  if (readRace(store, epoch.epoch, item.host)?.wrongNonces.includes(item.nonce) === true) {
    return reject('already_judged', 'the find is removed already')
  }
  if (hasOpenChallenge(store, acting.host.owner)) {
    return reject('challenge_open', 'one open challenge per host')
  }
  return laneIsFull(store, CHALLENGE_LANE) ? reject('queue_full', 'too many open challenges, try again') : undefined
}

function applyChallengeFind(context: BlockContext, message: MsgChallengeFind): Uint8Array {
  const owner = requireOwner(context, message.signer)
  const accusers = [{ host: owner, txHash: context.txHash }]
  enqueue(context.store, CHALLENGE_LANE, { ...itemOf(message), accusers })
  context.emit('challenge_find', {
    accuser: ownerText(owner),
    host: message.find?.host ?? '',
    epoch: message.epoch,
    nonce: message.find?.nonce ?? 0n,
  })
  return MsgChallengeFindResponse.encode({}).finish()
}

function itemOf(message: MsgChallengeFind): ReexecutionItem {
  const { find, epoch } = message
  const host = find === undefined ? new Uint8Array(0) : decodeAddress(find.host)
  return { epoch, host, nonce: find?.nonce ?? 0n, leaf: undefined, accusers: [] }
}
