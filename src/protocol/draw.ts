/**
 * Verifiable draws (protocol §1): integers only, candidates in address order, rejection sampling, so that anybody who knows
 * the seed and the candidates computes the same result. The stream of a seed is H(seed ‖ 0), H(seed ‖ 1), …
 */
import { bytesToBigint, compareBytes, u64be } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { sumBigint } from '../lib/fixed-point.ts'
import { taggedHash } from './hash.ts'

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

export function createDrawStream(seed: Uint8Array): DrawStream {
  let counter = 0n
  return {
    below(bound) {
      if (bound < 1n || bound > MAX_BOUND) {
        throw new CodedError('out_of_range', 'a draw needs a bound from 1 to 2^248')
      }
      const bits = BigInt((bound - 1n).toString(2).length)
      const mask = (1n << bits) - 1n
      for (;;) {
        const value = bytesToBigint(taggedHash('tailrace/draw/stream/1', seed, u64be(counter))) & mask
        counter += 1n
        if (value < bound) {
          return value
        }
      }
    },
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
  const rest = candidates
    .filter((candidate) => candidate.weight > 0n)
    .sort((a, b) => compareBytes(a.address, b.address))
  const stream = createDrawStream(seed)
  let total = sumBigint(rest.map((candidate) => candidate.weight))
  const drawn: Candidate[] = []
  while (drawn.length < count && rest.length > 0) {
    let point = stream.below(total)
    let index = 0
    while (point >= (rest[index] as Candidate).weight) {
      point -= (rest[index] as Candidate).weight
      index += 1
    }
    const [winner] = rest.splice(index, 1) as [Candidate]
    total -= winner.weight
    drawn.push(winner)
  }
  return drawn
}
