import { bigintToBytes, bytesToBigint } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { mulDiv } from '../lib/fixed-point.ts'
import { DIGEST_BYTES } from './keys.ts'

/** What a find is, what it weighs, and how the target follows the network. */

/** Hosts with fewer finds count 0 and do not steer the target. */
export const MIN_FINDS = 20
/** The hardest and the easiest target. */
export const MIN_TARGET = 1n
export const MAX_TARGET = 1n << 255n

const DIGEST_RANGE = 1n << 256n
const FINDS_PER_HOST = 500n
const MAX_EXPECTED_FINDS = 500_000n
const MAX_CHANGE = 4n

/** Whether a digest lies under the target, both as 32-byte big-endian integers. */
export function isFind(digest: Uint8Array, target: Uint8Array): boolean {
  for (let i = 0; i < DIGEST_BYTES; i++) {
    const difference = (digest[i] as number) - (target[i] as number)
    if (difference !== 0) {
      return difference < 0
    }
  }
  return false
}

/** Expected multiply-accumulates behind one find: ⌊2^256 / target⌋ × macs. */
export function weightPerFind(target: bigint, macs: bigint): bigint {
  return mulDiv(DIGEST_RANGE, 1n, checkTarget(target)) * macs
}

export function targetToBytes(target: bigint): Uint8Array {
  return bigintToBytes(checkTarget(target), DIGEST_BYTES)
}

/** @throws CodedError `invalid_target` unless the bytes are a target within bounds. */
export function targetFromBytes(bytes: Uint8Array): bigint {
  if (bytes.length !== DIGEST_BYTES) {
    throw new CodedError('invalid_target', 'a target has 32 bytes', { fields: { bytes: bytes.length } })
  }
  return checkTarget(bytesToBigint(bytes))
}

export interface RetargetInput {
  readonly target: bigint
  /** Finds of the race, those of the qualifying hosts only. */
  readonly finds: bigint | number
  /** Hosts with at least MIN_FINDS finds. */
  readonly qualifyingHosts: bigint | number
}

/**
 * target × F / finds, F = min(500 × qualifying hosts, 500 000), at most ×4 and ÷4 in one race, within the bounds.
 * A race without finds, or without a host that reached MIN_FINDS, was too hard for everyone: the formula has no value
 * there (0 / 0), so the target eases by the full ×4 and a shrunken network finds its way back in a few races.
 */
export function retarget(input: RetargetInput): bigint {
  const target = checkTarget(input.target)
  const finds = BigInt(input.finds)
  const hosts = BigInt(input.qualifyingHosts)
  const easiest = target * MAX_CHANGE
  if (finds <= 0n || hosts <= 0n) {
    return clamp(easiest, MIN_TARGET, MAX_TARGET)
  }
  const expected = clamp(hosts * FINDS_PER_HOST, 0n, MAX_EXPECTED_FINDS)
  const steered = clamp(mulDiv(target, expected, finds), mulDiv(target, 1n, MAX_CHANGE), easiest)
  return clamp(steered, MIN_TARGET, MAX_TARGET)
}

function checkTarget(target: bigint): bigint {
  if (target < MIN_TARGET || target > MAX_TARGET) {
    throw new CodedError('invalid_target', 'a target lies between 1 and 2^255')
  }
  return target
}

function clamp(value: bigint, low: bigint, high: bigint): bigint {
  if (value < low) {
    return low
  }
  return value > high ? high : value
}
