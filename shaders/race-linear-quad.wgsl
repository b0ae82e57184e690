// Matrix product int8 × int8 → i32, rows shared within quads: each of four neighbouring invocations loads a quarter of the
// rows and hands it to the other three by quad swaps, so lane l holds the sums of row (l ^ i), not i.
// Needs: arithmetic, a product fragment, race-batch, a finish fragment; template sizes `quads` (rows / 4), `blocks`
// (columns / 4). In: activations (16 int8 a vec4<u32>, rows of call.row_vectors), weights in panels (race-weights.wgsl).
// Out: as the finish fragment says. Workgroup: `group_columns` invocations along the columns (a multiple of 4), each
// rows × columns results. Quads are four neighbours of a one-dimensional workgroup; known answers hold a driver to that.
// Precision: exact. Twins: race-linear-register.wgsl, race-linear-staged.wgsl. CPU twin: src/race/linear.ts.

@group(0) @binding(2) var<storage, read> activations: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> weights: array<vec4<u32>>;

override group_columns: u32;
const ROWS = 4u * #quads#u;
const COLUMNS = 4u * #blocks#u;
const PANEL_LANES = 4u;

fn swap_0(x: Elements) -> Elements {
  return x;
}
fn swap_1(x: Elements) -> Elements {
  return quadSwapX(x);
}
fn swap_2(x: Elements) -> Elements {
  return quadSwapY(x);
}
fn swap_3(x: Elements) -> Elements {
  return quadSwapDiagonal(x);
}

@compute @workgroup_size(group_columns)
fn multiply(@builtin(global_invocation_id) id: vec3<u32>) {
  let lane = id.x & 3u;
  let panel = id.x >> 2u;
  let first = id.y * ROWS;
  let last = row_count() - 1u;
  let vectors = call.row_vectors;
  var at = call.weight_base + panel * vectors * (COLUMNS * PANEL_LANES) + lane;
  //! for q in 0..quads
  // Rows past the end repeat the last one; their results are dropped.
  let row_at_#q# = row_of(min(first + #q#u * 4u + lane, last)) * vectors;
  //! for i in 0 1 2 3
  //! for g in 0..blocks
  //! for j in 0 1 2 3
  var sum_#q#_#i#_#g#_#j# = Sum();
  //! end
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
    //! for q in 0..quads
    let a_#q# = activations[row_at_#q# + k];
    //! for e in x y z w
    let a_#q#_#e# = widen(a_#q#.#e#);
    //! end
    //! for i in 0 1 2 3
    //! for e in x y z w
    let a_#q#_#e#_#i# = swap_#i#(a_#q#_#e#);
    //! end
    //! for g in 0..blocks
    //! for j in 0 1 2 3
    // One chain: each assignment to a variable of a loop costs software as much as a product.
    sum_#q#_#i#_#g#_#j# = accumulate(accumulate(accumulate(accumulate(sum_#q#_#i#_#g#_#j#,
      a_#q#_x_#i#, w_#g#_#j#_x), a_#q#_y_#i#, w_#g#_#j#_y), a_#q#_z_#i#, w_#g#_#j#_z), a_#q#_w_#i#, w_#g#_#j#_w);
    //! end
    //! end
    //! end
    //! end
    at += COLUMNS * PANEL_LANES;
  }
  let shift = shift_of(call.shift);
  let word = id.x * (COLUMNS / 4u);
  //! for q in 0..quads
  //! for i in 0 1 2 3
  if (first + #q#u * 4u + (lane ^ #i#u) <= last) {
    let row = row_of(first + #q#u * 4u + (lane ^ #i#u));
    //! for g in 0..blocks
    finish(row, word + #g#u, vec4<i32>(
      total(sum_#q#_#i#_#g#_0), total(sum_#q#_#i#_#g#_1), total(sum_#q#_#i#_#g#_2), total(sum_#q#_#i#_#g#_3),
    ), shift);
    //! end
  }
  //! end
  //! end
}
