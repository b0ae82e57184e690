/**
 * Small working models of the two decode-like candidates, on the CPU with the race's own arithmetic: what a check of one attempt costs,
 * measured. They fix no function: seeds, digests and vectors are left out.
 */
import { philox4x32 } from '../../src/lib/philox.ts'
import { linearShift, normalise, normGain, scoreShift } from '../../src/race/arithmetic.ts'
import { addRequantised, multiplyRows, requantise } from '../../src/race/linear.ts'
import { createExponentialTable } from '../../src/race/tables.ts'
import type { CacheShape } from './rooflines.ts'
import { cacheCosts } from './rooflines.ts'

const HEAD = 64

export interface PrototypeRun {
  readonly seconds: number
  /** The last state: two runs of one nonce must agree, two nonces must not. */
  readonly state: Int32Array
}

function fillNoise(out: Int8Array, key: number, nonce: number): void {
  const words = new Int32Array(4)
  for (let at = 0; at < out.length; at += 16) {
    philox4x32(words, 0, at >> 4, nonce, 0, 0, key, 0)
    out.set(new Int8Array(words.buffer), at)
  }
}

/** One attempt with a cache of its own: `build` fills keys and values of the prefix, `step` appends nothing and re-reads all of it. */
export class CachePrototype {
  readonly #shape: CacheShape
  /** Query, key, value, output and two feed-forward matrices a layer, width × width each. */
  readonly #weights: Int8Array
  readonly #cache: Int8Array
  readonly #hidden: Int32Array
  readonly #normed: Int8Array
  readonly #projected: Int8Array
  readonly #mixed: Int8Array
  readonly #sums: Int32Array
  readonly #scores: Int32Array
  readonly #head = new Int32Array(HEAD)
  readonly #exponential = createExponentialTable()

  constructor(shape: CacheShape) {
    const { layers, width, prefix } = shape
    const elements = prefix * width
    this.#shape = shape
    this.#weights = new Int8Array(layers * 6 * width * width)
    this.#cache = new Int8Array(cacheCosts(shape).cacheBytes)
    this.#hidden = new Int32Array(elements)
    this.#normed = new Int8Array(elements)
    this.#projected = new Int8Array(elements)
    this.#mixed = new Int8Array(elements)
    this.#sums = new Int32Array(elements)
    this.#scores = new Int32Array(prefix)
    fillNoise(this.#weights, 1, 0)
  }

  build(nonce: number): PrototypeRun {
    return this.#timed(() => {
      const inputs = new Int8Array(this.#hidden.length)
      fillNoise(inputs, 2, nonce)
      this.#hidden.set(inputs)
      this.#layers(this.#shape.prefix, true)
    })
  }

