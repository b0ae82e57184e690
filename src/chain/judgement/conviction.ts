import { toHex } from '../../lib/bytes.ts'
import type { FaultCode } from '../../protocol/reasons.ts'
import { settleConvicted } from '../checks/refund.ts'
import type { BlockContext } from '../context.ts'
import { burnFromPool, moveToPool, payOut } from '../state/bank.ts'
import { barUntil, isBarred, ownerText, readHost, writeHost } from '../state/hosts.ts'
import { heldRange } from '../state/keys.ts'
import { appendLedger } from '../state/ledger.ts'
import { deleteRange } from '../state/records.ts'
import { listServices, writeService } from '../state/work/services.ts'

export interface Conviction {
  /** 20-byte owner. */
  readonly host: Uint8Array
  readonly code: FaultCode
  /** Epoch of the race in which the fault happened. */
  readonly faultEpoch: number
  /** Hash of the transaction that carried the evidence, upper-case hex. */
  readonly evidenceTx: string
  /** Who proved it: gets what is left of the half that is not burned. Without one the pool gets it. */
  readonly finder: Uint8Array | undefined
  /** The batch in which the fault was found: its payers are refunded first. */
  readonly batch?: bigint
}

/**
 * The consequence of a proven fault: no weight for the rest of the epoch, all held earnings and the bond taken (half burned,
 * half to the payers of its open batches and, what is left of it, to the finder), reputation 0 for the race and for every model.
 * Its open batches are over: there is nothing left that could be held of them. A host is convicted once an epoch: there is nothing left to take. It may race again in the next.
 */
export function convict(context: BlockContext, conviction: Conviction): void {
  const { store, height } = context
  const host = readHost(store, conviction.host)
  if (host === undefined || isBarred(host, conviction.faultEpoch)) {
    return
  }
  takeEarnings(context, conviction, BigInt(host.held), BigInt(host.bond))
  writeHost(store, {
    ...host,
    held: '0',
    bond: '0',
    weight: '0',
    reputation: 0n,
    faults: host.faults + 1n,
    lastFaultCode: conviction.code,
    lastFaultTx: conviction.evidenceTx,
    lastFaultHeight: BigInt(height),
    barredUntilEpoch: barUntil(host, context.epoch.epoch),
    raceVerdict: 'convicted',
  })
  for (const { service } of listServices(store, host.owner)) {
    writeService(store, host.owner, { ...service, g: 0n, suspicion: 0n })
  }
  context.emit('fault', {
    host: ownerText(host.owner),
    code: conviction.code,
    evidence_tx: conviction.evidenceTx,
    epoch: conviction.faultEpoch,
    finder: conviction.finder === undefined ? '' : ownerText(conviction.finder),
  })
}

function takeEarnings(context: BlockContext, conviction: Conviction, held: bigint, bond: bigint): void {
  const { store } = context
  const { host, finder, evidenceTx, faultEpoch } = conviction
  const txHash = evidenceTx
  if (held > 0n) {
    appendLedger(context, host, { epoch: faultEpoch, kind: 'debit', amount: held, reason: 'slashed_held', txHash })
  }
  if (bond > 0n) {
    appendLedger(context, host, { epoch: faultEpoch, kind: 'debit', amount: bond, reason: 'slashed_bond', txHash })
  }
  deleteRange(store, heldRange(host))
  moveToPool(store, 'held', held)
  moveToPool(store, 'bonds', bond)
  const taken = held + bond
  const burned = taken / 2n
  burnFromPool(store, burned)
  const refunded = settleConvicted(context, host, taken - burned, conviction.batch)
  const isRewarded = finder !== undefined && toHex(finder) !== toHex(host)
  if (isRewarded) {
    payOut(store, 'pool', finder, taken - burned - refunded)
  }
}
