import type { RaceShape } from './shapes.ts'

/**
 * The intermediate results of a pass in order, as regions of its buffers: what vectors, the oracle's trace and the GPU's
 * trace are compared by. In the last layer only keys and values are needed at every position.
 */
export type StageTensor = 'hidden' | 'normed' | 'projected' | 'attended' | 'expanded'

export interface Stage {
  readonly name: string
  readonly tensor: StageTensor
  /** Rows firstRow … positions − 1. */
  readonly firstRow: number
  readonly firstColumn: number
  readonly columns: number
}

export function stagesOf(shape: RaceShape): readonly Stage[] {
  const { width, hidden } = shape
  const stages: Stage[] = [{ name: 'input', tensor: 'hidden', firstRow: 0, firstColumn: 0, columns: width }]
  for (let layer = 0; layer < shape.layers; layer++) {
    const firstRow = layer === shape.layers - 1 ? shape.positions - 1 : 0
    const add = (part: string, tensor: StageTensor, columns: number, from = firstRow, firstColumn = 0): void => {
      stages.push({ name: `layer${layer}.${part}`, tensor, firstRow: from, firstColumn, columns })
    }
    add('attention-norm', 'normed', width, 0)
    add('query', 'projected', width)
    add('key-value', 'projected', width + width, 0, width)
    add('attention', 'attended', width)
    add('attention-residual', 'hidden', width)
    add('feed-norm', 'normed', width)
    add('feed-hidden', 'expanded', hidden)
    add('feed-residual', 'hidden', width)
  }
  return stages
}

/** Elements in one row of a tensor. */
export function rowLength(shape: RaceShape, tensor: StageTensor): number {
  switch (tensor) {
    case 'hidden':
    case 'normed':
    case 'attended':
      return shape.width
    case 'projected':
      return Math.imul(3, shape.width)
    case 'expanded':
      return shape.hidden
  }
}

/** The bytes of a stage, cut from a whole tensor: int8 elements, or int32 little endian for `hidden`. */
export function stageBytes(shape: RaceShape, stage: Stage, tensorBytes: Uint8Array): Uint8Array {
  const scale = stage.tensor === 'hidden' ? 2 : 0
  const stride = rowLength(shape, stage.tensor) << scale
  const length = stage.columns << scale
  const rows = shape.positions - stage.firstRow
  const out = new Uint8Array(Math.imul(rows, length))
  for (let row = 0; row < rows; row++) {
    const from = Math.imul(stage.firstRow + row, stride) + (stage.firstColumn << scale)
    out.set(tensorBytes.subarray(from, from + length), Math.imul(row, length))
  }
  return out
}
