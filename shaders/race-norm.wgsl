// Adds the last product to rows of the residual stream where call.adds = 1, then scales them to rms 32 and packs them as int8.
// Needs: arithmetic, race-batch; template size `shared` (0 where `lanes` is 1: nothing to share, no barrier). In and out:
// hidden (int16 pairs). In: normed, what is added (4 int8 a word), call.shift = gain. Out: normed.
// Workgroup: `lanes` × 4 rows; a row is shared by its lanes, each takes every lanes-th group of four. A GPU wants
// many lanes (neighbouring reads), a software adapter one (a barrier costs it more than the row).
// Precision: exact. Twin with quads: race-norm-quad.wgsl. CPU twins: normalise in src/race/arithmetic.ts, addRequantised
// in src/race/linear.ts.

@group(0) @binding(2) var<storage, read_write> hidden: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> normed: array<u32>;

override lanes: u32;
const ROWS_PER_GROUP = 4u;
//! for s in 0..shared
var<workgroup> shares: array<u32, lanes * ROWS_PER_GROUP>;
//! end

@compute @workgroup_size(lanes, ROWS_PER_GROUP)
fn normalise(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let index = group.x * ROWS_PER_GROUP + local.y;
  // Rows past the end repeat the last one and store nothing, so that all invocations reach the barriers.
  let row = row_of(min(index, row_count() - 1u));
  let words = call.row_vectors;
  let base = row * words;
  let first_share = local.y * lanes;

  // Each invocation reads and writes its own words alone, so that nothing here has to wait for memory of others.
  var largest = 0u;
  for (var word = local.x; word < words; word += lanes) {
    var x = unpack_state(hidden[base + word]);
    if (call.adds == 1u && index < row_count()) {
      x += unpack4(normed[base + word]);
      hidden[base + word] = pack_state(x);
    }
    largest = max(largest, largest_magnitude(x));
  }
  //! for s in 0..shared
  shares[first_share + local.x] = largest;
  workgroupBarrier();
  for (var other = 0u; other < lanes; other++) {
    largest = max(largest, shares[first_share + other]);
  }
  //! end
  let shift = shift_of(norm_shift(largest));
  let fraction = shift_of(NORM_FRACTION_BITS);
  //! for s in 0..shared
  workgroupBarrier();
  //! end

  var squares = 0u;
  for (var word = local.x; word < words; word += lanes) {
    squares += squared_length(shift_right(unpack_state(hidden[base + word]), shift));
  }
  //! for s in 0..shared
  shares[first_share + local.x] = squares;
  workgroupBarrier();
  squares = 0u;
  for (var other = 0u; other < lanes; other++) {
    squares += shares[first_share + other];
  }
  //! end

  let multiplier = norm_multiplier(squares, call.shift);
  if (index < row_count()) {
    for (var word = local.x; word < words; word += lanes) {
      let y = shift_right(unpack_state(hidden[base + word]), shift);
      normed[base + word] = pack4(scale_norm(y, multiplier, fraction));
    }
  }
}
