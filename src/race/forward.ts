import { philox4x32 } from '../lib/philox.ts'
import { linearShift, normalise, normGain, scoreShift } from './arithmetic.ts'
import type { PhiloxStream } from './keys.ts'
import { addRequantised, multiplyRows, requantise } from './linear.ts'
import type { RaceModel } from './model.ts'
import { layerOffsets } from './model.ts'
import type { StageTensor } from './stages.ts'
import { createActivationTable, createExponentialTable, EXPONENTIAL_ENTRIES } from './tables.ts'

/** Called after each stage with its name (stages.ts); the buffers then hold its result. */
export type StageObserver = (name: string) => void

/** One forward pass over buffers that are kept: after `run`, the last row of `hidden` is what the digest takes. */
export class ForwardPass {
  /** Residual stream, positions × width. */
  readonly hidden: Int32Array
  readonly #model: RaceModel
  readonly #weights: Int8Array
  readonly #normed: Int8Array
  /** Query, key and value of each position side by side. */
  readonly #projected: Int8Array
  readonly #attended: Int8Array
  readonly #expanded: Int8Array
  readonly #sums: Int32Array
  readonly #activation = createActivationTable()
  readonly #attend: (firstRow: number) => void
  readonly #widthShift: number
  readonly #feedShift: number
  readonly #gain: number

  constructor(model: RaceModel) {
    const { width, positions, hidden } = model.shape
    const elements = Math.imul(positions, width)
    this.#model = model
    this.#weights = model.weights
    this.hidden = new Int32Array(elements)
    this.#normed = new Int8Array(elements)
    this.#projected = new Int8Array(Math.imul(3, elements))
    this.#attended = new Int8Array(elements)
    this.#expanded = new Int8Array(Math.imul(positions, hidden))
    const most = this.#projected.length > this.#expanded.length ? this.#projected.length : this.#expanded.length
    this.#sums = new Int32Array(most)
    this.#attend = createAttention(model, this.#projected, this.#attended)
    this.#widthShift = linearShift(width)
    this.#feedShift = linearShift(hidden)
    this.#gain = normGain(width)
  }

  run(stream: PhiloxStream, nonceLow: number, nonceHigh: number, observe?: StageObserver): void {
    const { positions, width, layers } = this.#model.shape
    embed(this.hidden, positions, width, stream, nonceLow, nonceHigh)
    observe?.('input')
    for (let layer = 0; layer < layers; layer++) {
      this.#runLayer(layer, observe)
    }
  }

