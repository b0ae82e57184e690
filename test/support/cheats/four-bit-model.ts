/**
 * A cheaper model under the name of the real one: every weight matrix of an ONNX file is rounded to 4 bits in blocks of 32 with one scale
 * each, as common 4-bit formats do. The file keeps its length and layout, so only its numbers (and its hash) differ.
 * Field numbers are those of onnx.proto: ModelProto.graph 7, GraphProto.initializer 5, TensorProto dims 1, data_type 2, raw_data 9.
 */
import { CodedError } from '../../../src/lib/coded-error.ts'

const MODEL_GRAPH = 7
const GRAPH_INITIALIZER = 5
const TENSOR_DIMS = 1
const TENSOR_DATA_TYPE = 2
const TENSOR_RAW_DATA = 9
const FLOAT = 1
const BLOCK = 32

interface Field {
  readonly number: number
  /** Of a varint. */
  readonly value: number
  /** Of a length-delimited field: its bytes are [start, end). */
  readonly start: number
  readonly end: number
}

/** A copy of the model with 4-bit weights. @throws CodedError `invalid_graph` where no weights are found. */
export function roundToFourBits(model: Uint8Array): Uint8Array {
  const out = model.slice()
  let matrices = 0
  for (const graph of fieldsOf(out, 0, out.length)) {
    if (graph.number !== MODEL_GRAPH) continue
    for (const tensor of fieldsOf(out, graph.start, graph.end)) {
      if (tensor.number === GRAPH_INITIALIZER && roundTensor(out, tensor)) {
        matrices += 1
      }
    }
  }
  if (matrices === 0) {
    throw new CodedError('invalid_graph', 'no float matrices in this model')
  }
  return out
}

/** True where the tensor was a float matrix. Vectors (norms) stay, as they do in 4-bit formats. */
function roundTensor(bytes: Uint8Array, tensor: Field): boolean {
  const fields = [...fieldsOf(bytes, tensor.start, tensor.end)]
  const dimensions = fields.filter((field) => field.number === TENSOR_DIMS).length
  const isFloat = fields.some((field) => field.number === TENSOR_DATA_TYPE && field.value === FLOAT)
  const raw = fields.find((field) => field.number === TENSOR_RAW_DATA)
  if (!isFloat || dimensions < 2 || raw === undefined) {
    return false
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + raw.start, raw.end - raw.start)
  for (let first = 0; first < view.byteLength; first += 4 * BLOCK) {
    roundBlock(view, first, Math.min(first + 4 * BLOCK, view.byteLength))
  }
  return true
}

/** The greatest magnitude becomes −8 or 7 steps. */
function roundBlock(view: DataView, first: number, end: number): void {
  let extreme = 0
  for (let at = first; at < end; at += 4) {
    const value = view.getFloat32(at, true)
    extreme = Math.abs(value) > Math.abs(extreme) ? value : extreme
  }
  const step = extreme / -8
  for (let at = first; at < end && step !== 0; at += 4) {
    const steps = Math.min(Math.max(Math.round(view.getFloat32(at, true) / step), -8), 7)
    view.setFloat32(at, steps * step, true)
  }
}

/** The fields of one protobuf message at [from, to). */
function* fieldsOf(bytes: Uint8Array, from: number, to: number): Generator<Field> {
  let at = from
  const varint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]
      if (byte === undefined || at > to) {
        throw new CodedError('invalid_graph', 'the model is cut off')
      }
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  while (at < to) {
    const tag = varint()
    const wire = tag % 8
    const number = (tag - wire) / 8
    const value = wire === 0 ? varint() : 0
    const length = wire === 2 ? varint() : wire === 5 ? 4 : wire === 1 ? 8 : 0
    yield { number, value, start: at, end: at + length }
    at += length
  }
}
