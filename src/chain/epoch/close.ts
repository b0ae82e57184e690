import { toHex } from '../../lib/bytes.ts'
import { minBigint, mulDiv, PPM, sumBigint } from '../../lib/fixed-point.ts'
import type { HostState } from '../../protocol/gen/tailrace/v1/state.ts'
import { isShapeName } from '../../protocol/messages.ts'
import type { ReasonCode } from '../../protocol/reasons.ts'
import type { BlockContext } from '../context.ts'
import { mintHeld, moveHeldToBond, payOut } from '../state/bank.ts'
import { isBarred, listHosts, ownerText, payoutOf, readHost, updateHost } from '../state/hosts.ts'
import { heldKey, heldRange } from '../state/keys.ts'
import { appendLedger } from '../state/ledger.ts'
import { readRace } from '../state/races.ts'
import { getAmount, setAmount } from '../state/records.ts'
import { listVerifications } from '../state/verifications.ts'
import { openBatches } from '../state/work/batches.ts'
import { reviewVerdicts } from './late-verdicts.ts'

/** Multiple of every possible number of duties of one host in an epoch (1 to 4): w · r stays an integer. */
const DUTY_DENOMINATOR = 12n

interface Duties {
  readonly drawn: bigint
  readonly answered: bigint
}

/** End of the close height: the epoch's emission is minted into held earnings by w·r; what was held long enough is paid. */
export function closeEpoch(context: BlockContext): void {
  reviewVerdicts(context)
  const epoch = context.epoch.epoch
  const duties = countDuties(context)
  const scores = listHosts(context.store).map((host) => ({
    host,
    score: scoreOf(context, host, duties.get(toHex(host.owner))),
  }))
  const total = sumBigint(scores.map(({ score }) => score))
  let minted = 0n
  for (const { host, score } of scores) {
    const share = total === 0n ? 0n : mulDiv(context.params.emissionPerEpoch, score, total)
    minted += share
    holdShare(context, host, share, score)
    releaseHeld(context, host.owner)
  }
  context.emit('epoch_closed', { epoch, minted })
}

function countDuties(context: BlockContext): Map<string, Duties> {
  const counted = new Map<string, Duties>()
  for (const { verifier, duty } of listVerifications(context.store, context.epoch.epoch)) {
    const isAnswered = duty.state === 'answered'
    const before = counted.get(toHex(verifier)) ?? { drawn: 0n, answered: 0n }
    if (isAnswered || !duty.optional) {
      counted.set(toHex(verifier), {
        drawn: before.drawn + 1n,
        answered: before.answered + (isAnswered ? 1n : 0n),
      })
    }
  }
  return counted
}

/** 12 · w · r: exact. */
function scoreOf(context: BlockContext, host: HostState, duties: Duties | undefined): bigint {
  if (!host.active || isBarred(host, context.epoch.epoch)) {
    return 0n
  }
  const scaled = BigInt(host.weight) * DUTY_DENOMINATOR
  return duties === undefined || duties.drawn === 0n ? scaled : mulDiv(scaled, duties.answered, duties.drawn)
}

function holdShare(context: BlockContext, host: HostState, share: bigint, score: bigint): void {
  const { store } = context
  const epoch = context.epoch.epoch
  if (share > 0n) {
    mintHeld(store, share)
    setAmount(store, heldKey(host.owner, epoch), getAmount(store, heldKey(host.owner, epoch)) + share)
    updateHost(store, host.owner, { held: (BigInt(host.held) + share).toString() })
    appendLedger(context, host.owner, { epoch, kind: 'hold', amount: share, reason: 'emission_share' })
    return
  }
  const leftThisEpoch = host.activeChangedHeight >= BigInt(context.epoch.startHeight)
  if (host.active || leftThisEpoch) {
    const reason = score > 0n ? 'emission_share' : zeroReason(context, host)
    appendLedger(context, host.owner, { epoch, kind: 'zero', amount: 0n, reason })
  }
}

function zeroReason(context: BlockContext, host: HostState): ReasonCode {
  const epoch = context.epoch.epoch
  if (isBarred(host, epoch)) {
    return 'convicted'
  }
  if (!host.active) {
    return 'inactive'
  }
  if (BigInt(host.weight) > 0n) {
    return 'duties_missed'
  }
  const race = readRace(context.store, epoch, host.owner)
  if (race === undefined || host.raceEpoch !== BigInt(epoch)) {
    return 'not_in_race'
  }
  if (host.raceVerdict === 'too_few_finds') {
    return 'too_few_finds'
  }
  const isWeighted = isShapeName(race.shape) && context.params.weightedShapes.includes(race.shape)
  return isWeighted ? 'verifiers_absent' : 'shape_without_weight'
}

/**
 * Pays what was held for `holdEpochs`: a part fills the bond, the rest goes to the account that the owner named for
 * it, or to the owner's own. Earnings of an epoch wait
 * while a batch of it is open: its payers may have to get them back.
 */
function releaseHeld(context: BlockContext, owner: Uint8Array): void {
  const { store, params } = context
  const epoch = context.epoch.epoch
  const { from } = heldRange(owner)
  const due = heldKey(owner, epoch - params.holdEpochs + 1 > 0 ? epoch - params.holdEpochs + 1 : 0)
  for (const [key] of [...store.range(from, due)]) {
    const host = readHost(store, owner)
    const amount = getAmount(store, key)
    const heldEpoch = Number(new DataView(key.buffer, key.byteOffset).getBigUint64(key.length - 8))
    if (host === undefined || amount === 0n || openBatches(store, owner, heldEpoch) > 0n) {
      continue
    }
    setAmount(store, key, 0n)
    payRelease(context, host, amount, heldEpoch)
  }
}

function payRelease(context: BlockContext, host: HostState, amount: bigint, epoch: number): void {
  const { store, params } = context
  const released = BigInt(host.released) + amount
  const releasedEpochs = host.releasedEpochs + 1n
  const bond = BigInt(host.bond)
  const fullBond = mulDiv(released, BigInt(params.bondEpochs), releasedEpochs)
  const room = fullBond > bond ? fullBond - bond : 0n
  const kept = minBigint(mulDiv(amount, BigInt(params.bondPpm), PPM), room)
  const paid = amount - kept
  updateHost(store, host.owner, {
    held: (BigInt(host.held) - amount).toString(),
    bond: (bond + kept).toString(),
    released: released.toString(),
    releasedEpochs,
  })
  if (kept > 0n) {
    moveHeldToBond(store, kept)
    appendLedger(context, host.owner, { epoch, kind: 'bond', amount: kept, reason: 'bond_kept' })
  }
  if (paid > 0n) {
    const receiver = payoutOf(host)
    payOut(store, 'held', receiver, paid)
    appendLedger(context, host.owner, { epoch, kind: 'credit', amount: paid, reason: 'hold_released' })
    context.emit('hold_released', {
      host: ownerText(host.owner),
      receiver: ownerText(receiver),
      amount: paid,
      epoch,
    })
  }
}
