// Products of four int8 pairs in i32, for devices without a packed dot product. Fragment: joined in front of the matrix
// products and the attention. Elements: four int8, each in a lane of its own. Precision: i32, exact. Twins:
// shaders/product-dot4.wgsl, shaders/product-float.wgsl. CPU twin: src/race/linear.ts.

alias Elements = vec4<i32>;
alias Sum = i32;

fn widen(word: u32) -> Elements {
  return unpack4(word);
}

fn accumulate(sum: Sum, a: Elements, b: Elements) -> Sum {
  return sum + a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
}

fn total(sum: Sum) -> i32 {
  return sum;
}

// Four sums of values times attention weights, below 2^19.
alias Mix = vec4<i32>;

fn spread(word: u32) -> Mix {
  return unpack4(word);
}

fn weight_of(weight: i32) -> i32 {
  return i32(weight);
}
