// Dot product of four int8 pairs by the language feature packed_4x8_integer_dot_product. Fragment: the first of a module.
// Precision: i32, exact. Twin for devices without the feature: shaders/dot4-unpacked.wgsl. CPU twin: src/race/linear.ts.

requires packed_4x8_integer_dot_product;

fn dot4(a: u32, b: u32) -> i32 {
  return dot4I8Packed(a, b);
}
