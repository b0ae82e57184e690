// Int8 and int16 lanes of words, and the rounding shift, without a shift: SwiftShader does a vector of shifts one by one,
// while it multiplies and converts four at a time. Fragment: joined in front of arithmetic.
// Precision: exact. A byte or half word in the highest bits of a word has 8 or 16 significant bits, and what is shifted
// has at most 24 (docs/race.md, the sums; arithmetic.wgsl clamps what may have more): f32 holds all of them, multiplies them
// by powers of two and rounds down without error. Twin: shaders/lanes-int.wgsl.
// CPU twin: src/race/arithmetic.ts, src/race/linear.ts.

// The bytes of a word as multiples of 2^24.
fn high_bytes(word: u32) -> vec4<i32> {
  return bitcast<vec4<i32>>(vec4<u32>(word * 0x1000000u, word * 0x10000u, word * 0x100u, word) & vec4<u32>(0xff000000u));
}

fn unpack4(word: u32) -> vec4<i32> {
  return vec4<i32>(vec4<f32>(high_bytes(word)) * 0x1p-24f);
}

fn unpack_state(words: vec2<u32>) -> vec4<i32> {
  let halves = vec4<u32>(words.x * 0x10000u, words.x, words.y * 0x10000u, words.y) & vec4<u32>(0xffff0000u);
  return vec4<i32>(vec4<f32>(bitcast<vec4<i32>>(halves)) * 0x1p-16f);
}

// What a shift by some bits takes: the power of two, put together from its exponent.
alias Shift = f32;

fn shift_of(bits: u32) -> Shift {
  return bitcast<f32>((127u - bits) * 0x800000u);
}

// value / 2^bits, rounded down; |value| < 2^24, bits < 24.
fn shift_right(value: vec4<i32>, shift: Shift) -> vec4<i32> {
  return vec4<i32>(floor(vec4<f32>(value) * shift));
}

// The same, halves rounded up; |value| + 2^(bits - 1) < 2^24, so that the half is added without error too.
fn shift_round(value: vec4<i32>, shift: Shift) -> vec4<i32> {
  return vec4<i32>(floor(vec4<f32>(value) * shift + 0.5f));
}
