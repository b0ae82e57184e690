// Digest of every attempt and comparison with the target; only finds are appended to the results.
// Needs: sha256, race-batch. In: nonces (low, high), hidden (int16 pairs, last row of each attempt). Out: results.count and, for each
// find, its index in the batch and eight digest words. The host sizes `entries` for a batch of finds only.
// Workgroup: 64 × 1 × 1 over attempts. Precision: u32, exact. CPU twin: createDigest in src/race/oracle.ts.

struct Results {
  count: atomic<u32>,
  entries: array<u32>,
}

@group(0) @binding(2) var<storage, read> nonces: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> hidden: array<u32>;
@group(0) @binding(4) var<storage, read_write> results: Results;

const ENTRY_WORDS = 9u;

// Words after the first block: nonce (big endian), state as int16 pairs (big endian), padding, length.
fn message_word(index: u32, nonce: vec2<u32>, pairs_at: u32, pairs: u32, total: u32) -> u32 {
  if (index < 2u) {
    return select(nonce.x, nonce.y, index == 0u);
  }
  if (index < 2u + pairs) {
    // Two int16 with the first in the lower half; the message has it in the upper one.
    let pair = hidden[pairs_at + index - 2u];
    return (pair << 16u) | (pair >> 16u);
  }
  if (index == 2u + pairs) {
    return 0x80000000u;
  }
  return select(0u, 512u + 32u * (2u + pairs), index == total - 1u);
}

fn is_find(digest: ptr<function, array<u32, 8>>) -> bool {
  for (var i = 0u; i < 8u; i++) {
    let word = (*digest)[i];
    let limit = batch.threshold[i / 4u][i % 4u];
    if (word != limit) {
      return word < limit;
    }
  }
  return false;
}

@compute @workgroup_size(64)
fn digest_attempts(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= row_count()) {
    return;
  }
  let pairs = call.row_vectors;
  let pairs_at = row_of(id.x) * pairs;
  let total = (2u + pairs + 3u + 15u) & ~15u;
  var state: array<u32, 8>;
  for (var i = 0u; i < 8u; i++) {
    state[i] = batch.midstate[i / 4u][i % 4u];
  }
  var words: array<u32, 16>;
  for (var block = 0u; block < total; block += 16u) {
    for (var i = 0u; i < 16u; i++) {
      words[i] = message_word(block + i, nonces[id.x], pairs_at, pairs, total);
    }
    sha256_compress(&state, &words);
  }
  if (is_find(&state)) {
    let at = atomicAdd(&results.count, 1u) * ENTRY_WORDS;
    results.entries[at] = id.x;
    for (var i = 0u; i < 8u; i++) {
      results.entries[at + 1u + i] = state[i];
    }
  }
}
