// Matrix products int8 × int8 → i32: four rows × four outputs an invocation, sixteen elements of each at a time.
// Needs: dot4-packed or dot4-unpacked, arithmetic, race-batch. In: activations and weights, 16 int8 a vec4<u32>, rows of
// call.row_vectors vectors, weights from vector call.weight_base on. Out: `project` packs int8 at word
// row · out_stride + out_base (leaky ramp if call.activate = 1); `accumulate` adds to the residual stream.
// Workgroup: 8 column blocks × 8 row blocks. Precision: i32, exact in any order. CPU twin: src/race/linear.ts.

@group(0) @binding(2) var<storage, read> activations: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> weights: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> packed: array<u32>;
@group(0) @binding(5) var<storage, read_write> hidden: array<vec4<i32>>;

alias Block = array<vec4<i32>, 4>;

fn dot16(a: vec4<u32>, b: vec4<u32>) -> i32 {
  return dot4(a.x, b.x) + dot4(a.y, b.y) + dot4(a.z, b.z) + dot4(a.w, b.w);
}

// Rows past the end repeat the last one; their results are dropped.
fn block_rows(block: u32) -> vec4<u32> {
  let last = row_count() - 1u;
  let first = block * 4u;
  return vec4<u32>(
    row_of(min(first, last)),
    row_of(min(first + 1u, last)),
    row_of(min(first + 2u, last)),
    row_of(min(first + 3u, last)),
  );
}

fn multiply(rows: vec4<u32>, column: u32) -> Block {
  let vectors = call.row_vectors;
  let inputs_at = rows * vectors;
  let weights_at = call.weight_base + column * vectors;
  var sum_0 = vec4<i32>();
  var sum_1 = vec4<i32>();
  var sum_2 = vec4<i32>();
  var sum_3 = vec4<i32>();
  for (var i = 0u; i < vectors; i++) {
    let w_0 = weights[weights_at + i];
    let w_1 = weights[weights_at + vectors + i];
    let w_2 = weights[weights_at + 2u * vectors + i];
    let w_3 = weights[weights_at + 3u * vectors + i];
    let x_0 = activations[inputs_at.x + i];
    sum_0 += vec4<i32>(dot16(x_0, w_0), dot16(x_0, w_1), dot16(x_0, w_2), dot16(x_0, w_3));
    let x_1 = activations[inputs_at.y + i];
    sum_1 += vec4<i32>(dot16(x_1, w_0), dot16(x_1, w_1), dot16(x_1, w_2), dot16(x_1, w_3));
    let x_2 = activations[inputs_at.z + i];
    sum_2 += vec4<i32>(dot16(x_2, w_0), dot16(x_2, w_1), dot16(x_2, w_2), dot16(x_2, w_3));
    let x_3 = activations[inputs_at.w + i];
    sum_3 += vec4<i32>(dot16(x_3, w_0), dot16(x_3, w_1), dot16(x_3, w_2), dot16(x_3, w_3));
  }
  return Block(sum_0, sum_1, sum_2, sum_3);
}

// v for v >= 0, else -((2 - v) >> 2): the activation table in closed form (src/race/tables.ts).
fn leaky_ramp(value: vec4<i32>) -> vec4<i32> {
  let leak = -((vec4<i32>(2i) - value) >> vec4<u32>(2u));
  return select(leak, value, value >= vec4<i32>(0i));
}

@compute @workgroup_size(8, 8)
fn project(@builtin(global_invocation_id) id: vec3<u32>) {
  let rows = block_rows(id.y);
  let sums = multiply(rows, id.x * 4u);
  for (var i = 0u; i < 4u; i++) {
    if (id.y * 4u + i < row_count()) {
      let value = requantise(sums[i], call.shift);
      let activated = select(value, leaky_ramp(value), call.activate == 1u);
      packed[rows[i] * call.out_stride + call.out_base + id.x] = pack4(activated);
    }
  }
}

@compute @workgroup_size(8, 8)
fn accumulate(@builtin(global_invocation_id) id: vec3<u32>) {
  let rows = block_rows(id.y);
  let sums = multiply(rows, id.x * 4u);
  for (var i = 0u; i < 4u; i++) {
    if (id.y * 4u + i < row_count()) {
      hidden[rows[i] * call.out_stride + id.x] += requantise(sums[i], call.shift);
    }
  }
}
