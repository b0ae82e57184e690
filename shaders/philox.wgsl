// Philox4x32-10. Fragment: joined in front of the kernels that expand weights and inputs.
// In: 128 counter bits, 64 key bits. Out: 128 bits. Precision: u32, exact. CPU twin: src/lib/philox.ts.

const PHILOX_ROUNDS = 10u;
const PHILOX_MULTIPLIER_0 = 0xd2511f53u;
const PHILOX_MULTIPLIER_1 = 0xcd9e8d57u;
const PHILOX_WEYL = vec2<u32>(0x9e3779b9u, 0xbb67ae85u);

// High half of the 64-bit product, by 16-bit halves: WGSL has no wide multiplication.
fn multiply_high(a: u32, b: u32) -> u32 {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let cross = a_low * b_high + (middle & 0xffffu);
  return a_high * b_high + (middle >> 16u) + (cross >> 16u);
}

fn philox4x32(counter: vec4<u32>, stream_key: vec2<u32>) -> vec4<u32> {
  var x = counter;
  var key = stream_key;
  for (var round = 0u; round < PHILOX_ROUNDS; round++) {
    let high_0 = multiply_high(PHILOX_MULTIPLIER_0, x.x);
    let low_0 = PHILOX_MULTIPLIER_0 * x.x;
    let high_1 = multiply_high(PHILOX_MULTIPLIER_1, x.z);
    let low_1 = PHILOX_MULTIPLIER_1 * x.z;
    x = vec4<u32>(high_1 ^ x.y ^ key.x, low_1, high_0 ^ x.w ^ key.y, low_0);
    key += PHILOX_WEYL;
  }
  return x;
}
