/** Philox4x32-10: weights and inputs. Twin of src/lib/philox.ts; here the 64-bit products are one instruction. */

const MULTIPLIER_0: u64 = 0xd2511f53
const MULTIPLIER_1: u64 = 0xcd9e8d57
const WEYL_0: u32 = 0x9e3779b9
const WEYL_1: u32 = 0xbb67ae85

/** The block at counter (c0, c1, c2, c3) as 16 bytes, words little endian. */
export function philox(c0: u32, c1: u32, c2: u32, c3: u32, key0: u32, key1: u32): v128 {
  let x0 = c0
  let x1 = c1
  let x2 = c2
  let x3 = c3
  let k0 = key0
  let k1 = key1
  for (let round = 0; round < 10; round++) {
    const product0 = MULTIPLIER_0 * <u64>x0
    const product1 = MULTIPLIER_1 * <u64>x2
    x0 = <u32>(product1 >> 32) ^ x1 ^ k0
    x1 = <u32>product1
    x2 = <u32>(product0 >> 32) ^ x3 ^ k1
    x3 = <u32>product0
    k0 += WEYL_0
    k1 += WEYL_1
  }
  const low = i64x2.splat(<i64>(((<u64>x1) << 32) | <u64>x0))
  return i64x2.replace_lane(low, 1, <i64>(((<u64>x3) << 32) | <u64>x2))
}
