import { CodedError } from '../lib/coded-error.ts'
import { philox4x32 } from '../lib/philox.ts'
import { SEED_BYTES, weightStream } from './keys.ts'
import type { RaceShape } from './shapes.ts'
import { layerWeightBytes } from './shapes.ts'

/** The weights of one epoch: the same for every host. */
export interface RaceModel {
  readonly shape: RaceShape
  readonly epochSeed: Uint8Array
  /** Layer by layer: query, key, value, output (width × width), up (hidden × width), down (width × hidden); rows are outputs. */
  readonly weights: Int8Array
}

/** Byte offsets of the matrices of one layer. */
export interface LayerOffsets {
  readonly query: number
  readonly key: number
  readonly output: number
  readonly up: number
  readonly down: number
}

/**
 * The weights are expanded when somebody first reads them (about 0.1 s for `std`): a GPU and WebAssembly expand their own. Byte i
 * of the model is byte i & 15 (little endian) of Philox block i >> 4.
 */
export function createRaceModel(shape: RaceShape, epochSeed: Uint8Array): RaceModel {
  if (epochSeed.length !== SEED_BYTES) {
    throw new CodedError('invalid_epoch_seed', 'an epoch seed has 32 bytes', { fields: { bytes: epochSeed.length } })
  }
  const seed = Uint8Array.from(epochSeed)
  let weights: Int8Array | undefined
  return {
    shape,
    epochSeed: seed,
    get weights(): Int8Array {
      weights ??= expandWeights(shape, seed)
      return weights
    },
  }
}

/** Where layer `layer` keeps its matrices; key and value follow query, so that one product yields all three. */
export function layerOffsets(shape: RaceShape, layer: number): LayerOffsets {
  const base = Math.imul(layer, layerWeightBytes(shape))
  const square = Math.imul(shape.width, shape.width)
  const up = base + Math.imul(4, square)
  return {
    query: base,
    key: base + square,
    output: base + Math.imul(3, square),
    up,
    down: up + Math.imul(shape.width, shape.hidden),
  }
}

function expandWeights(shape: RaceShape, epochSeed: Uint8Array): Int8Array {
  const weights = new Int8Array(shape.weightBytes)
  const stream = weightStream(shape, epochSeed)
  const words = new Int32Array(4)
  for (let offset = 0; offset < weights.length; offset += 16) {
    philox4x32(words, 0, offset >> 4, 0, 0, stream.lane, stream.key0, stream.key1)
    for (let i = 0; i < 16; i++) {
      // Typed arrays store modulo 2^8, so the shifted word is its byte.
      weights[offset + i] = (words[i >> 2] as number) >> ((i & 3) << 3)
    }
  }
  return weights
}
