import { linearShift, normalise, normGain, scoreShift } from './arithmetic.ts'
import type { PhiloxStream } from './keys.ts'
import { addRequantised, multiplyRows, requantise } from './linear.ts'
import type { RaceModel } from './model.ts'
import { layerOffsets } from './model.ts'
import { philox4x32 } from './philox.ts'
import type { StageTensor } from './stages.ts'
import { createActivationTable, createExponentialTable, EXPONENTIAL_ENTRIES } from './tables.ts'

/** Called after each stage with its name (stages.ts); the buffers then hold its result. */
export type StageObserver = (name: string) => void

/** One forward pass over buffers that are kept: after `run`, the last row of `hidden` is what the digest takes. */
export interface ForwardPass {
  run(stream: PhiloxStream, nonceLow: number, nonceHigh: number, observe?: StageObserver): void
  readonly hidden: Int32Array
  tensorBytes(tensor: StageTensor): Uint8Array
}

export function createForwardPass(model: RaceModel): ForwardPass {
  const { shape, weights } = model
  const { width, positions, layers, hidden: feedWidth } = shape
  const hidden = new Int32Array(Math.imul(positions, width))
  const normed = new Int8Array(hidden.length)
  const projected = new Int8Array(Math.imul(3, hidden.length))
  const attended = new Int8Array(hidden.length)
  const expanded = new Int8Array(Math.imul(positions, feedWidth))
  const sums = new Int32Array(projected.length > expanded.length ? projected.length : expanded.length)
  const activation = createActivationTable()
  const attend = createAttention(model, projected, attended)
  const widthShift = linearShift(width)
  const feedShift = linearShift(feedWidth)
  const gain = normGain(width)

  /** sums = inputs[firstRow …] · weights[outputs]ᵀ */
  function multiply(inputs: Int8Array, firstRow: number, inputWidth: number, weightAt: number, outputs: number): void {
    const inputView = { data: inputs, offset: Math.imul(firstRow, inputWidth), rows: positions - firstRow }
    multiplyRows(sums, inputView, { data: weights, offset: weightAt, rows: outputs }, inputWidth)
  }

  function normaliseRows(firstRow: number): void {
    for (let row = firstRow; row < positions; row++) {
      const at = Math.imul(row, width)
      normalise(normed, at, hidden, at, width, gain)
    }
  }

  function project(firstRow: number, weightAt: number, firstColumn: number, columns: number): void {
    const stride = Math.imul(3, width)
    multiply(normed, firstRow, width, weightAt, columns)
    const to = Math.imul(firstRow, stride) + firstColumn
    requantise(projected, to, stride, sums, positions - firstRow, columns, widthShift)
  }

  function accumulate(inputs: Int8Array, firstRow: number, inputWidth: number, weightAt: number, shift: number): void {
    multiply(inputs, firstRow, inputWidth, weightAt, width)
    const at = Math.imul(firstRow, width)
    addRequantised(hidden, at, sums, hidden.length - at, shift)
  }

  function expand(firstRow: number, weightAt: number): void {
    multiply(normed, firstRow, width, weightAt, feedWidth)
    const from = Math.imul(firstRow, feedWidth)
    requantise(expanded, from, feedWidth, sums, positions - firstRow, feedWidth, widthShift)
    for (let i = from; i < expanded.length; i++) {
      expanded[i] = activation[(expanded[i] as number) & 255] as number
    }
  }

  function runLayer(layer: number, observe: StageObserver | undefined): void {
    const offsets = layerOffsets(shape, layer)
    const firstRow = layer === layers - 1 ? positions - 1 : 0
    normaliseRows(0)
    observe?.(`layer${layer}.attention-norm`)
    project(firstRow, offsets.query, 0, width)
    observe?.(`layer${layer}.query`)
    project(0, offsets.key, width, width + width)
    observe?.(`layer${layer}.key-value`)
    attend(firstRow)
    observe?.(`layer${layer}.attention`)
    accumulate(attended, firstRow, width, offsets.output, widthShift)
    observe?.(`layer${layer}.attention-residual`)
    normaliseRows(firstRow)
    observe?.(`layer${layer}.feed-norm`)
    expand(firstRow, offsets.up)
    observe?.(`layer${layer}.feed-hidden`)
    accumulate(expanded, firstRow, feedWidth, offsets.down, feedShift)
    observe?.(`layer${layer}.feed-residual`)
  }

  const tensors = { hidden, normed, projected, attended, expanded }
  return {
    hidden,
    run(stream, nonceLow, nonceHigh, observe): void {
      embed(hidden, positions, width, stream, nonceLow, nonceHigh)
      observe?.('input')
      for (let layer = 0; layer < layers; layer++) {
        runLayer(layer, observe)
      }
    },
    tensorBytes: (tensor) => new Uint8Array(tensors[tensor].buffer),
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
function createAttention(model: RaceModel, projected: Int8Array, attended: Int8Array): (firstRow: number) => void {
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
