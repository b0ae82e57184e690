/**
 * The race in WebAssembly: whole attempts, from nonce to digest, many a call. src/race/wasm/instance.ts drives it; the
 * specification is docs/race.md, the reference src/race/oracle.ts, and src/race/wasm-oracle.test.ts compares every stage.
 *
 * Invariant: integers only, every intermediate within its type for any weights and inputs (each file says why), so the
 * bytes are those of the reference on every engine. `scripts/race-wasm.ts` compiles this folder to race-module.ts.
 */
import { normalise, normGain } from './arithmetic'
import { attend, fillExponentialTable } from './attention'
import {
  attendedAt,
  digestsAt,
  expandedAt,
  feedWidth,
  foundAt,
  headWidth,
  hiddenAt,
  LANES,
  layers,
  layerWeightBytes,
  layOut,
  midstateAt,
  noncesAt,
  normedAt,
  positions,
  projectedAt,
  targetAt,
  weightsAt,
  width,
} from './layout'
import { ADD_TO_RESIDUAL, multiply, STORE, STORE_RAMPED } from './linear'
import { philox } from './philox'
import { digest, isUnderTarget, storeDigest } from './sha256'

let inputKey0: u32 = 0
let inputKey1: u32 = 0
let inputLane: u32 = 0
/** Attempts side by side in the pass under way. */
let lanes: i32 = 0

/** Called once. False where the memory cannot grow. */
export function configure(
  layerCount: i32,
  modelWidth: i32,
  headCount: i32,
  oneHead: i32,
  feed: i32,
  positionCount: i32,
): bool {
  fillExponentialTable()
  return layOut(layerCount, modelWidth, headCount, oneHead, feed, positionCount)
}

/** Address of a region, by the order of REGIONS in instance.ts. */
export function region(index: i32): usize {
  switch (index) {
    case 0:
      return weightsAt
    case 1:
      return hiddenAt
    case 2:
      return normedAt
    case 3:
      return projectedAt
    case 4:
      return attendedAt
    case 5:
      return expandedAt
    case 6:
      return noncesAt
    case 7:
      return foundAt
    case 8:
      return digestsAt
    case 9:
      return midstateAt
    default:
      return targetAt
  }
}

/** The weights of an epoch from their Philox stream. */
export function expandWeights(key0: u32, key1: u32, lane: u32): void {
  const blocks = (layers * layerWeightBytes()) >> 4
  for (let block = 0; block < blocks; block++) {
    v128.store(weightsAt + ((<usize>block) << 4), philox(block, 0, 0, lane, key0, key1))
  }
}

/** The input stream of the host whose attempts follow. */
export function setInputStream(key0: u32, key1: u32, lane: u32): void {
  inputKey0 = key0
  inputKey1 = key1
  inputLane = lane
}

/** Attempts `nonces[0 … count)`: stores index and digest of those under the target, or of all, and returns their number. */
export function search(count: i32, wantsAll: bool): i32 {
  let found = 0
  for (let first = 0; first < count; first += LANES) {
    embed(first, min(count - first, LANES))
    for (let layer = 0; layer < layers; layer++) {
      for (let part = 0; part < 8; part++) runStage(layer, part)
    }
    found = collect(first, wantsAll, found)
  }
  return found
}

/** Digests of the pass that is done, `found` of which are stored already; returns how many are then. */
export function collect(first: i32, wantsAll: bool, found: i32): i32 {
  let stored = found
  for (let lane = 0; lane < lanes; lane++) {
    const index = first + lane
    digest(lane, load<u64>(noncesAt + ((<usize>index) << 3)))
    if (wantsAll || isUnderTarget()) {
      store<i32>(foundAt + ((<usize>stored) << 2), index)
      storeDigest(digestsAt + ((<usize>stored) << 5))
      stored++
    }
  }
  return stored
}

/** Stage `input` of the attempts nonces[first … first + count), count ≤ LANES. */
export function embed(first: i32, count: i32): void {
  lanes = count
  let to = hiddenAt
  for (let lane = 0; lane < count; lane++) {
    const nonce = load<u64>(noncesAt + ((<usize>(first + lane)) << 3))
    for (let position = 0; position < positions; position++) {
      for (let block = 0; block < width >> 4; block++) {
        const place: u32 = (position << 16) | block
        const bytes = philox(<u32>nonce, <u32>(nonce >> 32), place, inputLane, inputKey0, inputKey1)
        storeWidened(to, i16x8.extend_low_i8x16_s(bytes))
        storeWidened(to + 32, i16x8.extend_high_i8x16_s(bytes))
        to += 64
      }
    }
  }
}

