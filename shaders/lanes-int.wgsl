// Int8 and int16 lanes of words, and the rounding shift, by shifts. Fragment: joined in front of arithmetic.
// Precision: i32, exact. Twin: shaders/lanes-float.wgsl. CPU twin: src/race/arithmetic.ts, src/race/linear.ts.

fn unpack4(word: u32) -> vec4<i32> {
  return bitcast<vec4<i32>>(vec4<u32>(word << 24u, word << 16u, word << 8u, word)) >> vec4<u32>(24u);
}

fn unpack_state(words: vec2<u32>) -> vec4<i32> {
  return bitcast<vec4<i32>>(vec4<u32>(words.x << 16u, words.x, words.y << 16u, words.y)) >> vec4<u32>(16u);
}

// What a shift by some bits takes.
alias Shift = u32;

fn shift_of(bits: u32) -> Shift {
  return bits;
}

// value / 2^bits, rounded down.
fn shift_right(value: vec4<i32>, shift: Shift) -> vec4<i32> {
  return value >> vec4<u32>(shift);
}

// The same, halves rounded up.
fn shift_round(value: vec4<i32>, shift: Shift) -> vec4<i32> {
  return (value + vec4<i32>(1i << (shift - 1u))) >> vec4<u32>(shift);
}
