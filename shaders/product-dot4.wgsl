// Products of four int8 pairs by the language feature packed_4x8_integer_dot_product. Fragment: joined in front of the
// matrix products and the attention, behind arithmetic. Elements: four int8 in a word. Precision: i32, exact. Twins: shaders/product-int.wgsl,
// shaders/product-float.wgsl. CPU twin: src/race/linear.ts.

alias Elements = u32;
alias Sum = i32;

fn widen(word: u32) -> Elements {
  return word;
}

fn accumulate(sum: Sum, a: Elements, b: Elements) -> Sum {
  return sum + dot4I8Packed(a, b);
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
