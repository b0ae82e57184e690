import { equalBytes } from '../../lib/bytes.ts'
import { maxBigint, minBigint, mulDiv, PPM } from '../../lib/fixed-point.ts'
import type { BatchState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { BlockContext } from '../context.ts'
import { ownerText } from '../state/hosts.ts'
import { contentOf, writeEscrow } from '../state/work/escrows.ts'
import { writeLane } from '../state/work/lanes.ts'
import { readModel, writeModel } from '../state/work/models.ts'
import { inEpoch, readService, writeService } from '../state/work/services.ts'
import type { LaneClaim } from './lane-claims.ts'
import { incrementOf, isOvercommitted } from './lane-claims.ts'
import type { LooseReceipt } from './uncountersigned.ts'

/** Takes what a batch claims from the records of its lanes and escrows; the caller moves the money. */
export function takeClaims(
  context: BlockContext,
  executor: Uint8Array,
  claims: readonly LaneClaim[],
  loose: readonly LooseReceipt[],
): void {
  for (const claim of claims) {
    const orders = loose.filter(({ leaf }) => equalBytes(leaf.payer, claim.escrow.payer)).map(({ order }) => order)
    takeClaim(context, executor, claim, {
      total: orders.reduce((most, { total }) => maxBigint(most, total), claim.totalSeen),
      sequence: orders.reduce((most, { sequence }) => maxBigint(most, sequence), claim.sequence),
    })
  }
}

function takeClaim(
  context: BlockContext,
  executor: Uint8Array,
  claim: LaneClaim,
  seen: { readonly total: bigint; readonly sequence: bigint },
): void {
  const { store } = context
  const { escrow, lane, to, voucher } = claim
  const frozen = isOvercommitted(claim)
  const paid = { ...escrow, frozen, paid: escrow.paid + incrementOf(claim) }
  writeEscrow(store, {
    ...paid,
    guarantee: minBigint(escrow.guarantee, contentOf(paid)),
    totalSeen: seen.total,
    vouched: claim.vouched,
  })
  writeLane(store, escrow.payer, executor, {
    accepted: to,
    sequence: seen.sequence,
    vouched: maxBigint(lane.vouched, voucher?.cumulative ?? 0n),
  })
  if (frozen && !escrow.frozen) {
    context.emit('escrow_frozen', { payer: ownerText(escrow.payer), owner: ownerText(escrow.owner) })
  }
}

/** The batch in the counts of its model and of the service. */
export function recordWork(context: BlockContext, { executor, model: id, sum, leaves }: BatchState): void {
  const { store } = context
  const model = readModel(store, id)
  if (model !== undefined) {
    // The chain sees money, not tokens: what it would buy of output tokens at the price in force.
    const tokens = mulDiv(sum, PPM, maxBigint(model.price, 1n))
    writeModel(store, { ...model, windowTokens: model.windowTokens + tokens })
  }
  const before = readService(store, executor, id)
  if (before !== undefined) {
    const service = inEpoch(before, context.epoch.epoch)
    writeService(store, executor, {
      ...service,
      receipts: service.receipts + BigInt(leaves),
      value: service.value + sum,
      epochValue: service.epochValue + sum,
    })
  }
}
