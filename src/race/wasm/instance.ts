/**
 * One instance of the WebAssembly race (assembly/race.ts) with the weights of one model in its memory. Everything is
 * synchronous: the module is a text in race-module.ts, so a browser worker, Node and Electron load it alike.
 *
 * Invariant: memory grows once, when the instance is made; its views stay valid. Read next: wasm-oracle.ts.
 */
import { fromHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { HostKeys, PhiloxStream } from '../keys.ts'
import type { RaceShape } from '../shapes.ts'
import type { StageTensor } from '../stages.ts'
import { rowLength } from '../stages.ts'
import { RACE_MODULE_HEX } from './race-module.ts'

/** Most nonces of one call of `search`: MAX_BATCH in assembly/layout.ts. */
export const MAX_WASM_BATCH = 1024
const DIGEST_BYTES = 32

/** In the order of `region` in assembly/race.ts. */
const REGIONS = [
  'weights',
  'hidden',
  'normed',
  'projected',
  'attended',
  'expanded',
  'nonces',
  'found',
  'digests',
  'midstate',
  'target',
] as const

interface RaceExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  configure(layers: number, width: number, heads: number, headWidth: number, hidden: number, positions: number): number
  region(index: number): number
  expandWeights(key0: number, key1: number, lane: number): void
  setInputStream(key0: number, key1: number, lane: number): void
  search(count: number, wantsAll: number): number
  embed(first: number, count: number): void
  runStage(layer: number, part: number): void
  collect(first: number, wantsAll: number, found: number): number
}

/** The part of the platform's WebAssembly that is used here; this layer has neither DOM nor Node types. */
interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

declare const WebAssembly: WebAssemblyApi | undefined

let compiled: { readonly api: WebAssemblyApi; readonly module: object } | undefined

/** Compiles once in each realm. @throws CodedError `no_wasm_simd` where the engine, or a policy of the page, refuses. */
function compile(): { readonly api: WebAssemblyApi; readonly module: object } {
  if (compiled === undefined) {
    const api = typeof WebAssembly === 'undefined' ? undefined : WebAssembly
    const bytes = fromHex(RACE_MODULE_HEX)
    if (api === undefined || !api.validate(bytes)) {
      throw new CodedError('no_wasm_simd', 'there is no WebAssembly with SIMD here')
    }
    try {
      compiled = { api, module: new api.Module(bytes) }
    } catch (cause) {
      throw new CodedError('no_wasm_simd', 'WebAssembly may not be compiled here', { cause })
    }
  }
  return compiled
}

/** Sign-extended bytes of int16 activations: what the stages of the reference hold. */
function narrowed(activations: Int16Array): Uint8Array {
  return Uint8Array.from(activations)
}

export class RaceInstance {
  readonly shape: RaceShape
  readonly #exports: RaceExports
  readonly #at: Readonly<Record<(typeof REGIONS)[number], number>>
  readonly #nonces: BigUint64Array
  readonly #found: Int32Array
  readonly #digests: Uint8Array
  #host: HostKeys | undefined

  /** @throws CodedError `no_wasm_simd`, `wasm_memory` */
  constructor(shape: RaceShape) {
    const { api, module } = compile()
    this.shape = shape
    try {
      this.#exports = new api.Instance(module).exports as RaceExports
    } catch (cause) {
      throw new CodedError('wasm_memory', 'no memory for another WebAssembly instance', { cause })
    }
    const { layers, width, heads, headWidth, hidden, positions } = shape
    if (this.#exports.configure(layers, width, heads, headWidth, hidden, positions) === 0) {
      throw new CodedError('wasm_memory', 'no memory for the weights of a model', {
        fields: { bytes: shape.weightBytes },
      })
    }
    const entries = REGIONS.map((name, index) => [name, this.#exports.region(index)])
    this.#at = Object.fromEntries(entries) as Record<(typeof REGIONS)[number], number>
    this.#nonces = new BigUint64Array(this.#buffer, this.#at.nonces, MAX_WASM_BATCH)
    this.#found = new Int32Array(this.#buffer, this.#at.found, MAX_WASM_BATCH)
    this.#digests = new Uint8Array(this.#buffer, this.#at.digests, MAX_WASM_BATCH << 5)
  }

  /** Bytes of its memory. */
  get memoryBytes(): number {
    return this.#buffer.byteLength
  }

  expandWeights({ key0, key1, lane }: PhiloxStream): void {
    this.#exports.expandWeights(key0, key1, lane)
  }

  /** Weights as given, in the model's order. */
  setWeights(weights: Int8Array): void {
    new Int8Array(this.#buffer, this.#at.weights, this.shape.weightBytes).set(weights)
  }

  /** Digests of at most MAX_WASM_BATCH attempts, in order. */
  digests(keys: HostKeys, nonces: BigUint64Array): readonly Uint8Array[] {
    this.#load(keys, nonces)
    const count = this.#exports.search(nonces.length, 1)
    return Array.from({ length: count }, (_, place) => this.#digest(place))
  }

  /** Which of at most MAX_WASM_BATCH attempts lie under the target (32 bytes), by index, with their digests. */
  search(
    keys: HostKeys,
    target: Uint8Array,
    nonces: BigUint64Array,
  ): readonly { readonly index: number; readonly digest: Uint8Array }[] {
    this.#load(keys, nonces)
    const words = new DataView(target.buffer, target.byteOffset, DIGEST_BYTES)
    const stored = new Uint32Array(this.#buffer, this.#at.target, 8)
    for (let i = 0; i < 8; i++) {
      stored[i] = words.getUint32(i << 2)
    }
    const count = this.#exports.search(nonces.length, 0)
    return Array.from({ length: count }, (_, place) => ({
      index: this.#found[place] as number,
      digest: this.#digest(place),
    }))
  }

  /** One attempt stage by stage: `observe` is called after each, in the order of stages.ts. Returns the digest. */
  trace(keys: HostKeys, nonce: bigint, observe: () => void): Uint8Array {
    this.#load(keys, BigUint64Array.of(nonce))
    this.#exports.embed(0, 1)
    observe()
    for (let layer = 0; layer < this.shape.layers; layer++) {
      for (let part = 0; part < 8; part++) {
        this.#exports.runStage(layer, part)
        observe()
      }
    }
    this.#exports.collect(0, 1, 0)
    return this.#digest(0)
  }

  /** A tensor of the attempt that is traced, as the reference holds it. */
  tensorBytes(tensor: StageTensor): Uint8Array {
    const elements = Math.imul(this.shape.positions, rowLength(this.shape, tensor))
    const at = this.#at[tensor]
    if (tensor === 'hidden') {
      return new Uint8Array(this.#buffer, at, elements << 2)
    }
    return narrowed(new Int16Array(this.#buffer, at, elements))
  }

  get #buffer(): ArrayBuffer {
    return this.#exports.memory.buffer
  }

  #load(keys: HostKeys, nonces: BigUint64Array): void {
    this.#nonces.set(nonces)
    if (this.#host !== keys) {
      const { key0, key1, lane } = keys.stream
      this.#exports.setInputStream(key0, key1, lane)
      new Int32Array(this.#buffer, this.#at.midstate, 8).set(keys.midstate)
      this.#host = keys
    }
  }

  #digest(place: number): Uint8Array {
    return this.#digests.slice(place << 5, (place + 1) << 5)
  }
}
