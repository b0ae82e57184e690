// Adds the last product to rows of the residual stream where call.adds = 1, then scales them to rms 32 and packs them as
// int8; a row is shared by a quad and stays in registers, so it is read once, and quad swaps take the place of workgroup
// memory and barriers.
// Needs: arithmetic, race-batch; template size `shares` (width / 16). In and out: hidden (int16 pairs). In: normed, what is
// added (4 int8 a word), call.shift = gain. Out: normed. Workgroup: 64 invocations, 16 rows. Quads are four neighbours of
// a one-dimensional workgroup; known answers hold a driver to that. Precision: exact. Twin without quads: race-norm.wgsl.
// CPU twins: normalise in src/race/arithmetic.ts, addRequantised in src/race/linear.ts.

@group(0) @binding(2) var<storage, read_write> hidden: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> normed: array<u32>;

@compute @workgroup_size(64)
fn normalise(@builtin(global_invocation_id) id: vec3<u32>) {
  let lane = id.x & 3u;
  let index = id.x >> 2u;
  let is_row = index < row_count();
  // Rows past the end repeat the last one and store nothing: a quad needs all four.
  let base = row_of(min(index, row_count() - 1u)) * call.row_vectors + lane;

  var largest = 0u;
  //! for s in 0..shares
  var x_#s# = unpack_state(hidden[base + #s#u * 4u]);
  //! end
  if (call.adds == 1u) {
    //! for s in 0..shares
    x_#s# += unpack4(normed[base + #s#u * 4u]);
    //! end
    if (is_row) {
      //! for s in 0..shares
      hidden[base + #s#u * 4u] = pack_state(x_#s#);
      //! end
    }
  }
  //! for s in 0..shares
  largest = max(largest, largest_magnitude(x_#s#));
  //! end
  largest = max(largest, quadSwapX(largest));
  largest = max(largest, quadSwapY(largest));
  let shift = shift_of(norm_shift(largest));
  let fraction = shift_of(NORM_FRACTION_BITS);

  var squares = 0u;
  //! for s in 0..shares
  let y_#s# = shift_right(x_#s#, shift);
  squares += squared_length(y_#s#);
  //! end
  squares += quadSwapX(squares);
  squares += quadSwapY(squares);
  let multiplier = norm_multiplier(squares, call.shift);

  if (is_row) {
    //! for s in 0..shares
    normed[base + #s#u * 4u] = pack4(scale_norm(y_#s#, multiplier, fraction));
    //! end
  }
}
