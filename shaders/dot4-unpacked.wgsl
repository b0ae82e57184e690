// Dot product of four int8 pairs without a language feature. Fragment: the first of a module.
// Precision: i32, exact. Twin for devices with the feature: shaders/dot4-packed.wgsl. CPU twin: src/race/linear.ts.

fn dot4(a: u32, b: u32) -> i32 {
  let x = bitcast<vec4<i32>>(vec4<u32>(a << 24u, a << 16u, a << 8u, a)) >> vec4<u32>(24u);
  let y = bitcast<vec4<i32>>(vec4<u32>(b << 24u, b << 16u, b << 8u, b)) >> vec4<u32>(24u);
  let products = x * y;
  return products.x + products.y + products.z + products.w;
}
