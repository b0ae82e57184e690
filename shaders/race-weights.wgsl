// Expands the int8 weights of an epoch: byte i of the model is byte i & 15 of Philox block i >> 4.
// Needs: philox. In: key and lane of the weight stream. Out: one vec4<u32> (16 weights) an invocation.
// Workgroup: 64 × 1 × 1 over blocks (2^20 for `std`, 2^22 at most). Precision: u32, exact. CPU twin: src/race/model.ts.

struct WeightStream {
  key_0: u32,
  key_1: u32,
  lane: u32,
  blocks: u32,
}

@group(0) @binding(0) var<uniform> stream: WeightStream;
@group(0) @binding(1) var<storage, read_write> weights: array<vec4<u32>>;

@compute @workgroup_size(64)
fn expand_weights(@builtin(global_invocation_id) id: vec3<u32>) {
  let block = id.x;
  if (block >= stream.blocks) {
    return;
  }
  weights[block] = philox4x32(vec4<u32>(block, 0u, 0u, stream.lane), vec2<u32>(stream.key_0, stream.key_1));
}
