import { toHex } from '../../lib/bytes.ts'
import { minBigint, mulDiv, PPM, sumBigint } from '../../lib/fixed-point.ts'
import type { HostState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { Params } from '../../protocol/params.ts'
import { SHAPE_NAMES, weightCapPpm } from '../../protocol/params.ts'
import { retarget, targetFromBytes, targetToBytes } from '../../race/find.ts'
import type { BlockContext } from '../context.ts'
import { listHosts, writeHost } from '../state/hosts.ts'
import { appendLedger } from '../state/ledger.ts'
import { listRaces, readEpochState, readTarget, writeEpochState, writeRace, writeTarget } from '../state/races.ts'
import { listVerifications, writeVerification } from '../state/verifications.ts'
import type { RaceOutcome } from './race-outcome.ts'
import { raceOutcome } from './race-outcome.ts'

/** g of one verified race, in the unit of HostState.reputation. */
export const REPUTATION_PER_RACE = 1_000_000n
/** Share of g that an idle epoch leaves, percent. */
const IDLE_PERCENT = 98n

/** Hosts count for the cap from this part of the raw total: one hundredth. */
const COUNTED_FROM = 100n

interface Settled {
  readonly host: HostState
  readonly outcome: RaceOutcome
}

/** End of the settle height: the race becomes the weight in force, for every host; reputations and targets follow. */
export function settleEpoch(context: BlockContext): void {
  const { store } = context
  const epoch = context.epoch.epoch
  closeDuties(context)
  const races = new Map(listRaces(store, epoch).map(({ host, race }) => [toHex(host), race]))
  const settled: Settled[] = listHosts(store).map((host) => ({
    host,
    outcome: raceOutcome(context, host, races.get(toHex(host.owner))),
  }))
  const raw = settled.map(({ outcome }) => outcome.rawWeight).filter((weight) => weight > 0n)
  const cap = weightCap(context.params, raw)
  for (const { host, outcome } of settled) {
    const race = races.get(toHex(host.owner))
    if (race !== undefined) {
      writeRace(store, epoch, host.owner, { ...race, weightBefore: host.weight })
    }
    settleHost(context, host, outcome, minBigint(outcome.rawWeight, cap))
  }
  retargetShapes(context, settled)
  const state = readEpochState(store, epoch)
  if (state !== undefined) {
    writeEpochState(store, { ...state, settled: true })
  }
  context.emit('epoch_settled', { epoch, hosts: raw.length, raw_weight: sumBigint(raw), cap })
}

/**
 * What one host weighs at most, given the raw weights of all: max(25 %, ⌈1/n⌉) of their total. n counts hosts that bear a
 * hundredth of it or more: hosts of almost no weight cost almost nothing, and would else lower everybody's cap to 25 %.
 */
export function weightCap(params: Params, raw: readonly bigint[]): bigint {
  const total = sumBigint(raw)
  const counted = raw.filter((weight) => weight > 0n && weight * COUNTED_FROM >= total).length
  return mulDiv(total, weightCapPpm(params, counted), PPM)
}

/** Duties without an answer are missed now. */
function closeDuties(context: BlockContext): void {
  const epoch = context.epoch.epoch
  for (const { verifier, round, duty } of listVerifications(context.store, epoch)) {
    if (duty.state !== 'answered' && duty.state !== 'false') {
      writeVerification(context.store, epoch, round, verifier, { ...duty, state: 'missed' })
    }
  }
}

function settleHost(context: BlockContext, host: HostState, outcome: RaceOutcome, weight: bigint): void {
  const epoch = context.epoch.epoch
  const isInRace = outcome.verdict !== 'none'
  if (!isInRace && host.weight === '0' && host.reputation === 0n) {
    return
  }
  writeHost(context.store, {
    ...host,
    weight: weight.toString(),
    reputation: nextReputation(host, outcome),
    ...(isInRace ? { findsVerified: BigInt(outcome.finds), raceVerdict: outcome.verdict } : {}),
  })
  if (isInRace || host.weight !== '0') {
    appendLedger(context, host.owner, { epoch, kind: 'weight', amount: weight, reason: outcome.reason })
  }
}

function nextReputation(host: HostState, outcome: RaceOutcome): bigint {
  switch (outcome.verdict) {
    case 'verified':
      return host.reputation + REPUTATION_PER_RACE
    case 'none':
    case 'too_few_finds':
      return mulDiv(host.reputation, IDLE_PERCENT, 100n)
    default:
      return host.reputation
  }
}

/**
 * Verified finds steer the next epoch's target: unverified ones could be forged to drive it. Where there are only unverified
 * ones the target stays; where nobody raced it eases.
 */
function retargetShapes(context: BlockContext, settled: readonly Settled[]): void {
  const { store } = context
  const epoch = context.epoch.epoch
  for (const shape of SHAPE_NAMES) {
    const target = readTarget(store, epoch, shape)
    if (target === undefined) {
      continue
    }
    const own = settled.filter(({ host }) => host.raceEpoch === BigInt(epoch) && host.raceShape === shape)
    const verified = own.filter(({ outcome }) => outcome.verdict === 'verified')
    const onlyUnverified = verified.length === 0 && own.some(({ outcome }) => outcome.verdict === 'unverified')
    const next = retarget({
      target: targetFromBytes(target),
      finds: sumBigint(verified.map(({ outcome }) => BigInt(outcome.finds))),
      qualifyingHosts: verified.length,
    })
    writeTarget(store, epoch + 1, shape, onlyUnverified ? target : targetToBytes(next))
  }
}
