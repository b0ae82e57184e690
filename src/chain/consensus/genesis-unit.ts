import { mulDiv, sumBigint } from '../../lib/fixed-point.ts'
import type { EndContext } from '../context.ts'
import { writeValidator } from '../state/chain-status.ts'
import { listValidators, updateConsensus } from '../state/consensus/validators.ts'
import { apportion } from './apportion.ts'

/**
 * The first race that counts gives the shares of the genesis their unit: all powers together become its total weight. Powers
 * that keys have a right to, or lost, go with them.
 */
export function giveUnit({ store }: EndContext, totalWeight: bigint): void {
  const validators = listValidators(store)
  const powers = validators.map(({ record }) => BigInt(record.power))
  const sum = sumBigint(powers)
  const scaled = apportion(totalWeight, powers)
  const inUnit = (amount: string): string => mulDiv(BigInt(amount), totalWeight, sum).toString()
  for (const [index, { address, record }] of validators.entries()) {
    const power = (scaled[index] as bigint).toString()
    writeValidator(store, address, {
      ...record,
      power,
      entitled: record.entitled === '' ? '' : record.power === record.entitled ? power : inUnit(record.entitled),
      inherited: inUnit(record.inherited),
      removedPower: inUnit(record.removedPower),
    })
  }
  updateConsensus(store, { scaled: true, reference: totalWeight.toString() })
}
