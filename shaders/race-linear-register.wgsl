// Matrix product int8 × int8 → i32, a tile of results in the registers of each invocation, nothing shared: for adapters
// without subgroups whose workgroup memory is slow.
// Needs: arithmetic, a product fragment, race-batch, a finish fragment; template sizes `rows`, `blocks` (columns / 4).
// In: activations (16 int8 a vec4<u32>, rows of call.row_vectors), weights in panels (race-weights.wgsl). Out: as the
// finish fragment says. Workgroup: group_columns (a multiple of 4) × group_rows invocations, each rows × columns results.
// Precision: exact. Twins: race-linear-quad.wgsl, race-linear-staged.wgsl. CPU twin: src/race/linear.ts.

@group(0) @binding(2) var<storage, read> activations: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> weights: array<vec4<u32>>;

override group_columns: u32;
override group_rows: u32;
const ROWS = #rows#u;
const COLUMNS = 4u * #blocks#u;
const PANEL_LANES = 4u;

@compute @workgroup_size(group_columns, group_rows)
fn multiply(@builtin(global_invocation_id) id: vec3<u32>) {
  let lane = id.x & 3u;
  let panel = id.x >> 2u;
  let first = id.y * ROWS;
  let last = row_count() - 1u;
  let vectors = call.row_vectors;
  var at = call.weight_base + panel * vectors * (COLUMNS * PANEL_LANES) + lane;
  //! for r in 0..rows
  // Rows past the end repeat the last one; their results are dropped.
  let row_at_#r# = row_of(min(first + #r#u, last)) * vectors;
  //! for g in 0..blocks
  //! for j in 0 1 2 3
  var sum_#r#_#g#_#j# = Sum();
  //! end
  //! end
  //! end
  for (var k = 0u; k < vectors; k++) {
    //! for g in 0..blocks
    //! for j in 0 1 2 3
    let w_#g#_#j# = weights[at + (#g#u * 4u + #j#u) * PANEL_LANES];
    //! for e in x y z w
    let w_#g#_#j#_#e# = widen(w_#g#_#j#.#e#);
    //! end
    //! end
    //! end
    //! for r in 0..rows
    let a_#r# = activations[row_at_#r# + k];
    //! for e in x y z w
    let a_#r#_#e# = widen(a_#r#.#e#);
    //! end
    //! for g in 0..blocks
    //! for j in 0 1 2 3
    sum_#r#_#g#_#j# = accumulate(accumulate(accumulate(accumulate(sum_#r#_#g#_#j#,
      a_#r#_x, w_#g#_#j#_x), a_#r#_y, w_#g#_#j#_y), a_#r#_z, w_#g#_#j#_z), a_#r#_w, w_#g#_#j#_w);
    //! end
    //! end
    //! end
    at += COLUMNS * PANEL_LANES;
  }
  let shift = shift_of(call.shift);
  let word = id.x * (COLUMNS / 4u);
  //! for r in 0..rows
  if (first + #r#u <= last) {
    let row = row_of(first + #r#u);
    //! for g in 0..blocks
    finish(row, word + #g#u, vec4<i32>(
      total(sum_#r#_#g#_0), total(sum_#r#_#g#_1), total(sum_#r#_#g#_2), total(sum_#r#_#g#_3),
    ), shift);
    //! end
  }
  //! end
}
