// Causal attention of four rows of one head a quad: lane l has row 4 · block + l; keys and values are loaded once for the
// quad and handed round by quad swaps.
// Needs: arithmetic, a product fragment, race-batch; template sizes `blocks` (positions / 4), `vectors` (head width / 16).
// In: projected (query | key | value, 16 int8 a vec4<u32>), exponential (256 i32), call.shift = score shift,
// call.weight_base = gain. Out: attended (16 int8 a vec4<u32>), rows from call.first_row on. Workgroup: `group_quads` quads
// of attempts × heads, all of the same block: that keeps the swaps in uniform control flow. Dispatch: y over blocks from
// that of call.first_row on. Quads are four neighbours of a one-dimensional workgroup; known answers hold a driver to that.
// Precision: exact. Twin without quads: race-attention.wgsl. CPU twin: createAttention in src/race/forward.ts.

@group(0) @binding(2) var<storage, read> projected: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> exponential: array<i32, 256>;
@group(0) @binding(4) var<storage, read_write> attended: array<vec4<u32>>;

override heads: u32;
override group_quads: u32;
const VECTORS = #vectors#u;
const BLOCKS = #blocks#u;
const MASKED = -0x7fffffffi;

// 0 for a position that is not seen.
fn weight_at(largest: i32, score: i32) -> i32 {
  let weight = exponential[u32(min(largest - max(score, -0x3fffffffi), 255i))];
  return select(weight, 0i, score == MASKED);
}

fn swap_0(x: vec4<u32>) -> vec4<u32> {
  return x;
}
fn swap_1(x: vec4<u32>) -> vec4<u32> {
  return quadSwapX(x);
}
fn swap_2(x: vec4<u32>) -> vec4<u32> {
  return quadSwapY(x);
}
fn swap_3(x: vec4<u32>) -> vec4<u32> {
  return quadSwapDiagonal(x);
}

@compute @workgroup_size(4u * group_quads)
fn attend(@builtin(global_invocation_id) id: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let lane = id.x & 3u;
  let quad = id.x >> 2u;
  let quads = batch.attempts * heads;
  // Quads past the end repeat the last one and store nothing: a swap needs all four.
  let unit = min(quad, quads - 1u);
  let block = call.first_row / 4u + group.y;
  let position = block * 4u + lane;
  let first_row = (unit / heads) * positions;
  let width_vectors = heads * VECTORS;
  let stride = 3u * width_vectors;
  let column = (unit % heads) * VECTORS;
  let query_at = (first_row + position) * stride + column;
  let key_at = (first_row + lane) * stride + width_vectors + column;
  //! for v in 0..vectors
  let query_#v# = projected[query_at + #v#u];
  //! for e in x y z w
  let q_#v#_#e# = widen(query_#v#.#e#);
  //! end
  //! end

  // Score 4 · m + i is that of position 4 · m + (lane ^ i). These loops stay loops: unrolled they take seconds to compile.
  var scores: array<i32, 4u * BLOCKS>;
  let score_shift = shift_of(call.shift);
  var largest = MASKED;
  for (var m = 0u; m <= block; m++) {
    //! for i in 0 1 2 3
    var sum_#i# = Sum();
    //! end
    //! for v in 0..vectors
    let key_#v# = projected[key_at + m * 4u * stride + #v#u];
    //! for i in 0 1 2 3
    let key_#v#_#i# = swap_#i#(key_#v#);
    //! for e in x y z w
    sum_#i# = accumulate(sum_#i#, q_#v#_#e#, widen(key_#v#_#i#.#e#));
    //! end
    //! end
    //! end
    let shifted = shift_right(vec4<i32>(total(sum_0), total(sum_1), total(sum_2), total(sum_3)), score_shift);
    //! for i in 0 1 2 3
    let score_#i# = select(MASKED, shifted[#i#], m * 4u + (lane ^ #i#u) <= position);
    largest = max(largest, score_#i#);
    scores[m * 4u + #i#u] = score_#i#;
    //! end
  }

  //! for v in 0..vectors
  //! for e in x y z w
  var mix_#v#_#e# = Mix();
  //! end
  //! end
  let value_at = key_at + width_vectors;
  for (var m = 0u; m <= block; m++) {
    //! for i in 0 1 2 3
    let weight_#i# = weight_of(weight_at(largest, scores[m * 4u + #i#u]));
    //! end
    //! for v in 0..vectors
    let value_#v# = projected[value_at + m * 4u * stride + #v#u];
    //! for i in 0 1 2 3
    let value_#v#_#i# = swap_#i#(value_#v#);
    //! end
    //! for e in x y z w
    mix_#v#_#e# += weight_0 * spread(value_#v#_0.#e#) + weight_1 * spread(value_#v#_1.#e#)
      + weight_2 * spread(value_#v#_2.#e#) + weight_3 * spread(value_#v#_3.#e#);
    //! end
    //! end
  }

  var magnitude = 0u;
  //! for v in 0..vectors
  //! for e in x y z w
  let mixed_#v#_#e# = vec4<i32>(mix_#v#_#e#);
  magnitude = max(magnitude, largest_magnitude(mixed_#v#_#e#));
  //! end
  //! end
  let shift = shift_of(norm_shift(magnitude));
  let fraction = shift_of(NORM_FRACTION_BITS);
  var squares = 0u;
  //! for v in 0..vectors
  //! for e in x y z w
  squares += squared_length(shift_right(mixed_#v#_#e#, shift));
  //! end
  //! end
  let multiplier = norm_multiplier(squares, call.weight_base);
  if (quad < quads && position >= call.first_row) {
    let out_at = (first_row + position) * width_vectors + column;
    //! for v in 0..vectors
    attended[out_at + #v#u] = vec4<u32>(
      //! for e in x y z w
      pack4(scale_norm(shift_right(mixed_#v#_#e#, shift), multiplier, fraction)),
      //! end
    );
    //! end
  }
}
