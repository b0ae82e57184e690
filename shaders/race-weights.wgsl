// Expands the int8 weights of an epoch: byte i of the model is byte i & 15 of Philox block i >> 4.
// Needs: philox. In: key and lane of the weight stream, the shape. Out: one vec4<u32> (16 weights of one output) an
// invocation, in panels of 4 · columns outputs: panel by panel, within it by input vector, then column j, then lane l, for
// output panel · 4 · columns + l · columns + j. So four neighbouring invocations read neighbouring words, and each has its
// outputs side by side. Query, key, value, output and up have `width` inputs and are one tall matrix, down has `hidden`.
// Workgroup: 64 × 1 × 1 over blocks (2^20 for `std`, 2^22 at most). Precision: u32, exact. CPU twin: src/race/model.ts.

struct WeightStream {
  key_0: u32,
  key_1: u32,
  lane: u32,
  blocks: u32,
}

@group(0) @binding(0) var<uniform> stream: WeightStream;
@group(0) @binding(1) var<storage, read_write> weights: array<vec4<u32>>;

// Vectors of 16: of one layer, of its tall matrix, of a row of each kind; columns of a tile.
override layer_vectors: u32;
override tall_vectors: u32;
override width_vectors: u32;
override hidden_vectors: u32;
override columns: u32;

// Where vector `index` of a matrix with `vectors` a row lies within that matrix.
fn in_panel(index: u32, vectors: u32) -> u32 {
  let output = index / vectors;
  let panel = output / (4u * columns);
  let lane = (output / columns) & 3u;
  let column = output % columns;
  return ((panel * vectors + index % vectors) * columns + column) * 4u + lane;
}

@compute @workgroup_size(64)
fn expand_weights(@builtin(global_invocation_id) id: vec3<u32>) {
  let block = id.x;
  if (block >= stream.blocks) {
    return;
  }
  let within = block % layer_vectors;
  let base = block - within;
  var at = base + in_panel(within, width_vectors);
  if (within >= tall_vectors) {
    at = base + tall_vectors + in_panel(within - tall_vectors, hidden_vectors);
  }
  weights[at] = philox4x32(vec4<u32>(block, 0u, 0u, stream.lane), vec2<u32>(stream.key_0, stream.key_1));
}
