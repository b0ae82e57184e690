// Head of every kernel of the peak probe; bench/peak/peak-kernel.ts adds the unrolled steps of one shape.
// In: job (steps, eight operands, four addends), start values by invocation. Out: one i32 per invocation, the sum of its accumulators.
// Workgroup: by shape. Precision: i32 modulo 2^32; f32 within 2^24, so exact. CPU twin: bench/peak/peak-twin.ts.

struct Job {
  steps: vec4<u32>,
  operands: array<vec4<i32>, 2>,
  addends: vec4<i32>,
}

@group(0) @binding(0) var<uniform> job: Job;
@group(0) @binding(1) var<storage, read> starts: array<i32, 256>;
@group(0) @binding(2) var<storage, read_write> sums: array<i32>;

// Value `index` of invocation `id`, anywhere in the table: neighbours differ, and no value is known to a compiler.
fn start(id: u32, index: u32) -> i32 {
  return starts[(id + 37u * index) & 255u];
}

fn dot4_by_hand(a: u32, b: u32) -> i32 {
  let x = bitcast<vec4<i32>>(vec4<u32>(a << 24u, a << 16u, a << 8u, a)) >> vec4<u32>(24u);
  let y = bitcast<vec4<i32>>(vec4<u32>(b << 24u, b << 16u, b << 8u, b)) >> vec4<u32>(24u);
  let products = x * y;
  return products.x + products.y + products.z + products.w;
}
