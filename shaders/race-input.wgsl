// Inputs of a batch: residual stream of every position from Philox at (nonce low, nonce high, place, lane).
// Needs: philox, arithmetic, race-batch. In: nonces (low, high). Out: hidden (int16 pairs), 16 elements an invocation.
// Workgroup: 64 × 1 × 1 over attempts × positions × width / 16. Precision: exact. CPU twin: embed in src/race/forward.ts.

@group(0) @binding(2) var<storage, read> nonces: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> hidden: array<vec2<u32>>;

@compute @workgroup_size(64)
fn embed(@builtin(global_invocation_id) id: vec3<u32>) {
  let blocks_per_row = call.row_vectors;
  let row = id.x / blocks_per_row;
  if (row >= row_count()) {
    return;
  }
  let block = id.x % blocks_per_row;
  let nonce = nonces[row / positions];
  let place = ((row % positions) << 16u) | block;
  let words = philox4x32(vec4<u32>(nonce, place, batch.lane), vec2<u32>(batch.key_0, batch.key_1));
  let at = id.x * 4u;
  hidden[at] = pack_state(unpack4(words.x));
  hidden[at + 1u] = pack_state(unpack4(words.y));
  hidden[at + 2u] = pack_state(unpack4(words.z));
  hidden[at + 3u] = pack_state(unpack4(words.w));
}
