// Integer arithmetic of the pass. Fragment: joined behind a lanes fragment, in front of the kernels that round, pack or
// normalise.
// Precision: i32 and u32, exact; the one float is an estimate that integers correct. CPU twin: src/race/arithmetic.ts.

const NORM_BITS = 10u;
const NORM_FRACTION_BITS = 16u;

// value / 2^bits, halves rounded up, clamped to ±127.
fn requantise(value: vec4<i32>, shift: Shift) -> vec4<i32> {
  return clamp(shift_round(value, shift), vec4<i32>(-127i), vec4<i32>(127i));
}

// An element of a norm: y · multiplier / 2^16, rounded and clamped. What is clamped anyway is clamped before the shift too,
// so that it has no more than 24 bits.
fn scale_norm(y: vec4<i32>, multiplier: i32, shift: Shift) -> vec4<i32> {
  let most = vec4<i32>(128i << NORM_FRACTION_BITS);
  return requantise(clamp(y * multiplier, -most, most), shift);
}

// Four int8 in one word, the first in the lowest byte.
fn pack4(value: vec4<i32>) -> u32 {
  let bytes = (bitcast<vec4<u32>>(value) & vec4<u32>(0xffu)) * vec4<u32>(1u, 0x100u, 0x10000u, 0x1000000u);
  return bytes.x | bytes.y | bytes.z | bytes.w;
}

// Four elements of the residual stream in two words, int16 each, the first in the lowest half: |x| <= 128 + 254 · layers.
fn pack_state(value: vec4<i32>) -> vec2<u32> {
  let halves = bitcast<vec4<u32>>(value) & vec4<u32>(0xffffu);
  return halves.xz | (halves.yw * 0x10000u);
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
