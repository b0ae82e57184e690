import { equalBytes } from '../../lib/bytes.ts'
import type { OpenedLeafState, ReexecutionItem } from '../../protocol/gen/tailrace/v1/state.ts'
import { OpenedLeafState as OpenedLeafCodec } from '../../protocol/gen/tailrace/v1/state.ts'
import { isShapeName } from '../../protocol/messages.ts'
import { isFind } from '../../race/find.ts'
import type { EndContext } from '../context.ts'
import { openedLeafKey } from '../state/keys.ts'
import { readEpochState, readRace, readTarget } from '../state/races.ts'
import { getRecord } from '../state/records.ts'
import { readVerification, writeVerification } from '../state/verifications.ts'
import { drawAudit } from './audit.ts'
import { convict } from './conviction.ts'
import { dequeue, isFalseAccuser, refillFromReports } from './queue.ts'
import { recordWrongFind } from './wrong-find.ts'

/** Entries whose accusers are all convicted, or whose epoch is gone, are skipped; so many at most in one block. */
const MAX_SKIPPED = 64

/**
 * One re-execution at the end of each block: the next entry of the queue or, where nobody accuses anybody, one opened leaf
 * that the randomness draws, so that verifiers who agree on a lie are found as well.
 */
export function reexecuteOne(context: EndContext): void {
  refillFromReports(context.store)
  for (let skipped = 0; skipped < MAX_SKIPPED; skipped++) {
    const item = dequeue(context.store)
    if (item === undefined) {
      auditOne(context)
      return
    }
    if (isWorthwhile(context, item)) {
      judge(context, item)
      return
    }
  }
}

function auditOne(context: EndContext): void {
  const item = drawAudit(context)
  if (item !== undefined) {
    judge(context, item)
  }
}

function isWorthwhile(context: EndContext, item: ReexecutionItem): boolean {
  const epoch = Number(item.epoch)
  const race = readRace(context.store, epoch, item.host)
  if (race === undefined || (item.leaf === undefined && race.wrongNonces.includes(item.nonce))) {
    return false
  }
  return item.accusers.some(({ host }) => !isFalseAccuser(context.store, host, epoch))
}

function judge(context: EndContext, item: ReexecutionItem): void {
  const { store, oracles } = context
  const epoch = Number(item.epoch)
  const shape = readRace(store, epoch, item.host)?.shape ?? ''
  const seed = readEpochState(store, epoch)?.seed
  const target = isShapeName(shape) ? readTarget(store, epoch, shape) : undefined
  if (!isShapeName(shape) || seed === undefined || target === undefined) {
    return
  }
  const digest = oracles.attempt(shape, seed, item.host, item.nonce)
  const isRight = isFind(digest, target)
  context.emit('reexecution', {
    epoch,
    nonce: item.nonce,
    find: String(isRight),
    audit: String(item.accusers.length === 0),
  })
  if (item.leaf === undefined) {
    judgeFind(context, item, isRight)
    return
  }
  const key = openedLeafKey(epoch, item.leaf.round, item.leaf.verifier, item.leaf.index)
  const leaf = getRecord(store, key, OpenedLeafCodec)
  if (leaf !== undefined) {
    judgeLeaf(context, item, leaf, digest, isRight)
  }
}

function judgeFind(context: EndContext, item: ReexecutionItem, isRight: boolean): void {
  const [first] = item.accusers
  if (isRight) {
    convictAccusers(context, item)
  } else if (first !== undefined) {
    recordWrongFind(context, {
      epoch: Number(item.epoch),
      host: item.host,
      nonce: item.nonce,
      evidenceTx: first.txHash,
      finder: first.host,
    })
  }
}

function judgeLeaf(
  context: EndContext,
  item: ReexecutionItem,
  leaf: OpenedLeafState,
  digest: Uint8Array,
  isRight: boolean,
): void {
  const epoch = Number(item.epoch)
  const verifier = item.leaf?.verifier ?? new Uint8Array(0)
  if (equalBytes(digest, leaf.digest)) {
    convictAccusers(context, item)
    return
  }
  // The proof is the opening itself: the verifier signed the digest.
  const evidenceTx = leaf.txHash
  const finder = item.accusers[0]?.host
  markFalse(context, epoch, item.leaf?.round ?? 0, verifier)
  convict(context, { host: verifier, code: 'false_verification', faultEpoch: epoch, evidenceTx, finder })
  if (!isRight) {
    recordWrongFind(context, { epoch, host: item.host, nonce: item.nonce, evidenceTx, finder })
  }
}

/** The duty of a verifier that answered falsely: it counts as not answered. */
function markFalse(context: EndContext, epoch: number, round: number, verifier: Uint8Array): void {
  const duty = readVerification(context.store, epoch, round, verifier)
  if (duty !== undefined) {
    writeVerification(context.store, epoch, round, verifier, { ...duty, state: 'false' })
  }
}

function convictAccusers(context: EndContext, item: ReexecutionItem): void {
  for (const { host, txHash } of item.accusers) {
    convict(context, {
      host,
      code: 'false_accusation',
      faultEpoch: Number(item.epoch),
      evidenceTx: txHash,
      finder: undefined,
    })
  }
}
