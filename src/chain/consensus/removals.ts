import { sumBigint } from '../../lib/fixed-point.ts'
import type { BlockContext } from '../context.ts'
import type { Validator } from '../state/consensus/validators.ts'
import { listValidators } from '../state/consensus/validators.ts'
import { missedBlocks } from './liveness.ts'
import { loseAllPower } from './lose-power.ts'
import { validatorText } from './validator-text.ts'

/** All that is removed within one window is at most one of so many parts of the power that stood before. */
const REMOVED_PARTS = 3n

/**
 * End of a block: keys that their owners replaced and keys that missed too many blocks lose all power at once. Those who missed
 * most come first; who does not fit waits, so that enough power remains that knows the state and that light clients trust.
 */
export function removeAtOnce(context: BlockContext): void {
  const { params, height } = context
  const validators = listValidators(context.store)
  const due = validators
    .filter(({ record }) => record.power !== '0')
    .map((validator) => ({ validator, missed: missedBlocks(context, validator.address) }))
    .filter(({ validator, missed }) => validator.record.retired || missed >= params.consensus.jailMissedBlocks)
    .sort((a, b) => Number(b.validator.record.retired) - Number(a.validator.record.retired) || b.missed - a.missed)
  if (due.length === 0) {
    return
  }
  const since = BigInt(height - params.consensus.jailWindowBlocks)
  const recent = validators.filter(({ record }) => record.removedHeight > 0n && record.removedHeight > since)
  let removed = sumBigint(recent.map(({ record }) => BigInt(record.removedPower)))
  const before = removed + sumBigint(validators.map(({ record }) => BigInt(record.power)))
  for (const { validator, missed } of due) {
    const power = BigInt(validator.record.power)
    if (REMOVED_PARTS * (removed + power) <= before) {
      removed += power
      remove(context, validator, missed)
    }
  }
}

function remove(context: BlockContext, { address, record }: Validator, missed: number): void {
  const fields = { removedHeight: BigInt(context.height), removedPower: record.power }
  if (record.retired) {
    loseAllPower(context, address, 'retired', fields)
    return
  }
  loseAllPower(context, address, 'jailed', { ...fields, jailed: true })
  context.emit('validator_jailed', { validator: validatorText(address), missed, power: record.power })
}
