import { decodeAddress } from '../../../protocol/address.ts'
import type { BatchState, HostState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { MsgSubmitBatch } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgSubmitBatchResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { RANDOMNESS_DELAY } from '../../../protocol/params.ts'
import type { BlockContext } from '../../context.ts'
import { hostOfDevice, isBarred, ownerText } from '../../state/hosts.ts'
import { addBatch, openBatchCount, takeBatchId } from '../../state/work/batches.ts'
import { CUSTODIAN_EVENT, POINTS_EVENT, scheduleEvent } from '../../state/work/due.ts'
import { readModel } from '../../state/work/models.ts'
import { readService } from '../../state/work/services.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'
import { recordWork, takeClaims } from '../../work/accept-batch.ts'
import { holdEarnings } from '../../work/hold-earnings.ts'
import type { LaneClaim } from '../../work/lane-claims.ts'
import { fundsViolation, incrementOf, readClaims, voucherViolation } from '../../work/lane-claims.ts'
import type { LooseReceipt } from '../../work/uncountersigned.ts'
import { coverViolation, looseViolation, readLoose } from '../../work/uncountersigned.ts'

/**
 * A batch of receipts: its sum leaves the escrows at once and is held of the executor until its checks are closed. The tree is
 * not seen here: two blocks later the randomness draws units of the sum, and the leaves that cover them are opened.
 */
export const submitBatchHandler: MessageHandler<MsgSubmitBatch> = { validate: validateBatch, apply: applyBatch }

/** What a conviction has to refund at most, and what one host can keep the network busy with. */
const OPEN_BATCHES = 64

/** A batch that was looked at, signatures apart. */
interface ReadBatch {
  readonly host: HostState
  readonly claims: readonly LaneClaim[]
  readonly loose: readonly LooseReceipt[]
  readonly batch: BatchState
}

function validateBatch(context: BlockContext, message: MsgSubmitBatch): Rejection | undefined {
  const read = readMessage(context, message)
  if ('code' in read) {
    return read
  }
  const { host, claims, loose, batch } = read
  return (
    coverViolation(claims, loose) ??
    firstOf(claims, fundsViolation) ??
    voucherViolation(context, message, claims) ??
    firstOf(loose, (one) => looseViolation(context, host, batch, one))
  )
}

/** Cheap looks first: where this refuses, no signature was verified. */
function readMessage(context: BlockContext, message: MsgSubmitBatch): ReadBatch | Rejection {
  const host = hostOfDevice(context.store, decodeAddress(message.signer))
  if (host === undefined) {
    return reject('not_a_host', 'the signer is no device key of a registered host')
  }
  if (isBarred(host, context.epoch.epoch)) {
    return reject('barred', 'convicted in this epoch')
  }
  if (openBatchCount(context.store, host.owner, OPEN_BATCHES) >= OPEN_BATCHES) {
    return reject('rate_limited', `at most ${OPEN_BATCHES} batches of one host are open at a time`)
  }
  if (readModel(context.store, message.model) === undefined) {
    return reject('unknown_model', 'the network has no such model')
  }
  // A host that has left, or no longer serves the model, may bring what it did before. One that no roster ever named was
  // drawn for nothing: hosts that cost nothing cannot set checks going.
  const listedHeight = readService(context.store, host.owner, message.model)?.listedHeight ?? 0n
  if (listedHeight === 0n) {
    return reject('not_serving', 'the host was never on the roster of this model')
  }
  if (message.leaves < message.lanes.length || message.leaves < message.uncountersigned.length) {
    return reject('sum_mismatch', 'fewer leaves than lanes or uncountersigned receipts')
  }
  const claims = readClaims(context, host.owner, message)
  if ('code' in claims) {
    return claims
  }
  const bare = newBatch(context, host, message, claims)
  const loose = readLoose(bare, message.uncountersigned)
  if ('code' in loose) {
    return loose
  }
  return { host, claims, loose, batch: { ...bare, certainPoints: loose.map(({ interval }) => interval.start) } }
}

function applyBatch(context: BlockContext, message: MsgSubmitBatch): Uint8Array {
  const { store, height, txHash } = context
  const read = readMessage(context, message)
  if ('code' in read) {
    return MsgSubmitBatchResponse.encode({ batch: 0n }).finish()
  }
  const { host, claims, loose } = read
  const batch = { ...read.batch, id: takeBatchId(store) }
  const { id, executor, model, sum, leaves } = batch
  takeClaims(context, executor, claims, loose)
  const epoch = Number(batch.epoch)
  holdEarnings(context, { owner: executor, epoch, amount: sum, reason: 'order_income', txHash, from: 'escrows' })
  addBatch(store, batch)
  recordWork(context, batch)
  scheduleEvent(store, { height: height + 1, batch: id, point: CUSTODIAN_EVENT })
  scheduleEvent(store, { height: height + RANDOMNESS_DELAY, batch: id, point: POINTS_EVENT })
  context.emit('batch', { id, executor: ownerText(host.owner), model, sum, leaves })
  return MsgSubmitBatchResponse.encode({ batch: id }).finish()
}

function newBatch(
  context: BlockContext,
  host: HostState,
  message: MsgSubmitBatch,
  claims: readonly LaneClaim[],
): BatchState {
  return {
    id: 0n,
    executor: host.owner,
    model: message.model,
    epoch: BigInt(context.epoch.epoch),
    height: BigInt(context.height),
    txHash: context.txHash,
    root: message.root,
    sum: message.sum,
    leaves: message.leaves,
    lanes: claims.map((claim) => ({
      payer: claim.escrow.payer,
      from: claim.lane.accepted,
      to: claim.lane.accepted + incrementOf(claim),
      countersigned: claim.countersigned,
    })),
    state: 'accepted',
    points: 0,
    openChecks: 0,
    refunded: 0n,
    charged: false,
    custodian: new Uint8Array(0),
    feesDue: 0n,
    devicePubkey: host.devicePubkey,
    certainPoints: [],
  }
}

function firstOf<T>(list: readonly T[], check: (one: T) => Rejection | undefined): Rejection | undefined {
  for (const one of list) {
    const rejection = check(one)
    if (rejection !== undefined) {
      return rejection
    }
  }
  return undefined
}