  /** The memory of a whole tensor, for cutting stages out of it. */
  tensorBytes(tensor: StageTensor): Uint8Array {
    switch (tensor) {
      case 'hidden':
        return new Uint8Array(this.hidden.buffer)
      case 'normed':
        return new Uint8Array(this.#normed.buffer)
      case 'projected':
        return new Uint8Array(this.#projected.buffer)
      case 'attended':
        return new Uint8Array(this.#attended.buffer)
      case 'expanded':
        return new Uint8Array(this.#expanded.buffer)
    }
  }

  /** In the last layer the digest needs one position: keys and values are made for all, the rest for that one. */
  #runLayer(layer: number, observe: StageObserver | undefined): void {
    const { shape } = this.#model
    const { width, hidden, positions } = shape
    const offsets = layerOffsets(shape, layer)
    const firstRow = layer === shape.layers - 1 ? positions - 1 : 0
    this.#normaliseRows(0)
    observe?.(`layer${layer}.attention-norm`)
    this.#project(firstRow, offsets.query, 0, width)
    observe?.(`layer${layer}.query`)
    this.#project(0, offsets.key, width, width + width)
    observe?.(`layer${layer}.key-value`)
    this.#attend(firstRow)
    observe?.(`layer${layer}.attention`)
    this.#accumulate(this.#attended, firstRow, width, offsets.output, this.#widthShift)
    observe?.(`layer${layer}.attention-residual`)
    this.#normaliseRows(firstRow)
    observe?.(`layer${layer}.feed-norm`)
    this.#expand(firstRow, offsets.up)
    observe?.(`layer${layer}.feed-hidden`)
    this.#accumulate(this.#expanded, firstRow, hidden, offsets.down, this.#feedShift)
    observe?.(`layer${layer}.feed-residual`)
  }

  #normaliseRows(firstRow: number): void {
    const { width, positions } = this.#model.shape
    for (let row = firstRow; row < positions; row++) {
      const at = Math.imul(row, width)
      normalise(this.#normed, at, this.hidden, at, width, this.#gain)
    }
  }

  /** Columns firstColumn … of `projected` from the normed rows. */
  #project(firstRow: number, weightAt: number, firstColumn: number, columns: number): void {
    const { width, positions } = this.#model.shape
    const stride = Math.imul(3, width)
    this.#multiply(this.#normed, firstRow, width, weightAt, columns)
    const to = Math.imul(firstRow, stride) + firstColumn
    requantise(this.#projected, to, stride, this.#sums, positions - firstRow, columns, this.#widthShift)
  }

  #accumulate(inputs: Int8Array, firstRow: number, inputWidth: number, weightAt: number, shift: number): void {
    const { width } = this.#model.shape
    this.#multiply(inputs, firstRow, inputWidth, weightAt, width)
    const at = Math.imul(firstRow, width)
    addRequantised(this.hidden, at, this.#sums, this.hidden.length - at, shift)
  }

  #expand(firstRow: number, weightAt: number): void {
    const { width, hidden, positions } = this.#model.shape
    const expanded = this.#expanded
    this.#multiply(this.#normed, firstRow, width, weightAt, hidden)
    const from = Math.imul(firstRow, hidden)
    requantise(expanded, from, hidden, this.#sums, positions - firstRow, hidden, this.#widthShift)
    for (let i = from; i < expanded.length; i++) {
      expanded[i] = this.#activation[(expanded[i] as number) & 255] as number
    }
  }

  /** sums = inputs[firstRow …] · weights[outputs]ᵀ */
  #multiply(inputs: Int8Array, firstRow: number, inputWidth: number, weightAt: number, outputs: number): void {
    const rows = this.#model.shape.positions - firstRow
    const inputView = { data: inputs, offset: Math.imul(firstRow, inputWidth), rows }
    multiplyRows(this.#sums, inputView, { data: this.#weights, offset: weightAt, rows: outputs }, inputWidth)
  }
}

/** Input: element i of position p is byte i & 15 of Philox block (nonce low, nonce high, p · 2^16 + i >> 4, lane). */
function embed(
  hidden: Int32Array,
  positions: number,
  width: number,
  stream: PhiloxStream,
  nonceLow: number,
  nonceHigh: number,
): void {
  const words = new Int32Array(4)
  for (let position = 0; position < positions; position++) {
    const row = Math.imul(position, width)
    for (let column = 0; column < width; column += 16) {
      const place = (position << 16) | (column >> 4)
      philox4x32(words, 0, nonceLow, nonceHigh, place, stream.lane, stream.key0, stream.key1)
      for (let i = 0; i < 16; i++) {
        hidden[row + column + i] = ((words[i >> 2] as number) << (24 - ((i & 3) << 3))) >> 24
      }
    }
  }
}

/**
 * Causal attention of rows firstRow …: Σ_j exp(score_j) · value_j, then the norm over the head. The norm is blind to
 * scale, so the softmax denominator cancels and no division by it is needed.
 */
export function createAttention(
  model: RaceModel,
  projected: Int8Array,
  attended: Int8Array,
): (firstRow: number) => void {
  const { width, heads, headWidth, positions } = model.shape
  const stride = Math.imul(3, width)
  const scores = new Int32Array(positions)
  const mixed = new Int32Array(headWidth)
  const exponential = createExponentialTable()
  const shift = scoreShift(headWidth)
  const gain = normGain(headWidth)

  function scoreRow(row: number, column: number): number {
    const queryAt = Math.imul(row, stride) + column
    let largest = -0x80000000
    for (let j = 0; j <= row; j++) {
      const keyAt = Math.imul(j, stride) + width + column
      let sum = 0
      for (let i = 0; i < headWidth; i++) {
        sum = (sum + Math.imul(projected[queryAt + i] as number, projected[keyAt + i] as number)) | 0
      }
      const score = sum >> shift
      scores[j] = score
      largest = score > largest ? score : largest
    }
    return largest
  }

  function mixRow(row: number, column: number, largest: number): void {
    mixed.fill(0)
    for (let j = 0; j <= row; j++) {
      const distance = largest - (scores[j] as number)
      const weight = exponential[distance < EXPONENTIAL_ENTRIES ? distance : EXPONENTIAL_ENTRIES - 1] as number
      const valueAt = Math.imul(j, stride) + width + width + column
      for (let i = 0; i < headWidth; i++) {
        mixed[i] = (mixed[i] as number) + Math.imul(weight, projected[valueAt + i] as number)
      }
    }
  }

  return (firstRow) => {
    for (let row = firstRow; row < positions; row++) {
      for (let head = 0; head < heads; head++) {
        const column = Math.imul(head, headWidth)
        mixRow(row, column, scoreRow(row, column))
        normalise(attended, Math.imul(row, width) + column, mixed, 0, headWidth, gain)
      }
    }
  }
}
