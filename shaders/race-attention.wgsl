// Causal attention of one row and head an invocation: scores, integer exponential, mix of values, norm over the head.
// Needs: arithmetic, a product fragment, race-batch. In: projected (query | key | value, 4 int8 a word),
// exponential (256 i32), call.shift = score shift, call.weight_base = gain. Out: attended (4 int8 a word).
// Workgroup: 64 × 1 × 1 over rows × heads. Precision: exact. Twin with quads: race-attention-quad.wgsl. CPU twin:
// createAttention in src/race/forward.ts.

@group(0) @binding(2) var<storage, read> projected: array<u32>;
@group(0) @binding(3) var<storage, read> exponential: array<i32, 256>;
@group(0) @binding(4) var<storage, read_write> attended: array<u32>;

override heads: u32;
override head_words: u32;

// Largest dimensions of any shape: 32 positions, 16 words (64 elements) a head.
const MAX_POSITIONS = 32u;
const MAX_HEAD_WORDS = 16u;

@compute @workgroup_size(64)
fn attend(@builtin(global_invocation_id) id: vec3<u32>) {
  let index = id.x / heads;
  if (index >= row_count()) {
    return;
  }
  let row = row_of(index);
  let position = row % positions;
  let width_words = heads * head_words;
  let stride = 3u * width_words;
  let column = (id.x % heads) * head_words;
  let query_at = row * stride + column;
  let first_key_at = (row - position) * stride + width_words + column;

  var query: array<u32, MAX_HEAD_WORDS>;
  for (var word = 0u; word < head_words; word++) {
    query[word] = projected[query_at + word];
  }
  var weights: array<i32, MAX_POSITIONS>;
  let score_shift = shift_of(call.shift);
  var largest = i32(-0x7fffffff);
  for (var j = 0u; j <= position; j++) {
    var sum = Sum();
    for (var word = 0u; word < head_words; word++) {
      sum = accumulate(sum, widen(query[word]), widen(projected[first_key_at + j * stride + word]));
    }
    weights[j] = shift_right(vec4<i32>(total(sum)), score_shift).x;
    largest = max(largest, weights[j]);
  }
  for (var j = 0u; j <= position; j++) {
    weights[j] = exponential[u32(min(largest - weights[j], 255i))];
  }

  let first_value_at = first_key_at + width_words;
  var mixed: array<vec4<i32>, MAX_HEAD_WORDS>;
  var magnitude = 0u;
  for (var word = 0u; word < head_words; word++) {
    var sum = Mix();
    for (var j = 0u; j <= position; j++) {
      sum += weight_of(weights[j]) * spread(projected[first_value_at + j * stride + word]);
    }
    mixed[word] = vec4<i32>(sum);
    magnitude = max(magnitude, largest_magnitude(mixed[word]));
  }
  let shift = shift_of(norm_shift(magnitude));
  let fraction = shift_of(NORM_FRACTION_BITS);
  var squares = 0u;
  for (var word = 0u; word < head_words; word++) {
    squares += squared_length(shift_right(mixed[word], shift));
  }
  let multiplier = norm_multiplier(squares, call.weight_base);
  let out_at = row * width_words + column;
  for (var word = 0u; word < head_words; word++) {
    attended[out_at + word] = pack4(scale_norm(shift_right(mixed[word], shift), multiplier, fraction));
  }
}
