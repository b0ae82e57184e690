// Products of four int8 pairs in f32, for devices whose floats are faster than their integers (software adapters by far).
// Fragment: joined in front of the matrix products and the attention. Precision: exact. Every product and every partial
// sum is an integer below 2^24 (docs/race.md: at most 1,024 · 128 · 127), which f32 holds without rounding, in any order
// and with or without a fused multiply-add. Twins: shaders/product-dot4.wgsl, shaders/product-int.wgsl. CPU twin:
// src/race/linear.ts.

alias Elements = vec4<f32>;
alias Sum = f32;

// 2^24 times each, which spares a multiplication: the sums are 2^48 times theirs, and as exact.
fn widen(word: u32) -> Elements {
  return vec4<f32>(high_bytes(word));
}

fn accumulate(sum: Sum, a: Elements, b: Elements) -> Sum {
  return sum + a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
}

fn total(sum: Sum) -> i32 {
  return i32(sum * 0x1p-48f);
}

// Four sums of values times attention weights, below 2^19.
alias Mix = vec4<f32>;

fn spread(word: u32) -> Mix {
  return vec4<f32>(high_bytes(word)) * 0x1p-24f;
}

fn weight_of(weight: i32) -> f32 {
  return f32(weight);
}
