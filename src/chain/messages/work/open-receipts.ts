import { equalBytes } from '../../../lib/bytes.ts'
import { decodeAddress } from '../../../protocol/address.ts'
import type { BatchState, CheckState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { MsgOpenReceipts } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgOpenReceiptsResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import type { ReceiptOpening } from '../../../protocol/gen/tailrace/v1/work.ts'
import { moveCheck } from '../../checks/check-moves.ts'
import { closeCheck } from '../../checks/close-batch.ts'
import { judgeOpening } from '../../checks/judge-opening.ts'
import type { BlockContext } from '../../context.ts'
import { convict } from '../../judgement/conviction.ts'
import { hostOfDevice, ownerText } from '../../state/hosts.ts'
import { listChecks } from '../../state/work/checks.ts'
import { readModel, withValue, writeModel } from '../../state/work/models.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'
import { isRefused, waitingCheck } from './check-party.ts'

/** Who may sign is checked before (tx/ante.ts): whoever has the leaves may open them, so a host that went away is no cheat. */
export const openReceiptsHandler: MessageHandler<MsgOpenReceipts> = {
  validate: validateOpenReceipts,
  apply: applyOpenReceipts,
}

function validateOpenReceipts(context: BlockContext, message: MsgOpenReceipts): Rejection | undefined {
  for (const { point, opening } of message.openings) {
    const at = waitingCheck(context, message.batch, point, 'drawn')
    if (isRefused(at)) {
      return at
    }
    if (opening === undefined) {
      return reject('receipt_invalid', 'an opening is missing')
    }
    const verdict = judgeOpening(context, at.batch, at.check.offset, opening)
    if (verdict.kind === 'refused') {
      return reject('receipt_invalid', verdict.reason)
    }
  }
  return undefined
}

function applyOpenReceipts(context: BlockContext, message: MsgOpenReceipts): Uint8Array {
  for (const { point, opening } of message.openings) {
    const at = waitingCheck(context, message.batch, point, 'drawn')
    // A contradiction in an opening before this one has ended the batch.
    if (isRefused(at) || opening === undefined) {
      break
    }
    applyOpening(context, at.batch, at.check, opening, decodeAddress(message.signer))
  }
  return MsgOpenReceiptsResponse.encode({}).finish()
}

function applyOpening(
  context: BlockContext,
  batch: BatchState,
  check: CheckState,
  opening: ReceiptOpening,
  signer: Uint8Array,
): void {
  const verdict = judgeOpening(context, batch, check.offset, opening)
  const opened = { opening, openedTx: context.txHash }
  switch (verdict.kind) {
    case 'sound':
      takeOpening(context, batch, check, opening)
      return
    case 'late': {
      const deadline = Number(check.deadlineHeight)
      closeCheck(context, moveCheck(context, check, 'opened', deadline, opened), 'void')
      return
    }
    case 'contradiction': {
      moveCheck(context, check, 'failed', context.height, opened)
      context.emit('check_closed', { batch: batch.id, point: check.point, state: 'failed', reason: verdict.reason })
      convict(context, {
        host: batch.executor,
        code: 'false_receipt',
        faultEpoch: context.epoch.epoch,
        evidenceTx: context.txHash,
        finder: finderOf(context, batch, signer),
        batch: batch.id,
      })
      return
    }
    case 'refused':
  }
}

/** The verifiers' time begins; without verifiers the end of this block draws again. */
function takeOpening(context: BlockContext, batch: BatchState, check: CheckState, opening: ReceiptOpening): void {
  const { store, height, params, txHash } = context
  const value = (opening.leaf?.to ?? 0n) - (opening.leaf?.from ?? 0n)
  const model = readModel(store, batch.model)
  const isFirst = !listChecks(store, batch.id).some((other) => other.opening?.index === opening.index)
  // A leaf counts once in the median, however many points fell on it.
  if (model !== undefined && isFirst) {
    writeModel(store, withValue(model, value))
  }
  const deadline = check.checkers.length === 0 ? height : height + params.serving.checkBlocks
  moveCheck(context, check, 'opened', deadline, { opening, openedTx: txHash })
  context.emit('receipt_opened', {
    batch: batch.id,
    point: check.point,
    executor: ownerText(batch.executor),
    leaf: opening.index,
    value,
  })
}

/** A host that shows another's contradiction is its finder; a payer has its money back. */
function finderOf(context: BlockContext, batch: BatchState, signer: Uint8Array): Uint8Array | undefined {
  const owner = hostOfDevice(context.store, signer)?.owner
  return owner === undefined || equalBytes(owner, batch.executor) ? undefined : owner
}