function storeWidened(to: usize, values: v128): void {
  v128.store(to, i32x4.extend_low_i16x8_s(values))
  v128.store(to, i32x4.extend_high_i16x8_s(values), 16)
}

/** One stage of a layer, for all attempts of the pass, in the order of src/race/stages.ts. */
export function runStage(layer: i32, part: i32): void {
  const isLast = layer === layers - 1
  const square = width * width
  const weights = weightsAt + <usize>(layer * layerWeightBytes())
  switch (part) {
    case 0:
      normaliseRows(false)
      break
    case 1:
      project(isLast, weights, 0, width)
      break
    case 2:
      project(false, weights + <usize>square, width, 2 * width)
      break
    case 3:
      attendRows(isLast)
      break
    case 4:
      addToResidual(isLast, attendedAt, width, weights + <usize>(3 * square))
      break
    case 5:
      normaliseRows(isLast)
      break
    case 6:
      expand(isLast, weights + <usize>(4 * square))
      break
    default:
      addToResidual(isLast, expandedAt, feedWidth, weights + <usize>(4 * square + width * feedWidth))
  }
}

/** Shift after a dot product of `length` weights with activations. */
function linearShift(length: i32): i32 {
  return 6 + ((32 - clz(length)) >> 1)
}

/**
 * In the last layer one row of each attempt is needed. The rows of LANES attempts make one block of four, the unused ones
 * among them included: what they hold is never read.
 */
function rowCount(isLast: bool): i32 {
  return isLast ? LANES : lanes * positions
}

/** Bytes from one of these rows to the next, where a row has `rowBytes`. */
function strideOf(isLast: bool, rowBytes: i32): usize {
  return <usize>(isLast ? rowBytes * positions : rowBytes)
}

/** Bytes before the first of these rows. */
function startOf(isLast: bool, rowBytes: i32): usize {
  return isLast ? <usize>(rowBytes * (positions - 1)) : 0
}

function normaliseRows(isLast: bool): void {
  const gain = normGain(width)
  const rows = isLast ? lanes : lanes * positions
  const inStride = strideOf(isLast, width << 2)
  const outStride = strideOf(isLast, width << 1)
  let from = hiddenAt + startOf(isLast, width << 2)
  let to = normedAt + startOf(isLast, width << 1)
  for (let row = 0; row < rows; row++) {
    normalise(to, from, width, gain)
    from += inStride
    to += outStride
  }
}

/** Columns firstColumn … of `projected` from the normed rows. */
function project(isLast: bool, weights: usize, firstColumn: i32, columns: i32): void {
  const inputs = normedAt + startOf(isLast, width << 1)
  const out = projectedAt + startOf(isLast, width * 6) + ((<usize>firstColumn) << 1)
  const stride = strideOf(isLast, width << 1)
  const outStride = strideOf(isLast, width * 6)
  multiply(inputs, stride, rowCount(isLast), width, weights, columns, out, outStride, STORE, linearShift(width))
}

function attendRows(isLast: bool): void {
  // log2 of a power of two is 31 − clz: this is ⌈log2 / 2⌉ as in arithmetic.ts.
  const shift = 5 + ((32 - clz(headWidth)) >> 1)
  for (let lane = 0; lane < lanes; lane++) attend(lane, isLast ? positions - 1 : 0, shift)
}

function addToResidual(isLast: bool, source: usize, length: i32, weights: usize): void {
  const inputs = source + startOf(isLast, length << 1)
  const out = hiddenAt + startOf(isLast, width << 2)
  const stride = strideOf(isLast, length << 1)
  const outStride = strideOf(isLast, width << 2)
  const shift = linearShift(length)
  multiply(inputs, stride, rowCount(isLast), length, weights, width, out, outStride, ADD_TO_RESIDUAL, shift)
}

function expand(isLast: bool, weights: usize): void {
  const inputs = normedAt + startOf(isLast, width << 1)
  const out = expandedAt + startOf(isLast, feedWidth << 1)
  const stride = strideOf(isLast, width << 1)
  const outStride = strideOf(isLast, feedWidth << 1)
  multiply(
    inputs,
    stride,
    rowCount(isLast),
    width,
    weights,
    feedWidth,
    out,
    outStride,
    STORE_RAMPED,
    linearShift(width),
  )
}
