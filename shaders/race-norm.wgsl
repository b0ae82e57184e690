// Scales rows of the residual stream to rms 32 and packs them as int8.
// Needs: arithmetic, race-batch. In: hidden (i32), call.shift = gain. Out: normed (4 int8 a word).
// Workgroup: 16 lanes × 4 rows; a lane takes every 16th group of four. Precision: exact. CPU twin: normalise in src/race/arithmetic.ts.

@group(0) @binding(2) var<storage, read> hidden: array<vec4<i32>>;
@group(0) @binding(3) var<storage, read_write> normed: array<u32>;

const LANES = 16u;
var<workgroup> partial: array<array<u32, 16>, 4>;

@compute @workgroup_size(16, 4)
fn normalise(@builtin(local_invocation_id) lane: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let index = group.x * 4u + lane.y;
  // Rows past the end repeat the last one and store nothing, so that all invocations reach the barriers.
  let row = row_of(min(index, row_count() - 1u));
  let words = call.row_vectors;
  let base = row * words;

  var largest = 0u;
  for (var word = lane.x; word < words; word += LANES) {
    largest = max(largest, largest_magnitude(hidden[base + word]));
  }
  partial[lane.y][lane.x] = largest;
  workgroupBarrier();
  for (var other = 0u; other < LANES; other++) {
    largest = max(largest, partial[lane.y][other]);
  }
  let shift = vec4<u32>(norm_shift(largest));
  workgroupBarrier();

  var squares = 0u;
  for (var word = lane.x; word < words; word += LANES) {
    squares += squared_length(hidden[base + word] >> shift);
  }
  partial[lane.y][lane.x] = squares;
  workgroupBarrier();
  squares = 0u;
  for (var other = 0u; other < LANES; other++) {
    squares += partial[lane.y][other];
  }

  let multiplier = norm_multiplier(squares, call.shift);
  if (index < row_count()) {
    for (var word = lane.x; word < words; word += LANES) {
      let scaled = (hidden[base + word] >> shift) * multiplier;
      normed[base + word] = pack4(requantise(scaled, NORM_FRACTION_BITS));
    }
  }
}
