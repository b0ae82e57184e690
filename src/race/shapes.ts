/**
 * The race: one attempt is one forward pass of an integer decoder-only transformer whose every input depends on
 * (epoch seed, host, nonce); its SHA-256 digest under the target is a find.
 *
 * Invariant: every operation is an integer operation with one right result, so the digest is the same on every machine,
 * and a check is equality. No accumulator can leave 32 bits for any weights and inputs (bounds in docs/race.md).
 *
 * Read next: docs/race.md (the specification), model.ts (weights), forward.ts (the pass), oracle.ts (attempt → digest),
 * find.ts (targets and weight). The GPU twins of these files are in shaders/.
 */
export type ShapeName = 'dev' | 'std'

/** Dimensions of one race transformer. All of them are powers of two, but for `layers`. */
export interface RaceShape {
  readonly name: ShapeName
  readonly layers: number
  /** Width of the residual stream. */
  readonly width: number
  readonly heads: number
  /** width = heads × headWidth. */
  readonly headWidth: number
  /** Width of the feed-forward layer. */
  readonly hidden: number
  /** Positions (tokens) of one attempt. */
  readonly positions: number
  /**
   * Multiply-accumulates that one digest needs: causal attention counted causally, the last layer at one position, and no
   * query of position 0, which sees itself alone whatever it asks for.
   */
  readonly macs: bigint
  /** Bytes of int8 weights. */
  readonly weightBytes: number
}

type Dimensions = Omit<RaceShape, 'headWidth' | 'macs' | 'weightBytes'> & { readonly headWidth: number }

/** The two shapes: `dev` for tests and local networks (weight 0 elsewhere), `std` for public networks. */
export const RACE_SHAPES: Readonly<Record<ShapeName, RaceShape>> = {
  dev: withCosts({ name: 'dev', layers: 3, width: 64, heads: 4, headWidth: 16, hidden: 128, positions: 16 }),
  std: withCosts({ name: 'std', layers: 8, width: 512, heads: 8, headWidth: 64, hidden: 1024, positions: 32 }),
}

/** Weights of one layer in bytes: query, key, value and output projections, then the two feed-forward matrices. */
export function layerWeightBytes(shape: Pick<RaceShape, 'width' | 'hidden'>): number {
  return Math.imul(shape.width, Math.imul(4, shape.width) + Math.imul(2, shape.hidden))
}

function withCosts(dimensions: Dimensions): RaceShape {
  return {
    ...dimensions,
    macs: countMacs(dimensions),
    weightBytes: Math.imul(dimensions.layers, layerWeightBytes(dimensions)),
  }
}

function countMacs(dimensions: Dimensions): bigint {
  const layers = BigInt(dimensions.layers)
  const width = BigInt(dimensions.width)
  const hidden = BigInt(dimensions.hidden)
  const positions = BigInt(dimensions.positions)
  const square = width * width
  const keyAndValue = positions * 2n * square
  const outputAndFeed = square + 2n * width * hidden
  // Position t attends to t + 1 positions, once for the scores and once for the values: Σ 2 · width · (t + 1) from t = 1.
  const causalAttention = width * (positions * (positions + 1n) - 2n)
  const fullLayer = keyAndValue + (positions - 1n) * square + positions * outputAndFeed + causalAttention
  const lastLayer = keyAndValue + square + outputAndFeed + 2n * width * positions
  return (layers - 1n) * fullLayer + lastLayer
}
