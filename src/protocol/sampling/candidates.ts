/**
 * The candidates of one position: adjusted logits z, and the tokens still in the running, ids rising. Their order is falling z,
 * then rising id; a set is always a prefix of that order. Prefixes are found by counting over buckets of z, without a sort: ties
 * differ in their id alone, so a cut is one z and how many of that z stay. Arrays are made once and used for every position.
 */
import { weightAt, weightRate } from './exponential.ts'
import { MASKED } from './quantize.ts'

const BUCKET_BITS = 11
const BUCKETS = 1 << BUCKET_BITS

/** Where a prefix of the order ends: all candidates above `z` and the first `ties` of those at `z`. */
export interface Cut {
  z: number
  ties: number
}

export class Candidates {
  /** Adjusted logits of the whole vocabulary. */
  readonly z: Int32Array
  /** The candidates: ids[0 … count). */
  readonly ids: Int32Array
  count = 0
  /** The best candidate, the lowest id among equals; 0 where there is none. */
  best = 0
  /** z of the last candidate. */
  #least = 0
  readonly #weights: Int32Array
  readonly #buckets = new Float64Array(BUCKETS)

  constructor(vocabularySize: number) {
    this.z = new Int32Array(vocabularySize)
    this.ids = new Int32Array(vocabularySize)
    this.#weights = new Int32Array(vocabularySize)
  }

  /** Everything that is not masked becomes a candidate. */
  collect(): void {
    const { z, ids } = this
    let count = 0
    let best = 0
    let top = MASKED
    let least = 0x7fffffff
    for (let id = 0; id < z.length; id++) {
      const value = z[id] as number
      if (value === MASKED) {
        continue
      }
      ids[count++] = id
      if (value > top) {
        top = value
        best = id
      }
      least = value < least ? value : least
    }
    this.#least = least
    this.count = count
    this.best = best
  }

  /** Each candidate weighs 1. */
  weighEqually(): void {
    this.#weights.fill(1, 0, this.count)
  }

  /** Weights exp((z − best z) / temperature), 2^30 for the best. Returns their sum: at most 2^20 · 2^30, exact. */
  weighByMass(temperature: number): number {
    const { z, ids, count } = this
    const weights = this.#weights
    const top = z[this.best] as number
    const rate = weightRate(temperature)
    let sum = 0
    for (let i = 0; i < count; i++) {
      const weight = weightAt(top - (z[ids[i] as number] as number), rate)
      weights[i] = weight
      sum += weight
    }
    return sum
  }

  /**
   * The end of the shortest prefix whose weights reach `limit`, which is at least 1 and at most the sum of all. Adds weights up by
   * the first bits of the distance to the best, then by the next bits where the limit falls, until the distance is known: at most three passes.
   */
  cutAt(limit: number, cut: Cut): void {
    const buckets = this.#buckets
    const top = this.z[this.best] as number
    let width = BUCKET_BITS
    let shift = Math.max(0, 32 - Math.clz32(top - this.#least) - width)
    let prefix = 0
    let before = 0
    for (;;) {
      this.#addByBits(prefix, width, shift)
      let bucket = 0
      while (before + (buckets[bucket] as number) < limit) {
        before += buckets[bucket] as number
        bucket++
      }
      // Below 2^32, as the distance is.
      prefix = prefix * 2 ** width + bucket
      if (shift === 0) {
        cut.z = top - prefix
        cut.ties = this.#tiesFor(limit - before, cut.z)
        return
      }
      width = Math.min(BUCKET_BITS, shift)
      shift -= width
    }
  }

  /** The greatest z outside the prefix, MASKED where nothing is. */
  outside(cut: Cut): number {
    const { z, ids, count } = this
    let ties = 0
    let below = MASKED
    for (let i = 0; i < count; i++) {
      const value = z[ids[i] as number] as number
      if (value === cut.z) {
        ties++
      } else if (value < cut.z && value > below) {
        below = value
      }
    }
    return ties > cut.ties ? cut.z : below
  }

  /** Leaves the prefix alone as candidates. */
  keep(cut: Cut): void {
    const { z, ids, count } = this
    let kept = 0
    let ties = cut.ties
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number
      const value = z[id] as number
      if (value > cut.z || (value === cut.z && ties-- > 0)) {
        ids[kept++] = id
      }
    }
    this.count = kept
    this.#least = cut.z
  }

  /** Sums of weights by the `width` bits of the distance above `shift`, of those whose higher bits are `prefix`. Sums stay below 2^51. */
  #addByBits(prefix: number, width: number, shift: number): void {
    const { z, ids, count } = this
    const weights = this.#weights
    const buckets = this.#buckets.fill(0)
    const top = z[this.best] as number
    const mask = (1 << width) - 1
    for (let i = 0; i < count; i++) {
      // Distances are below 2^32: as an uint32 the difference is right although an int32 would overflow.
      const bits = (top - (z[ids[i] as number] as number)) >>> shift
      if (bits >>> width === prefix) {
        const bucket = bits & mask
        buckets[bucket] = (buckets[bucket] as number) + (weights[i] as number)
      }
    }
  }

  /** How many candidates at z it takes to reach `rest`: all of them weigh the same. */
  #tiesFor(rest: number, z: number): number {
    for (let i = 0; i < this.count; i++) {
      if (this.z[this.ids[i] as number] === z) {
        // Integers below 2^51: the floor of the rounded quotient is the true one (see weightRate).
        const weight = this.#weights[i] as number
        return Math.floor((rest + weight - 1) / weight)
      }
    }
    return 0
  }
}