  step(steps: number): PrototypeRun {
    return this.#timed(() => {
      for (let step = 0; step < steps; step++) {
        this.#layers(1, false)
      }
    })
  }

  #timed(work: () => void): PrototypeRun {
    const startMs = performance.now()
    work()
    return { seconds: (performance.now() - startMs) / 1000, state: this.#hidden.slice(0, this.#shape.width) }
  }

  /** All layers for `rows` rows; the prefix writes its keys and values, a step only reads them. */
  #layers(rows: number, isPrefix: boolean): void {
    const { layers, width, prefix } = this.#shape
    const shift = linearShift(width)
    for (let layer = 0; layer < layers; layer++) {
      for (let row = 0; row < rows; row++) {
        normalise(this.#normed, row * width, this.#hidden, row * width, width, normGain(width))
      }
      for (let kind = 0; isPrefix && kind < 2; kind++) {
        this.#multiply(this.#normed, rows, layer, 1 + kind)
        requantise(this.#cache, (layer * 2 + kind) * prefix * width, width, this.#sums, rows, width, shift)
      }
      this.#multiply(this.#normed, rows, layer, 0)
      requantise(this.#projected, 0, width, this.#sums, rows, width, shift)
      for (let row = 0; row < rows; row++) {
        this.#attend(layer, row, isPrefix ? row + 1 : prefix)
      }
      for (const [matrix, inputs] of [this.#mixed, this.#normed, this.#projected].entries()) {
        this.#multiply(inputs, rows, layer, 3 + matrix)
        addRequantised(this.#hidden, 0, this.#sums, rows * width, shift)
      }
    }
  }

  #multiply(inputs: Int8Array, rows: number, layer: number, matrix: number): void {
    const { width } = this.#shape
    const weights = { data: this.#weights, offset: (layer * 6 + matrix) * width * width, rows: width }
    multiplyRows(this.#sums, { data: inputs, offset: 0, rows }, weights, width)
  }

  #attend(layer: number, row: number, seen: number): void {
    const { width, prefix } = this.#shape
    const keysAt = layer * 2 * prefix * width
    const valuesAt = keysAt + prefix * width
    const head = this.#head
    for (let column = 0; column < width; column += HEAD) {
      const largest = this.#score(row * width + column, keysAt + column, seen)
      head.fill(0)
      for (let j = 0; j < seen; j++) {
        const weight = this.#exponential[Math.min(255, largest - (this.#scores[j] as number))] as number
        const at = valuesAt + j * width + column
        for (let i = 0; i < HEAD; i++) {
          head[i] = (head[i] as number) + Math.imul(weight, this.#cache[at + i] as number)
        }
      }
      normalise(this.#mixed, row * width + column, head, 0, HEAD, normGain(HEAD))
    }
  }

  /** Scores of the query at `queryAt` with `seen` keys from `keysAt` on; returns the largest. */
  #score(queryAt: number, keysAt: number, seen: number): number {
    let largest = -0x80000000
    for (let j = 0; j < seen; j++) {
      const at = keysAt + j * this.#shape.width
      let sum = 0
      for (let i = 0; i < HEAD; i++) {
        sum = (sum + Math.imul(this.#projected[queryAt + i] as number, this.#cache[at + i] as number)) | 0
      }
      this.#scores[j] = sum >> scoreShift(HEAD)
      largest = Math.max(largest, this.#scores[j] as number)
    }
    return largest
  }
}

const ITEM = 512
const ITEM_LAYERS = 4

export interface TablePrototype {
  /** Computes the vector `index` of the table: 4 layers of 512². */
  item(index: number, out: Int8Array): void
  /** An attempt that reads `reads` vectors: out of `stored`, or each computed anew where there is none. */
  attempt(nonce: number, reads: number, stored?: Int8Array): PrototypeRun
}

export function createTablePrototype(items: number): TablePrototype {
  const weights = new Int8Array(ITEM_LAYERS * ITEM * ITEM)
  fillNoise(weights, 3, 0)
  const sums = new Int32Array(ITEM)
  const gain = normGain(ITEM)
  const fresh = new Int8Array(ITEM)

  function item(index: number, out: Int8Array): void {
    fillNoise(out, 4, index)
    for (let layer = 0; layer < ITEM_LAYERS; layer++) {
      const matrix = { data: weights, offset: layer * ITEM * ITEM, rows: ITEM }
      multiplyRows(sums, { data: out, offset: 0, rows: 1 }, matrix, ITEM)
      normalise(out, 0, sums, 0, ITEM, gain)
    }
  }

  return {
    item,
    attempt(nonce, reads, stored) {
      const startMs = performance.now()
      const state = new Int32Array(ITEM)
      const small = new Int8Array(ITEM)
      fillNoise(small, 5, nonce)
      for (let read = 0; read < reads; read++) {
        const address =
          ((small[0] as number) & 255) | (((small[1] as number) & 255) << 8) | (((small[2] as number) & 255) << 16)
        const index = address % items
        let at = 0
        let source: Int8Array = fresh
        if (stored === undefined) {
          item(index, fresh)
        } else {
          source = stored
          at = index * ITEM
        }
        // Each element meets another one at every read, so that all of a vector decides where the next one lies.
        for (let i = 0; i < ITEM; i++) {
          state[i] = Math.imul(small[(i + 1) & (ITEM - 1)] as number, 3) + (source[at + i] as number)
        }
        normalise(small, 0, state, 0, ITEM, gain)
      }
      return { seconds: (performance.now() - startMs) / 1000, state }
    },
  }
}
