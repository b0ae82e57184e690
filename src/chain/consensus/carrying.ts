import { toHex } from '../../lib/bytes.ts'
import { sumBigint } from '../../lib/fixed-point.ts'
import type { CarrierDraw } from '../../protocol/consensus/validator.ts'
import { createCarrierDraw } from '../../protocol/consensus/validator.ts'
import type { HostState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { EndContext } from '../context.ts'
import { listCarriers, readCarrier, removeCarrier, writeCarrier } from '../state/consensus/carriers.ts'
import type { Validator } from '../state/consensus/validators.ts'
import { isUsable } from '../state/consensus/validators.ts'

/** Weight behind keys, under their addresses in hex. */
export interface StandingWeight {
  readonly own: ReadonlyMap<string, bigint>
  readonly carried: ReadonlyMap<string, bigint>
  /** Weight that no key stands for. */
  readonly uncarried: bigint
}

/** Addresses in hex: keys that may be named, and keys that may be drawn. */
interface Places {
  readonly usable: ReadonlySet<string>
  readonly carriers: ReadonlySet<string>
}

interface Standing {
  readonly own: Map<string, bigint>
  readonly carried: Map<string, bigint>
}

/**
 * Which key stands for which host's weight: its own; the one that its owner named; the one that was drawn for it before; else one
 * that is drawn now, hosts in address order. `hosts` and `validators` in address order.
 */
export function assignCarriers(
  context: EndContext,
  hosts: readonly HostState[],
  validators: readonly Validator[],
): StandingWeight {
  forgetCarriers(context, hosts)
  const usable = validators.filter(({ record }) => isUsable(record) && record.owner.length > 0)
  const keyOf = new Map(usable.map((validator) => [toHex(validator.record.owner), validator]))
  const standing: Standing = { own: new Map(), carried: new Map() }
  const weighty = hosts.filter(({ weight }) => weight !== '0')
  for (const host of weighty) {
    const key = keyOf.get(toHex(host.owner))
    if (key !== undefined) {
      standing.own.set(toHex(key.address), BigInt(host.weight))
    }
  }
  const carriers = usable.filter(({ address, record }) => !record.jailed && standing.own.has(toHex(address)))
  const keyless = weighty.filter(({ owner }) => !keyOf.has(toHex(owner)))
  const draw = createDraw(context, carriers, keyless)
  const carry = (address: Uint8Array, weight: bigint): void => {
    const key = toHex(address)
    standing.carried.set(key, (standing.carried.get(key) ?? 0n) + weight)
    draw.carry(address, weight)
  }
  const places = { usable: addressesOf(usable), carriers: addressesOf(carriers) }
  const open = keyless.filter((host) => {
    const present = presentCarrier(context, host, places)
    if (present !== undefined) {
      carry(present, BigInt(host.weight))
    }
    return present === undefined
  })
  let uncarried = 0n
  for (const host of open) {
    const drawn = draw.draw(host.owner)
    if (drawn === undefined) {
      uncarried += BigInt(host.weight)
      removeCarrier(context.store, host.owner)
    } else {
      writeCarrier(context.store, host.owner, { validator: drawn, named: false })
      carry(drawn, BigInt(host.weight))
    }
  }
  return { ...standing, uncarried }
}

function createDraw(
  { randomness, epoch }: EndContext,
  carriers: readonly Validator[],
  hosts: readonly HostState[],
): CarrierDraw {
  const toCarry = sumBigint(hosts.map(({ weight }) => BigInt(weight)))
  const addresses = carriers.map(({ address }) => address)
  return createCarrierDraw(randomness, BigInt(epoch.epoch), addresses, toCarry)
}

/** A name holds as long as the key is there; what was drawn only as long as it is of use. */
function presentCarrier({ store }: EndContext, host: HostState, { usable, carriers }: Places): Uint8Array | undefined {
  const carrier = readCarrier(store, host.owner)
  const isThere = carrier !== undefined && (carrier.named ? usable : carriers).has(toHex(carrier.validator))
  return isThere ? carrier.validator : undefined
}

function addressesOf(validators: readonly Validator[]): ReadonlySet<string> {
  return new Set(validators.map(({ address }) => toHex(address)))
}

/** Hosts that are forgotten leave no name behind. */
function forgetCarriers({ store }: EndContext, hosts: readonly HostState[]): void {
  const known = new Set(hosts.map(({ owner }) => toHex(owner)))
  for (const { host } of listCarriers(store)) {
    if (!known.has(toHex(host))) {
      removeCarrier(store, host)
    }
  }
}
