// Scales rows of the residual stream to rms 32 and packs them as int8.
// Needs: arithmetic, race-batch. In: hidden (i32), call.shift = gain. Out: normed (4 int8 a word).
// Workgroup: `lanes` × 4 rows; a row is shared by its lanes, each takes every lanes-th group of four. A GPU wants
// many lanes (neighbouring reads), a software adapter one (a barrier costs it more than the row).
// Precision: exact. CPU twin: normalise in src/race/arithmetic.ts.

@group(0) @binding(2) var<storage, read> hidden: array<vec4<i32>>;
@group(0) @binding(3) var<storage, read_write> normed: array<u32>;

override lanes: u32;
const ROWS_PER_GROUP = 4u;
var<workgroup> shares: array<u32, lanes * ROWS_PER_GROUP>;

@compute @workgroup_size(lanes, ROWS_PER_GROUP)
fn normalise(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let index = group.x * ROWS_PER_GROUP + local.y;
  // Rows past the end repeat the last one and store nothing, so that all invocations reach the barriers.
  let row = row_of(min(index, row_count() - 1u));
  let words = call.row_vectors;
  let base = row * words;
  let first_share = local.y * lanes;

  var largest = 0u;
  for (var word = local.x; word < words; word += lanes) {
    largest = max(largest, largest_magnitude(hidden[base + word]));
  }
  shares[first_share + local.x] = largest;
  workgroupBarrier();
  for (var other = 0u; other < lanes; other++) {
    largest = max(largest, shares[first_share + other]);
  }
  let shift = vec4<u32>(norm_shift(largest));
  workgroupBarrier();

  var squares = 0u;
  for (var word = local.x; word < words; word += lanes) {
    squares += squared_length(hidden[base + word] >> shift);
  }
  shares[first_share + local.x] = squares;
  workgroupBarrier();
  squares = 0u;
  for (var other = 0u; other < lanes; other++) {
    squares += shares[first_share + other];
  }

  let multiplier = norm_multiplier(squares, call.shift);
  if (index < row_count()) {
    for (var word = local.x; word < words; word += lanes) {
      let scaled = (hidden[base + word] >> shift) * multiplier;
      normed[base + word] = pack4(requantise(scaled, NORM_FRACTION_BITS));
    }
  }
}
