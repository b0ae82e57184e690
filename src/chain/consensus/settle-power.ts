/**
 * The settle of consensus power: from the weights that `settleEpoch` has just written to the power of each key and the reason for
 * each unit by which it differs. The rules are docs/decisions/0020-consensus-power.md, the arithmetic is power.ts; here records
 * are read and written. Invariant, at all times: Σ power = total weight − uncarried + Σ differences of all keys.
 * Read next: power.ts, carrying.ts, entitlement.ts; close-consensus.ts sends what came out to the engine.
 */
import { toHex } from '../../lib/bytes.ts'
import { sumBigint } from '../../lib/fixed-point.ts'
import { VALIDATOR_LIMITS } from '../../protocol/consensus/validator.ts'
import type { HostState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { EndContext } from '../context.ts'
import { writeValidator } from '../state/chain-status.ts'
import type { Validator } from '../state/consensus/validators.ts'
import {
  isUsable,
  listValidators,
  readConsensus,
  removeValidator,
  updateConsensus,
  updateValidator,
} from '../state/consensus/validators.ts'
import { listHosts } from '../state/hosts.ts'
import type { StandingWeight } from './carrying.ts'
import { assignCarriers } from './carrying.ts'
import { handOver } from './entitlement.ts'
import { giveUnit } from './genesis-unit.ts'
import { hasPosted, hasSigned } from './heartbeats.ts'
import { emitPower } from './lose-power.ts'
import type { KeyPower, PowerKey } from './power.ts'
import { computePower, isTooLow, nextReference } from './power.ts'
import { countUpgradeVotes } from './upgrade.ts'

export function settlePower(context: EndContext): void {
  const { store, epoch } = context
  const hosts = listHosts(store)
  forgetKeys(context, hosts)
  const total = sumBigint(hosts.map(({ weight }) => BigInt(weight)))
  const kind = applySettle(context, hosts, total)
  for (const { address, record } of listValidators(store)) {
    if (record.missedSinceSettle > 0n) {
      updateValidator(store, address, { missedSinceSettle: 0n })
    }
  }
  updateConsensus(store, { settledHeight: BigInt(context.height) })
  countUpgradeVotes(context)
  context.emit('consensus_settled', { epoch: epoch.epoch, kind, total_weight: total })
}

/** `empty`: nobody raced. `too_low`: too little of the last weight is there. In both cases power stays as it is. */
function applySettle(context: EndContext, hosts: readonly HostState[], total: bigint): 'applied' | 'empty' | 'too_low' {
  const { store } = context
  const { scaled, reference } = readConsensus(store)
  if (total === 0n || (!scaled && !isVerified(context, hosts))) {
    return 'empty'
  }
  if (!scaled) {
    giveUnit(context, total)
  } else {
    updateConsensus(store, { reference: nextReference(BigInt(reference), total).toString() })
    if (isTooLow(BigInt(reference), total)) {
      return 'too_low'
    }
  }
  const beats = beatingKeys(context)
  release(context, beats.posted)
  const standing = assignCarriers(context, hosts, listValidators(store))
  const keys = listValidators(store).map((validator) => keyOf(validator, standing, beats.able))
  const entitled = handOver(context, keys, total)
  const input = keys.map((key) => ({ ...key, entitled: entitled.get(toHex(key.address)) }))
  const powers = computePower({ keys: input, totalWeight: total, params: context.params.consensus })
  updateConsensus(store, { totalWeight: total.toString(), uncarried: standing.uncarried.toString() })
  writePowers(context, input, powers)
  return 'applied'
}

/**
 * Whether the race gives weights a unit at all: until a first one was verified, hosts of the genesis hold the number 1, and in that
 * unit no power could ever move.
 */
function isVerified({ epoch }: EndContext, hosts: readonly HostState[]): boolean {
  return hosts.some(
    ({ weight, raceEpoch, raceVerdict }) =>
      weight !== '0' && raceEpoch === BigInt(epoch.epoch) && raceVerdict === 'verified',
  )
}

interface Beating {
  /** Keys in hex that posted their heartbeats. */
  readonly posted: ReadonlySet<string>
  /** Keys that may gain: these, and those that signed their blocks. */
  readonly able: ReadonlySet<string>
}

function beatingKeys({ store, params, height }: EndContext): Beating {
  const { settledHeight } = readConsensus(store)
  const validators = listValidators(store).filter(({ record }) => isUsable(record))
  const posted = validators.filter(({ address }) => hasPosted(store, params, height, address))
  const signed = validators.filter((validator) => hasSigned(params, height, settledHeight, validator))
  return { posted: namesOf(posted), able: namesOf([...posted, ...signed]) }
}

function namesOf(validators: readonly Validator[]): ReadonlySet<string> {
  return new Set(validators.map(({ address }) => toHex(address)))
}

/** Out of jail by heartbeats: they show a node that follows the chain again. */
function release({ store }: EndContext, posted: ReadonlySet<string>): void {
  for (const { address, record } of listValidators(store)) {
    if (record.jailed && posted.has(toHex(address))) {
      updateValidator(store, address, { jailed: false })
    }
  }
}

function keyOf({ address, record }: Validator, standing: StandingWeight, able: ReadonlySet<string>): PowerKey {
  const name = toHex(address)
  return {
    address,
    power: BigInt(record.power),
    inherited: BigInt(record.inherited),
    own: standing.own.get(name) ?? 0n,
    carried: standing.carried.get(name) ?? 0n,
    entitled: record.entitled === '' ? undefined : BigInt(record.entitled),
    held: heldBy(record),
    beats: able.has(name),
  }
}

function heldBy(record: Validator['record']): PowerKey['held'] {
  if (record.tombstoned) {
    return 'tombstoned'
  }
  return record.retired ? 'retired' : record.jailed ? 'jailed' : undefined
}

function writePowers(context: EndContext, keys: readonly PowerKey[], powers: readonly KeyPower[]): void {
  const { store } = context
  const height = BigInt(context.height)
  const results = new Map(powers.map((result) => [toHex(result.address), result]))
  const inputs = new Map(keys.map((key) => [toHex(key.address), key]))
  for (const { address, record } of listValidators(store)) {
    const result = results.get(toHex(address))
    const input = inputs.get(toHex(address))
    if (result === undefined || input === undefined) {
      continue
    }
    const enters = record.power === '0' && result.power > 0n
    const leaves = record.power !== '0' && result.power === 0n
    writeValidator(store, address, {
      ...record,
      power: result.power.toString(),
      weight: input.own.toString(),
      carried: input.carried.toString(),
      differences: result.differences.map(({ reason, amount }) => ({ reason, amount: amount.toString() })),
      inherited: input.beats ? '0' : record.inherited,
      inSetSince: enters ? height : record.inSetSince,
      leftHeight: leaves ? height : record.leftHeight,
    })
    if (record.power !== result.power.toString()) {
      emitPower(context, address, record, result.power, result.differences.at(-1)?.reason ?? '')
    }
  }
}

/** Keys of hosts that are gone are as good as replaced; replaced ones are forgotten when nothing can be proven of them any more. */
function forgetKeys({ store, height }: EndContext, hosts: readonly HostState[]): void {
  const owners = new Set(hosts.map(({ owner }) => toHex(owner)))
  for (const { address, record } of listValidators(store)) {
    const isGone = record.owner.length > 0 && !owners.has(toHex(record.owner))
    const isOver = record.retiredHeight + BigInt(VALIDATOR_LIMITS.evidenceBlocks) < BigInt(height)
    if (record.retired && isOver && record.power === '0' && !record.tombstoned) {
      removeValidator(store, address)
    } else if (isGone && !record.retired) {
      updateValidator(store, address, { retired: true, retiredHeight: BigInt(height) })
    }
  }
}
