// What all kernels of one batch share. Fragment: joined in front of the kernels that belong to attempts.
// Filled by src/worker/race-buffers.ts; row order and layout as in src/race/forward.ts.

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

// One kernel call: rows first_row … of every attempt, and what a product needs (see race-linear.wgsl).
struct Call {
  rows_per_attempt: u32,
  first_row: u32,
  row_vectors: u32,
  weight_base: u32,
  out_stride: u32,
  out_base: u32,
  shift: u32,
  activate: u32,
}

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<uniform> call: Call;

override positions: u32;

// The row of the batch's tensors that call `index` works on.
fn row_of(index: u32) -> u32 {
  let attempt = index / call.rows_per_attempt;
  return attempt * positions + call.first_row + index % call.rows_per_attempt;
}

fn row_count() -> u32 {
  return batch.attempts * call.rows_per_attempt;
}
