import type { RaceState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { MsgCommitFinds } from '../../protocol/gen/tailrace/v1/tx.ts'
import { MsgCommitFindsResponse } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { BlockContext } from '../context.ts'
import { ownerText, readHost, updateHost } from '../state/hosts.ts'
import { appendFinds, readRace, writeRace } from '../state/races.ts'
import type { MessageHandler } from '../tx/handler.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'
import { actingHost, isRejection, requireOwner } from './acting-host.ts'

/** Finds of one host in one race: as many as the retarget expects of a whole network at most. */
export const MAX_FINDS_PER_RACE = 500_000

export const commitFindsHandler: MessageHandler<MsgCommitFinds> = {
  validate: validateCommitFinds,
  apply: applyCommitFinds,
}

function validateCommitFinds(context: BlockContext, message: MsgCommitFinds): Rejection | undefined {
  const acting = actingHost(context, message.signer, message.epoch)
  if (isRejection(acting)) {
    return acting
  }
  if (context.height > context.epoch.raceEndHeight) {
    return reject('wrong_stage', 'the race is over')
  }
  if (!acting.host.active) {
    return reject('host_inactive', 'the host has left')
  }
  const race = readRace(context.store, context.epoch.epoch, acting.host.owner)
  if (race === undefined) {
    return undefined
  }
  if ((message.nonces[0] as bigint) <= race.lastNonce) {
    return reject('nonces_not_increasing', `nonces must be above ${race.lastNonce}, the last one committed`)
  }
  return race.count + message.nonces.length > MAX_FINDS_PER_RACE
    ? reject('too_many_finds', `at most ${MAX_FINDS_PER_RACE} finds in a race`)
    : undefined
}

function applyCommitFinds(context: BlockContext, message: MsgCommitFinds): Uint8Array {
  const { store } = context
  const epoch = context.epoch.epoch
  const owner = requireOwner(context, message.signer)
  const race = readRace(store, epoch, owner) ?? newRace(readHost(store, owner)?.shape ?? '')
  appendFinds(store, epoch, owner, race.count, message.nonces)
  const count = race.count + message.nonces.length
  writeRace(store, epoch, owner, { ...race, count, lastNonce: message.nonces.at(-1) as bigint })
  const finds = BigInt(count - race.wrongNonces.length)
  updateHost(store, owner, {
    raceEpoch: BigInt(epoch),
    raceShape: race.shape,
    finds,
    findsVerified: 0n,
    raceVerdict: 'pending',
  })
  context.emit('commit_finds', { host: ownerText(owner), epoch, count: message.nonces.length, total: count })
  return MsgCommitFindsResponse.encode({ total: BigInt(count) }).finish()
}

/** A race is run in the shape that the host had at its first commit. */
function newRace(shape: string): RaceState {
  return { shape, count: 0, lastNonce: 0n, wrongNonces: [], rounds: [], extensionPending: false, weightBefore: '' }
}
