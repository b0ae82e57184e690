import { fromHex } from '../../../src/lib/bytes.ts'
import type { PhiloxStream } from '../../../src/race/keys.ts'
import { RACE_MODULE_HEX } from '../../../src/race/wasm/race-module.ts'

/**
 * The WebAssembly module of the race driven part by part, on a shape that exposes one operation: rows are put where the stage before would
 * have left them. The order of regions and stages is that of src/race/wasm/assembly/race.ts.
 */
interface RaceExports {
  readonly memory: WebAssembly.Memory
  configure(layers: number, width: number, heads: number, headWidth: number, hidden: number, positions: number): number
  region(index: number): number
  expandWeights(key0: number, key1: number, lane: number): void
  setInputStream(key0: number, key1: number, lane: number): void
  embed(first: number, count: number): void
  runStage(layer: number, part: number): void
  collect(first: number, wantsAll: number, found: number): number
}

const REGIONS = {
  weights: 0,
  hidden: 1,
  normed: 2,
  projected: 3,
  attended: 4,
  nonces: 6,
  digests: 8,
  midstate: 9,
  target: 10,
}
const STAGES = { attentionNorm: 0, query: 1, attention: 3 }
/** Two layers, so that the first one computes all rows. */
const LAYERS = 2

export class WasmParts {
  readonly #exports: RaceExports
  readonly #width: number
  readonly #positions: number

  constructor(shape: { readonly width: number; readonly hidden?: number; readonly positions?: number }) {
    const module = new WebAssembly.Module(Uint8Array.from(fromHex(RACE_MODULE_HEX)))
    this.#exports = new WebAssembly.Instance(module).exports as unknown as RaceExports
    this.#width = shape.width
    this.#positions = shape.positions ?? 32
    this.#exports.configure(LAYERS, shape.width, 1, shape.width, shape.hidden ?? shape.width, this.#positions)
    // The number of attempts side by side is set by the inputs.
    this.#exports.embed(0, 1)
  }

  /** Row 0 of the residual stream, normalised. */
  norm(row: readonly number[]): Int8Array {
    this.#int32s('hidden', row.length).set(row)
    this.#exports.runStage(0, STAGES.attentionNorm)
    return Int8Array.from(this.#int16s('normed', row.length))
  }

  /** The first outputs of a matrix whose other rows are zero. */
  linear(x: Int8Array, matrix: Int8Array): Int8Array {
    this.#int16s('normed', x.length).set(x)
    new Int8Array(this.#buffer, this.#at('weights'), this.#width * this.#width).fill(0).set(matrix)
    this.#exports.runStage(0, STAGES.query)
    return Int8Array.from(this.#int16s('projected', matrix.length / x.length))
  }

  /** Attention of the last of the positions, of which there may be fewer than the shape has. */
  attention(query: Int8Array, keys: readonly Int8Array[], values: readonly Int8Array[]): Int8Array {
    const projected = this.#int16s('projected', 3 * this.#width * this.#positions).fill(0)
    keys.forEach((key, j) => {
      projected.set(key, (3 * j + 1) * this.#width)
      projected.set(values[j] ?? [], (3 * j + 2) * this.#width)
    })
    const row = keys.length - 1
    projected.set(query, 3 * row * this.#width)
    this.#exports.runStage(0, STAGES.attention)
    return Int8Array.from(this.#int16s('attended', this.#positions * this.#width).subarray(row * this.#width)).slice(
      0,
      this.#width,
    )
  }

  /** All inputs of an attempt, row by row. */
  inputs({ key0, key1, lane }: PhiloxStream, nonce: bigint): Int32Array {
    this.#nonces()[0] = nonce
    this.#exports.setInputStream(key0, key1, lane)
    this.#exports.embed(0, 1)
    return this.#int32s('hidden', this.#positions * this.#width)
  }

  weights({ key0, key1, lane }: PhiloxStream, from: number, count: number): Int8Array {
    this.#exports.expandWeights(key0, key1, lane)
    return new Int8Array(this.#buffer, this.#at('weights') + from, count)
  }

  /** Digest of a state as the last row of the residual stream. */
  digest(midstate: Int32Array, nonce: bigint, state: readonly number[]): Uint8Array {
    this.#putState(midstate, nonce, state)
    this.#exports.collect(0, 1, 0)
    return new Uint8Array(this.#buffer, this.#at('digests'), 32).slice()
  }

  /** Whether that digest lies under a target of 32 bytes. */
  isFind(midstate: Int32Array, nonce: bigint, state: readonly number[], target: Uint8Array): boolean {
    this.#putState(midstate, nonce, state)
    const words = new DataView(target.buffer, target.byteOffset, 32)
    const stored = new Uint32Array(this.#buffer, this.#at('target'), 8)
    stored.forEach((_, i) => {
      stored[i] = words.getUint32(4 * i)
    })
    return this.#exports.collect(0, 0, 0) === 1
  }

  #putState(midstate: Int32Array, nonce: bigint, state: readonly number[]): void {
    this.#nonces()[0] = nonce
    new Int32Array(this.#buffer, this.#at('midstate'), 8).set(midstate)
    this.#int32s('hidden', this.#positions * this.#width).set(state, (this.#positions - 1) * this.#width)
  }

  get #buffer(): ArrayBuffer {
    return this.#exports.memory.buffer as ArrayBuffer
  }

  #at(name: keyof typeof REGIONS): number {
    return this.#exports.region(REGIONS[name])
  }

  #int16s(name: keyof typeof REGIONS, count: number): Int16Array {
    return new Int16Array(this.#buffer, this.#at(name), count)
  }

  #int32s(name: keyof typeof REGIONS, count: number): Int32Array {
    return new Int32Array(this.#buffer, this.#at(name), count)
  }

  #nonces(): BigUint64Array {
    return new BigUint64Array(this.#buffer, this.#at('nonces'), 1)
  }
}
