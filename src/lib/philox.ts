/**
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11): 128 counter bits and
 * 64 key bits in, 128 bits out. GPU twin: shaders/philox.wgsl. Published vectors: test/vectors/philox.json.
 */
const ROUNDS = 10
const MULTIPLIER_0 = 0xd2511f53
const MULTIPLIER_1 = 0xcd9e8d57
const WEYL_0 = 0x9e3779b9
const WEYL_1 = 0xbb67ae85

/** Writes the four output words of counter (c0, c1, c2, c3) under key (k0, k1) to `out[offset … offset + 3]` as int32. */
export function philox4x32(
  out: Int32Array,
  offset: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  let x0 = c0 | 0
  let x1 = c1 | 0
  let x2 = c2 | 0
  let x3 = c3 | 0
  let key0 = k0 | 0
  let key1 = k1 | 0
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, x0)
    const low0 = Math.imul(MULTIPLIER_0, x0)
    const high1 = multiplyHigh(MULTIPLIER_1, x2)
    const low1 = Math.imul(MULTIPLIER_1, x2)
    x0 = high1 ^ x1 ^ key0
    x1 = low1
    x2 = high0 ^ x3 ^ key1
    x3 = low0
    key0 = (key0 + WEYL_0) | 0
    key1 = (key1 + WEYL_1) | 0
  }
  out[offset] = x0
  out[offset + 1] = x1
  out[offset + 2] = x2
  out[offset + 3] = x3
}

/** High 32 bits of the unsigned 64-bit product, by 16-bit halves: no partial sum reaches 2^32 twice, so doubles stay exact. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const low = Math.imul(aLow, bLow) >>> 16
  const middle = (Math.imul(aHigh, bLow) >>> 0) + low
  const cross = (Math.imul(aLow, bHigh) >>> 0) + (middle & 0xffff)
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16)) | 0
}
