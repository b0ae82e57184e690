/**
 * Verifiable draws (protocol §1): integers only, candidates in address order, rejection sampling, so that anybody who knows
 * the seed and the candidates computes the same result. The stream of a seed is H(seed ‖ 0), H(seed ‖ 1), …
 */
import { compareBytes, u64be } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { sumBigint } from '../lib/fixed-point.ts'
import { sha256Counter } from '../lib/sha256.ts'
import { taggedBytes } from './hash.ts'

export interface Candidate {
  /** 20-byte address: the order of candidates. */
  readonly address: Uint8Array
  readonly weight: bigint
}

/** An endless stream of integers below chosen bounds, a function of the seed alone. */
export interface DrawStream {
  /** Uniform in [0, bound), bound in [1, 2^248]. @throws CodedError `out_of_range` */
  below(bound: bigint): bigint
}

const MAX_BOUND = 1n << 248n
const WORD = 1n << 32n

export function createDrawStream(seed: Uint8Array): DrawStream {
  // taggedHash('tailrace/draw/stream/1', seed, u64be(counter)); nearly all of it is the same for every counter.
  const message = taggedBytes('tailrace/draw/stream/1', seed, u64be(0n))
  const digest = sha256Counter(message.subarray(0, message.length - 8))
  let counter = 0
  const next = (): Int32Array => {
    const words = digest(counter)
    counter += 1
    return words
  }
  return {
    below(bound) {
      if (bound < 1n || bound > MAX_BOUND) {
        throw new CodedError('out_of_range', 'a draw needs a bound from 1 to 2^248')
      }
      return bound <= WORD ? BigInt(belowWord(next, Number(bound))) : belowWide(next, bound)
    },
  }
}

/** As many low bits of the digest as the bound's last value has, at least one, until they are below it. */
function belowWord(next: () => Int32Array, bound: number): number {
  const bits = 32 - Math.clz32(bound - 1)
  const mask = bits <= 1 ? 1 : 0xffff_ffff >>> (32 - bits)
  for (;;) {
    const value = ((next()[7] as number) & mask) >>> 0
    if (value < bound) {
      return value
    }
  }
}

function belowWide(next: () => Int32Array, bound: bigint): bigint {
  const bits = BigInt((bound - 1n).toString(2).length)
  const mask = (1n << bits) - 1n
  for (;;) {
    const value = next().reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n) & mask
    if (value < bound) {
      return value
    }
  }
}

/** `count` distinct integers below `size`, ascending; all of them where count ≥ size (Floyd's sampling: count draws). */
export function drawSample(seed: Uint8Array, size: number, count: number): number[] {
  if (count >= size) {
    return Array.from({ length: size }, (_, index) => index)
  }
  const stream = createDrawStream(seed)
  const chosen = new Set<number>()
  for (let top = size - count; top < size; top++) {
    const drawn = Number(stream.below(BigInt(top + 1)))
    chosen.add(chosen.has(drawn) ? top : drawn)
  }
  return [...chosen].sort((a, b) => a - b)
}

/** Up to `count` candidates, weighted, without replacement, in the order drawn. Weight 0 is never drawn. */
export function drawWeighted(seed: Uint8Array, candidates: readonly Candidate[], count: number): Candidate[] {
  return drawFrom(createDrawTable(candidates), seed, count)
}

/** Candidates made ready for many draws: with weight, in address order, each with the sum of the weights up to and with it. */
export interface DrawTable {
  readonly candidates: readonly Candidate[]
  readonly ends: readonly bigint[]
}

export function createDrawTable(candidates: readonly Candidate[]): DrawTable {
  const sorted = candidates
    .filter((candidate) => candidate.weight > 0n)
    .sort((a, b) => compareBytes(a.address, b.address))
  let end = 0n
  const ends = sorted.map(({ weight }) => {
    end += weight
    return end
  })
  return { candidates: sorted, ends }
}

/** `drawWeighted` of the table's candidates but one: a draw costs a search, whatever their number. */
export function drawFrom(table: DrawTable, seed: Uint8Array, count: number, excluded?: Uint8Array): Candidate[] {
  const { candidates, ends } = table
  const stream = createDrawStream(seed)
  const gone = excluded === undefined ? [] : placesOf(table, excluded)
  let total = (ends.at(-1) ?? 0n) - sumBigint(gone.map((at) => (candidates[at] as Candidate).weight))
  const drawn: Candidate[] = []
  while (drawn.length < count && gone.length < candidates.length) {
    let point = stream.below(total)
    // The weights of those that are gone are stepped over, in their order.
    for (const at of gone) {
      const { weight } = candidates[at] as Candidate
      if (point < (ends[at] as bigint) - weight) {
        break
      }
      point += weight
    }
    const at = firstIndex(ends.length, (index) => (ends[index] as bigint) > point)
    const winner = candidates[at] as Candidate
    gone.splice(
      firstIndex(gone.length, (index) => (gone[index] as number) > at),
      0,
      at,
    )
    total -= winner.weight
    drawn.push(winner)
  }
  return drawn
}

function placesOf({ candidates }: DrawTable, address: Uint8Array): number[] {
  const addressAt = (at: number): Uint8Array => (candidates[at] as Candidate).address
  const places: number[] = []
  let at = firstIndex(candidates.length, (index) => compareBytes(addressAt(index), address) >= 0)
  while (at < candidates.length && compareBytes(addressAt(at), address) === 0) {
    places.push(at)
    at += 1
  }
  return places
}

/** The first index for which it holds, where it holds for all that follow; `length` where for none. */
function firstIndex(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) {
      high = middle
    } else {
      low = middle + 1
    }
  }
  return low
}
