/**
 * The noise of bound sampling: G(seed, choice, position, token), standard Gumbel as Q16.16, from one 32-bit Philox word per
 * token and a table of 32 octaves of 64 steps on each side of the median, linear in between.
 */
import { CodedError } from '../../lib/coded-error.ts'
import { philox4x32 } from '../../lib/philox.ts'
import { GUMBEL_ABOVE_FIRST, GUMBEL_ABOVE_STEPS, GUMBEL_BELOW_FIRST, GUMBEL_BELOW_STEPS } from './table-data.ts'

export const SAMPLING_SEED_BYTES = 32
const STEP_DIGITS = 3

/** G where x / 2^33 is the probability of a greater value: entry 64 · octave + step is for x = 2^octave · (1 + step/64). Falls. */
export const GUMBEL_ABOVE: Int32Array = readSteps(GUMBEL_ABOVE_FIRST, GUMBEL_ABOVE_STEPS, -1)
/** G where x / 2^33 is the probability of a smaller value. Rises to the same median. */
export const GUMBEL_BELOW: Int32Array = readSteps(GUMBEL_BELOW_FIRST, GUMBEL_BELOW_STEPS, 1)
/** Nothing is greater: about 22.87. */
export const GUMBEL_MAX: number = GUMBEL_ABOVE[0] as number
/** G of the least word with n leading zeros, n = 0 … 32: G falls with the word. */
const MOST_BY_LEADING_ZEROS: Int32Array = Int32Array.from({ length: 33 }, (_, zeros) =>
  gumbelOf(zeros < 32 ? 2 ** (31 - zeros) : 0),
)

/**
 * Standard Gumbel value of a uniform 32-bit word (int32 or uint32), Q16.16, within 4 units (6e-5) of −ln(−ln(1 − (word + ½) / 2^32)).
 * Falls with the word: 0 gives GUMBEL_MAX.
 */
export function gumbelOf(word: number): number {
  const isAbove = word >>> 31 === 0
  const table = isAbove ? GUMBEL_ABOVE : GUMBEL_BELOW
  const x = ((isAbove ? word : ~word) << 1) | 1
  const leading = Math.clz32(x)
  const mantissa = x << leading
  const index = ((31 - leading) << 6) | ((mantissa >>> 25) & 63)
  const entry = table[index] as number
  // Neighbours differ by less than 2^11: the product fits in 27 bits. The shift rounds towards −∞ on both sides.
  return entry + ((((table[index + 1] as number) - entry) * ((mantissa >>> 9) & 0xffff)) >> 16)
}

/** What no word with as many leading zeros as this one exceeds: a first look that needs no table of 2,049 entries. */
export function gumbelAtMost(word: number): number {
  return MOST_BY_LEADING_ZEROS[Math.clz32(word)] as number
}

/** Reads G of one request and choice; the words of four neighbouring tokens come from one Philox block. */
export class GumbelNoise {
  readonly #key0: number
  readonly #key1: number
  readonly #lane: number
  readonly #choice: number
  readonly #words = new Int32Array(4)
  #position = -1
  #block = -1

  /** @throws CodedError `out_of_range` where the seed has not 32 bytes or the choice is no uint32. */
  constructor(seed: Uint8Array, choice: number) {
    if (seed.length !== SAMPLING_SEED_BYTES || choice >>> 0 !== choice) {
      throw new CodedError('out_of_range', 'a sampling seed has 32 bytes and a choice is an unsigned 32-bit integer')
    }
    const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength)
    // The seed is a hash, so its first 96 bits are as good as any.
    this.#key0 = view.getInt32(0)
    this.#key1 = view.getInt32(4)
    this.#lane = view.getInt32(8)
    this.#choice = choice
  }

  at(position: number, token: number): number {
    return gumbelOf(this.wordAt(position, token))
  }

  /** Word token & 3 of Philox(counter = (token >> 2, position, choice, seed[8…12)), key = (seed[0…4), seed[4…8))), big endian. */
  wordAt(position: number, token: number): number {
    const block = token >> 2
    if (block !== this.#block || position !== this.#position) {
      philox4x32(this.#words, 0, block, position, this.#choice, this.#lane, this.#key0, this.#key1)
      this.#block = block
      this.#position = position
    }
    return this.#words[token & 3] as number
  }
}

function readSteps(first: number, hex: string, direction: 1 | -1): Int32Array {
  const table = new Int32Array(hex.length / STEP_DIGITS + 1)
  table[0] = first
  for (let i = 1; i < table.length; i++) {
    const step = Number.parseInt(hex.slice((i - 1) * STEP_DIGITS, i * STEP_DIGITS), 16)
    table[i] = (table[i - 1] as number) + direction * step
  }
  return table
}
