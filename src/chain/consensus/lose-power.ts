import { sumBigint } from '../../lib/fixed-point.ts'
import type { PowerReason } from '../../protocol/consensus/validator-reasons.ts'
import type { ValidatorState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { BlockContext } from '../context.ts'
import { readValidator, writeValidator } from '../state/chain-status.ts'
import { livenessKey } from '../state/consensus/consensus-keys.ts'
import { listValidators } from '../state/consensus/validators.ts'
import { ownerText } from '../state/hosts.ts'
import { validatorText } from './validator-text.ts'

/** Takes all power of a key between two settles; `fields` say why. The last key of a chain keeps its power. */
export function loseAllPower(
  context: BlockContext,
  address: Uint8Array,
  reason: PowerReason,
  fields: Partial<ValidatorState>,
): void {
  const { store } = context
  const record = readValidator(store, address)
  if (record === undefined) {
    return
  }
  const power = BigInt(record.power)
  const isLast = power === sumBigint(listValidators(store).map((validator) => BigInt(validator.record.power)))
  if (isLast || power === 0n) {
    writeValidator(store, address, { ...record, ...fields })
    return
  }
  const differences = [...record.differences, { reason, amount: (-power).toString() }]
  const leftHeight = BigInt(context.height)
  writeValidator(store, address, { ...record, ...fields, power: '0', differences, leftHeight })
  store.delete(livenessKey(address))
  emitPower(context, address, record, 0n, reason)
}

/** What concerns the power of a host's key: its line of the why. */
export function emitPower(
  context: BlockContext,
  address: Uint8Array,
  before: Pick<ValidatorState, 'owner' | 'power'>,
  power: bigint,
  reason: string,
): void {
  context.emit('validator_power', {
    validator: validatorText(address),
    host: before.owner.length === 0 ? '' : ownerText(before.owner),
    before: before.power,
    power,
    reason,
  })
}
