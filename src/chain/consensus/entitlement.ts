import { toHex } from '../../lib/bytes.ts'
import { ceilDiv, maxBigint, sumBigint } from '../../lib/fixed-point.ts'
import type { EndContext } from '../context.ts'
import { listValidators, updateValidator } from '../state/consensus/validators.ts'
import type { PowerKey } from './power.ts'

/** So many other keys, bearing together one of so many parts of all weight, take over from the keys of the genesis … */
const KEYS_TO_TAKE_OVER = 8
const WEIGHT_PARTS = 10n
/** … and from then on each of these gives up one of so many parts of its power at a settle: 5 %. */
const HAND_OVER_PARTS = 20n

/**
 * What the keys of the genesis without a host are entitled to after this settle, under their addresses in hex. Eight keys alone
 * are eight registrations, so they must bear weight as well.
 */
export function handOver(
  { store }: EndContext,
  keys: readonly PowerKey[],
  totalWeight: bigint,
): ReadonlyMap<string, bigint> {
  const others = keys.filter(({ own, held, beats }) => own > 0n && held === undefined && beats)
  const weight = sumBigint(others.map(({ own }) => own))
  const isTime = others.length >= KEYS_TO_TAKE_OVER && weight * WEIGHT_PARTS >= totalWeight
  const entitled = new Map<string, bigint>()
  for (const { address, record } of listValidators(store)) {
    if (record.entitled === '') {
      continue
    }
    const before = BigInt(record.entitled)
    const first = record.entitledAtFirst === '' ? before : BigInt(record.entitledAtFirst)
    const after = isTime ? maxBigint(before - ceilDiv(first, HAND_OVER_PARTS), 0n) : before
    if (isTime) {
      updateValidator(store, address, { entitled: after.toString(), entitledAtFirst: first.toString() })
    }
    entitled.set(toHex(address), after)
  }
  return entitled
}
