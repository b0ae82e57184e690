import type { KeyPower, PowerInput, PowerKey, PowerParams } from '../../../src/chain/consensus/power.ts'
import { computePower } from '../../../src/chain/consensus/power.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { sumBigint } from '../../../src/lib/fixed-point.ts'

/** Random histories of weight and the power that follows from them, settle by settle, as the chain would have it. */
export interface Settle {
  readonly input: PowerInput
  readonly powers: readonly KeyPower[]
}

/** A stream of numbers that a seed decides: xorshift32. */
export interface Numbers {
  /** From 0 to bound − 1. */
  below(bound: number): number
  isOneIn(parts: number): boolean
}

export function createNumbers(seed: number): Numbers {
  let state = (seed >>> 0) + 1 || 1
  const below = (bound: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % bound
  }
  return { below, isOneIn: (parts) => below(parts) === 0 }
}

export function addressAt(index: number): Uint8Array {
  return Uint8Array.from({ length: 20 }, (_, place) => (place === 0 ? (index * 37) & 255 : index & 255))
}

/** A weight of any size: none, a handful, or up to 2^200. */
function weightFrom(numbers: Numbers, scale: number): bigint {
  if (numbers.isOneIn(6)) {
    return 0n
  }
  return BigInt(1 + numbers.below(1_000_000)) << BigInt(numbers.below(scale + 1))
}

export function randomParams(numbers: Numbers): PowerParams {
  return {
    churnPpm: 1 + numbers.below(100_000),
    fallPpm: 10_000 + numbers.below(490_001),
    maxPowerSharePpm: 100_000 + numbers.below(900_001),
    maxKeys: 1 + numbers.below(12),
  }
}

const HELD = ['jailed', 'tombstoned', 'retired'] as const

/** So many settles in a row over at most `size` keys. */
export function randomHistory(seed: number, settles: number, size: number): Settle[] {
  const numbers = createNumbers(seed)
  const params = { ...randomParams(numbers), maxKeys: size + numbers.below(4) - numbers.below(size) }
  const scale = numbers.isOneIn(2) ? 4 : 180
  let powers: KeyPower[] = []
  let before = new Map<string, bigint>(genesisOf(numbers, params.maxKeys))
  return Array.from({ length: settles }, () => {
    const keys = Array.from({ length: size }, (_, index) => keyFrom(numbers, index, scale, before))
    const uncarried = weightFrom(numbers, scale)
    const totalWeight = sumBigint(keys.map(({ own, carried }) => own + carried)) + uncarried + 1n
    const input = { keys, totalWeight, params }
    powers = computePower(input)
    before = new Map(powers.map(({ address, power }) => [toHex(address), power]))
    return { input, powers }
  })
}

function genesisOf(numbers: Numbers, maxKeys: number): (readonly [string, bigint])[] {
  const count = 1 + numbers.below(maxKeys)
  return Array.from(
    { length: count },
    (_, index) => [toHex(addressAt(index)), BigInt(1 + numbers.below(1 << 30))] as const,
  )
}

function keyFrom(numbers: Numbers, index: number, scale: number, before: ReadonlyMap<string, bigint>): PowerKey {
  const address = addressAt(index)
  const isEntitled = index === 0 && numbers.isOneIn(3)
  return {
    address,
    power: before.get(toHex(address)) ?? 0n,
    inherited: numbers.isOneIn(10) ? weightFrom(numbers, scale) : 0n,
    own: isEntitled ? 0n : weightFrom(numbers, scale),
    carried: numbers.isOneIn(2) || isEntitled ? 0n : weightFrom(numbers, scale),
    entitled: isEntitled ? weightFrom(numbers, scale) : undefined,
    held: numbers.isOneIn(8) ? HELD[numbers.below(3)] : undefined,
    beats: !numbers.isOneIn(5),
  }
}
