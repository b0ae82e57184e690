// What becomes of the sums of a product: rounded, through the leaky ramp where call.ramp = 1, packed as int8. What is added to
// the residual stream is int8 as well: the norm that follows adds it (race-norm*.wgsl). Fragment: joined behind arithmetic
// and race-batch, in front of race-linear-*.wgsl. Out: word row · out_stride + out_base + word, 4 int8.
// Precision: exact. CPU twin: requantise in src/race/linear.ts.

@group(0) @binding(4) var<storage, read_write> packed: array<u32>;

// v for v >= 0, else -((2 - v) >> 2): the activation table in closed form (src/race/tables.ts).
fn leaky_ramp(value: vec4<i32>) -> vec4<i32> {
  let leak = -shift_right(vec4<i32>(2i) - value, shift_of(2u));
  return select(leak, value, value >= vec4<i32>(0i));
}

// Sums of outputs 4 · word … 4 · word + 3 of `row`; `shift` is that of call.shift, made once for all of them.
fn finish(row: u32, word: u32, sums: vec4<i32>, shift: Shift) {
  var value = requantise(sums, shift);
  if (call.ramp == 1u) {
    value = leaky_ramp(value);
  }
  packed[row * call.out_stride + call.out_base + word] = pack4(value);
}
