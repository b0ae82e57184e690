// Matrix product int8 × int8 → i32, tiles of both operands staged in workgroup memory: for GPUs, where one load from device
// memory then serves group_columns or group_rows invocations.
// Needs: arithmetic, a product fragment, race-batch, a finish fragment; template sizes `rows`, `blocks` (columns / 4).
// In: activations (16 int8 a vec4<u32>, rows of call.row_vectors), weights in panels (race-weights.wgsl). Out: as the
// finish fragment says. Workgroup: group_columns (a multiple of 4) × group_rows invocations, each rows × columns results;
// memory: 64 bytes for each of its rows and columns. Precision: exact. Twins: race-linear-register.wgsl,
// race-linear-quad.wgsl. CPU twin: src/race/linear.ts.

@group(0) @binding(2) var<storage, read> activations: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> weights: array<vec4<u32>>;

override group_columns: u32;
override group_rows: u32;
const ROWS = #rows#u;
const COLUMNS = 4u * #blocks#u;
const PANEL = 4u * COLUMNS;
// Vectors of 16 elements staged at once; divides the row of every shape.
const DEPTH = 4u;

var<workgroup> staged_rows: array<vec4<u32>, DEPTH * ROWS * group_rows>;
var<workgroup> staged_columns: array<vec4<u32>, DEPTH * COLUMNS * group_columns>;

@compute @workgroup_size(group_columns, group_rows)
fn multiply(
  @builtin(local_invocation_id) local: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  let lane = local.x & 3u;
  let group_height = ROWS * group_rows;
  let first = group.y * group_height;
  let last = row_count() - 1u;
  let vectors = call.row_vectors;
  let panels = group_columns / 4u;
  let panels_at = call.weight_base + group.x * panels * vectors * PANEL;
  let threads = group_columns * group_rows;
  //! for r in 0..rows
  //! for g in 0..blocks
  //! for j in 0 1 2 3
  var sum_#r#_#g#_#j# = Sum();
  //! end
  //! end
  //! end
  for (var k = 0u; k < vectors; k += DEPTH) {
    for (var i = index; i < DEPTH * group_height; i += threads) {
      // Neighbours read neighbouring vectors of a row. Rows past the end repeat the last one; their results are dropped.
      let row = row_of(min(first + i / DEPTH, last));
      staged_rows[(i % DEPTH) * group_height + i / DEPTH] = activations[row * vectors + k + i % DEPTH];
    }
    for (var i = index; i < DEPTH * PANEL * panels; i += threads) {
      let panel = i / (DEPTH * PANEL);
      let depth = (i / PANEL) % DEPTH;
      staged_columns[(depth * panels + panel) * PANEL + i % PANEL] =
        weights[panels_at + (panel * vectors + k + depth) * PANEL + i % PANEL];
    }
    workgroupBarrier();
    for (var depth = 0u; depth < DEPTH; depth++) {
      let rows_at = depth * group_height + local.y * ROWS;
      let columns_at = (depth * panels + (local.x >> 2u)) * PANEL + lane;
      //! for g in 0..blocks
      //! for j in 0 1 2 3
      let w_#g#_#j# = staged_columns[columns_at + (#g#u * 4u + #j#u) * 4u];
      //! for e in x y z w
      let w_#g#_#j#_#e# = widen(w_#g#_#j#.#e#);
      //! end
      //! end
      //! end
      //! for r in 0..rows
      let a_#r# = staged_rows[rows_at + #r#u];
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
    }
    workgroupBarrier();
  }
  let shift = shift_of(call.shift);
  let word = (group.x * group_columns + local.x) * (COLUMNS / 4u);
  let first_row = first + local.y * ROWS;
  //! for r in 0..rows
  if (first_row + #r#u <= last) {
    let row = row_of(first_row + #r#u);
    //! for g in 0..blocks
    finish(row, word + #g#u, vec4<i32>(
      total(sum_#r#_#g#_0), total(sum_#r#_#g#_1), total(sum_#r#_#g#_2), total(sum_#r#_#g#_3),
    ), shift);
    //! end
  }
  //! end
}
