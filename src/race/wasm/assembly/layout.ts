/**
 * Where everything lies in the linear memory of one instance: one shape, one model, LANES attempts side by side. Set once
 * by `layOut`; nothing is allocated afterwards. Activations are kept as int16, so that products need no widening.
 */

/** Attempts that share each load of a weight. Four of them make the one row of the last layer a whole block of four. */
export const LANES: i32 = 4
/** Attempts of one call of `search`. */
export const MAX_BATCH: i32 = 1024
const ALIGNMENT: usize = 64
const PAGE_BITS: i32 = 16

export let layers: i32 = 0
export let width: i32 = 0
export let heads: i32 = 0
export let headWidth: i32 = 0
export let feedWidth: i32 = 0
export let positions: i32 = 0

/** int8, in the model's order: layer by layer, rows are outputs. */
export let weightsAt: usize = 0
/** int32, LANES × positions × width. */
export let hiddenAt: usize = 0
/** int16, LANES × positions × width. */
export let normedAt: usize = 0
/** int16, LANES × positions × (query, key, value). */
export let projectedAt: usize = 0
/** int16, LANES × positions × width. */
export let attendedAt: usize = 0
/** int16, LANES × positions × feedWidth. */
export let expandedAt: usize = 0
/** int16, eight rows of a matrix interleaved by pairs of inputs (linear.ts). */
export let panelAt: usize = 0
/** int32 scores, then int16 weights, of one position and head. */
export let scoresAt: usize = 0
export let mixWeightsAt: usize = 0
/** int32, headWidth. */
export let mixedAt: usize = 0
/** uint64, MAX_BATCH. */
export let noncesAt: usize = 0
/** uint32, MAX_BATCH: which nonces are finds. */
export let foundAt: usize = 0
/** 32 bytes each, MAX_BATCH: the digests of the finds. */
export let digestsAt: usize = 0
/** uint32, 8: SHA-256 state after the first block of a host's digests. */
export let midstateAt: usize = 0
/** uint32, 8: the target, most significant word first. */
export let targetAt: usize = 0

let next: usize = 0

function take(bytes: i32): usize {
  const at = next
  next = (at + <usize>bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1)
  return at
}

/** Lays the regions out and grows the memory to hold them; false where there is no memory left. */
export function layOut(
  layerCount: i32,
  modelWidth: i32,
  headCount: i32,
  oneHead: i32,
  feed: i32,
  positionCount: i32,
): bool {
  layers = layerCount
  width = modelWidth
  heads = headCount
  headWidth = oneHead
  feedWidth = feed
  positions = positionCount
  const rows = LANES * positions
  next = (__heap_base + ALIGNMENT - 1) & ~(ALIGNMENT - 1)
  weightsAt = take(layers * layerWeightBytes())
  hiddenAt = take(rows * width * 4)
  normedAt = take(rows * width * 2)
  projectedAt = take(rows * width * 6)
  attendedAt = take(rows * width * 2)
  expandedAt = take(rows * feedWidth * 2)
  panelAt = take((width > feedWidth ? width : feedWidth) * 16)
  scoresAt = take(positions * 4)
  mixWeightsAt = take(positions * 2)
  mixedAt = take(headWidth * 4)
  noncesAt = take(MAX_BATCH * 8)
  foundAt = take(MAX_BATCH * 4)
  digestsAt = take(MAX_BATCH * 32)
  midstateAt = take(32)
  targetAt = take(32)
  const wanted = <i32>((next + 0xffff) >> PAGE_BITS)
  const missing = wanted - memory.size()
  return missing <= 0 || memory.grow(missing) >= 0
}

export function layerWeightBytes(): i32 {
  return width * (4 * width + 2 * feedWidth)
}
