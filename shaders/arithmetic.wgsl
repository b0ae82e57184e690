// Integer arithmetic of the pass. Fragment: joined in front of the kernels that round, pack or normalise.
// Precision: i32 and u32, exact; the one float is an estimate that integers correct. CPU twin: src/race/arithmetic.ts.

const NORM_BITS = 10u;
const NORM_FRACTION_BITS = 16u;

// value / 2^shift, halves rounded up, clamped to ±127.
fn requantise(value: vec4<i32>, shift: u32) -> vec4<i32> {
  let half = vec4<i32>(1i << (shift - 1u));
  return clamp((value + half) >> vec4<u32>(shift), vec4<i32>(-127i), vec4<i32>(127i));
}

// Four int8 in one word, the first in the lowest byte.
fn pack4(value: vec4<i32>) -> u32 {
  let bytes = bitcast<vec4<u32>>(value) & vec4<u32>(0xffu);
  return bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}

fn unpack4(word: u32) -> vec4<i32> {
  return bitcast<vec4<i32>>(vec4<u32>(word << 24u, word << 16u, word << 8u, word)) >> vec4<u32>(24u);
}

// floor(sqrt(value)) for value < 2^31: the float only proposes, the two loops make it exact on any driver.
fn integer_square_root(value: u32) -> u32 {
  var root = u32(sqrt(f32(value)));
  while (root * root > value) {
    root--;
  }
  while ((root + 1u) * (root + 1u) <= value) {
    root++;
  }
  return root;
}

// Right shift that leaves NORM_BITS bits of the largest magnitude.
fn norm_shift(largest: u32) -> u32 {
  let bits = firstLeadingBit(largest) + 1u;
  return select(0u, bits - NORM_BITS, bits > NORM_BITS);
}

// floor(gain · 2^16 / sqrt(squares)), 0 for a zero vector. u32 division truncates exactly.
fn norm_multiplier(squares: u32, gain: u32) -> i32 {
  let root = integer_square_root(squares);
  return i32(select((gain << NORM_FRACTION_BITS) / max(root, 1u), 0u, root == 0u));
}

fn squared_length(value: vec4<i32>) -> u32 {
  let squares = value * value;
  return u32(squares.x + squares.y + squares.z + squares.w);
}

fn largest_magnitude(value: vec4<i32>) -> u32 {
  let magnitudes = abs(value);
  return u32(max(max(magnitudes.x, magnitudes.y), max(magnitudes.z, magnitudes.w)));
}
