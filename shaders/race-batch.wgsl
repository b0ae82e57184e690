// What all kernels of one batch share. Fragment: joined in front of the kernels that belong to attempts.
// Filled by src/worker/webgpu/race-buffers.ts; row order and layout as in src/race/forward.ts.

struct Batch {
  attempts: u32,
  // Philox stream of the inputs of this host.
  key_0: u32,
  key_1: u32,
  lane: u32,
  // SHA-256 state after the first block of the digest.
  midstate: array<vec4<u32>, 2>,
  // Target as eight big-endian words, the most significant first.
  threshold: array<vec4<u32>, 2>,
}

// One kernel call: all rows of every attempt, or one, and what a product needs (race-linear-*.wgsl).
struct Call {
  rows_per_attempt: u32,
  // From a row of the call to the next one: 1, or all positions.
  row_step: u32,
  first_row: u32,
  row_vectors: u32,
  weight_base: u32,
  out_stride: u32,
  out_base: u32,
  shift: u32,
  // 1: a product ends in the leaky ramp.
  ramp: u32,
  // 1: the norm adds what the product before it left in its output.
  adds: u32,
}

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<uniform> call: Call;

override positions: u32;

// The row of the batch's tensors that is row `index` of the call.
fn row_of(index: u32) -> u32 {
  return index * call.row_step + call.first_row;
}

fn row_count() -> u32 {
  return batch.attempts * call.rows_per_attempt;
}
