import { enginePower, MAX_ENGINE_TOTAL } from '../../../../src/chain/consensus/engine-power.ts'
import { toHex } from '../../../../src/lib/bytes.ts'
import { sumBigint } from '../../../../src/lib/fixed-point.ts'
import { VALIDATOR_LIMITS } from '../../../../src/protocol/consensus/validator.ts'
import { consensusAddress } from '../../../../src/protocol/consensus-key.ts'
import type { ValidatorState } from '../../../../src/protocol/gen/tailrace/v1/state.ts'
import type { StateView } from './state-view.ts'
import { hexNumber } from './state-view.ts'

/** Σ power ≤ Σ weights with a reason for each unit of difference, and what hangs on keys hangs on keys that are there. */
export function* consensusFaults(view: StateView): Generator<string> {
  const [consensus] = view.rows('consensus').map(({ value }) => value)
  const validators = view.rows('validator')
  const powers = validators.map(({ value }) => BigInt(value.power))
  const differences = sumBigint(
    validators.flatMap(({ value }) => value.differences.map(({ amount }) => BigInt(amount))),
  )
  const total = sumBigint(powers)
  if (total <= 0n) {
    yield 'nobody has power'
  }
  const weighed = BigInt(consensus?.totalWeight || '0') - BigInt(consensus?.uncarried || '0')
  if (consensus?.scaled === true && total !== weighed + differences) {
    yield `Σ power is ${total}, the weight behind keys ${weighed}, the differences ${differences}`
  }
  const shift = consensus?.shift ?? 0
  const told = sumBigint(validators.map(({ value }) => value.enginePower))
  if (told > MAX_ENGINE_TOTAL) {
    yield `the engine was told of ${told}`
  }
  for (const { id, value } of validators) {
    yield* keyFaults(id, value, shift)
  }
  yield* attachedFaults(view)
  yield* appHashFaults(view)
}

function* keyFaults(id: string, key: ValidatorState, shift: number): Generator<string> {
  const power = BigInt(key.power)
  const [weight, carried] = [BigInt(key.weight), BigInt(key.carried)]
  const differences = sumBigint(key.differences.map(({ amount }) => BigInt(amount)))
  if (toHex(consensusAddress(key.consensusKey)) !== id) {
    yield `key ${id} has another address`
  }
  if (power < 0n || weight < 0n || carried < 0n || power !== weight + carried + differences) {
    yield `key ${id}: power ${power}, weight ${weight}, carried ${carried}, differences ${differences}`
  }
  if (key.differences.some(({ reason, amount }) => reason === '' || BigInt(amount) === 0n)) {
    yield `key ${id}: a difference without a reason, or of nothing`
  }
  if (key.enginePower !== enginePower(power, shift)) {
    yield `key ${id}: the engine was told ${key.enginePower} of ${power} shifted by ${shift}`
  }
}

function* attachedFaults(view: StateView): Generator<string> {
  for (const { id, value } of view.rows('liveness')) {
    const missed = value.marks.reduce((sum, mark) => sum + mark, 0)
    if (view.get('validator', id) === undefined || missed !== value.missed) {
      yield `liveness of ${id}: ${value.missed} missed, its marks say ${missed}`
    }
  }
  for (const { id, value } of view.rows('heartbeats')) {
    const isRising = value.slots.every((slot, index) => index === 0 || (value.slots[index - 1] as bigint) < slot)
    if (view.get('validator', id) === undefined || !isRising) {
      yield `heartbeats of ${id}: no such key, or slots that do not rise`
    }
  }
  for (const { id } of view.rows('upgradeVote')) {
    if (view.get('validator', id) === undefined) {
      yield `a vote of ${id}, who is no key`
    }
  }
  const owners = view
    .rows('validator')
    .filter(({ value }) => value.owner.length > 0 && !value.retired && !value.tombstoned)
  const names = owners.map(({ value }) => toHex(value.owner))
  if (new Set(names).size !== names.length) {
    yield 'a host has two keys in force'
  }
  const blsKeys = new Map<string, string>()
  for (const { id, value } of view.rows('validator')) {
    const [key, owner] = [toHex(value.blsPublicKey), value.owner.length === 0 ? id : toHex(value.owner)]
    if ((blsKeys.get(key) ?? owner) !== owner) {
      yield `two hosts have the BLS key ${key}`
    }
    blsKeys.set(key, owner)
  }
}

function* appHashFaults(view: StateView): Generator<string> {
  const [status] = view.rows('status').map(({ value }) => value)
  const height = Number(status?.height ?? 0n)
  const kept = view.rows('appHash')
  const heights = kept.map(({ id }) => Number(hexNumber(id)))
  const isDense = heights.every((one, index) => one === (heights[0] as number) + index)
  if (kept.length > VALIDATOR_LIMITS.appHashes || !isDense || (heights.length > 0 && heights.at(-1) !== height - 1)) {
    yield `${kept.length} app hashes are kept, up to ${heights.at(-1)} at ${height}`
  }
}
