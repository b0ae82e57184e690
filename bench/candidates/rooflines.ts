/**
 * Three ways to race, on paper: how many attempts a device makes in a second, in WGSL and natively, and what an attempt costs a checker.
 * Every rate is the least of what arithmetic and memory allow. Assumptions stand in ASSUMED; nothing here was measured on a GPU.
 *
 *   dense       the pass of docs/race.md, shape `std`: matrix products alone.
 *   own cache   decode-like: each attempt builds its own key-value cache by real work, then makes steps that re-read all of it.
 *   table       decode-like: all attempts of an epoch read vectors at places that depend on their state from one table, each vector of
 *               which a checker can compute by itself (the light verification of Ethash, with int8 layers in the place of its hashes).
 */
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import type { Device } from './devices.ts'
import { besideUnitsGBs, besideUnitsMb, cacheGBs, dp4aTmacs, nativeTmacs } from './devices.ts'

export type Racer = 'wgsl' | 'native'

export const ASSUMED = {
  /** Share of the peak that a good kernel reaches: of dp4a in WGSL, of the matrix unit natively. */
  arithmetic: { wgsl: 0.6, native: 0.6 },
  /** Share of memory bandwidth: whole rows in order, and vectors of 512 bytes at random places. */
  streaming: { wgsl: 0.75, native: 0.85 },
  random: { wgsl: 0.65, native: 0.8 },
  /** Bytes that must be on their way to fill a cache or a memory, MB: attempts in flight together are at least so large. */
  inFlightMb: 2,
  /** Decode of one stream: share of memory bandwidth that reading the weights reaches. */
  decode: 0.65,
  /** Matrix products of one CPU thread in WASM, GMAC/s: what the chain re-executes with. */
  wasmGmacs: 27,
  raceSeconds: 300,
} as const

export interface Candidate {
  readonly name: string
  /** Attempts per second. */
  rate(device: Device, racer: Racer): number
  /** Multiply-accumulates of one attempt for a checker that holds nothing but the weights. */
  readonly checkMacs: number
  /** Bytes that a checker reads or keeps besides. */
  readonly checkMb: number
  /** Memory that a racer needs, MB. */
  readonly raceMb: number
}

/** Matrix products, MAC/s. */
function gemm(device: Device, racer: Racer): number {
  const peak = racer === 'wgsl' ? dp4aTmacs(device) : nativeTmacs(device)
  return ASSUMED.arithmetic[racer] * peak * 1e12
}

export const DENSE: Candidate = {
  name: 'dense (std)',
  rate: (device, racer) => gemm(device, racer) / Number(RACE_SHAPES.std.macs),
  checkMacs: Number(RACE_SHAPES.std.macs),
  checkMb: RACE_SHAPES.std.weightBytes / 1e6,
  raceMb: RACE_SHAPES.std.weightBytes / 1e6,
}

export interface CacheShape {
  readonly layers: number
  readonly width: number
  readonly prefix: number
  readonly steps: number
}

/** Work of an attempt with a cache of its own; feed-forward width = width, 6 · width² weights a layer. */
export function cacheCosts({ layers, width, prefix, steps }: CacheShape): {
  readonly cacheBytes: number
  readonly buildMacs: number
  readonly stepWeightMacs: number
  readonly stepCacheMacs: number
} {
  return {
    cacheBytes: layers * 2 * width * prefix,
    buildMacs: layers * (prefix * 6 * width * width + width * prefix * (prefix + 1)),
    stepWeightMacs: steps * layers * 6 * width * width,
    // One query a head: each byte of the cache is one multiply-accumulate.
    stepCacheMacs: steps * layers * 2 * width * prefix,
  }
}

/** GB/s at which steps re-read a cache of `cacheMb`: from beside the units (native code alone can keep it there), the last-level cache, memory. */
export function rereadGBs(device: Device, racer: Racer, cacheMb: number): number {
  const inFlightMb = Math.max(cacheMb, ASSUMED.inFlightMb)
  const beside = besideUnitsMb(device) * 0.7
  if (racer === 'native' && cacheMb <= beside) {
    return ASSUMED.arithmetic.native * besideUnitsGBs(device)
  }
  const cached = Math.min(1, (device.cacheMb * 0.8) / inFlightMb)
  const share = ASSUMED.streaming[racer]
  return 1 / (cached / (share * cacheGBs(device)) + (1 - cached) / (share * device.bandwidthGBs))
}

export function ownCache(name: string, shape: CacheShape): Candidate {
  const costs = cacheCosts(shape)
  const cacheMb = costs.cacheBytes / 1e6
  return {
    name,
    rate(device, racer) {
      const built = (costs.buildMacs + costs.stepWeightMacs) / gemm(device, racer)
      const read = (shape.steps * costs.cacheBytes) / (rereadGBs(device, racer, cacheMb) * 1e9)
      // A matrix unit is of no use to one query: both do these products by dp4a.
      const multiplied = costs.stepCacheMacs / gemm(device, 'wgsl')
      return 1 / (built + Math.max(read, multiplied))
    },
    checkMacs: costs.buildMacs + costs.stepWeightMacs + costs.stepCacheMacs,
    checkMb: (shape.steps * costs.cacheBytes) / 1e6,
    raceMb: cacheMb,
  }
}

export interface TableShape {
  readonly tableMb: number
  readonly itemBytes: number
  readonly reads: number
  /** Multiply-accumulates behind one vector of the table. */
  readonly itemMacs: number
}

/** Vectors a second: read from the table or computed anew, whichever a racer can do beside the other. */
export function table(name: string, { tableMb, itemBytes, reads, itemMacs }: TableShape): Candidate {
  return {
    name,
    rate(device, racer) {
      const cached = Math.min(1, (device.cacheMb * 0.8) / tableMb)
      const share = ASSUMED.random[racer]
      const seconds =
        (itemBytes / 1e9) * (cached / (share * cacheGBs(device)) + (1 - cached) / (share * device.bandwidthGBs))
      return (1 / seconds + gemm(device, racer) / itemMacs) / reads
    },
    checkMacs: reads * itemMacs,
    checkMb: (reads * itemBytes) / 1e6,
    raceMb: tableMb,
  }
}

export interface DecodedModel {
  readonly name: string
  readonly weightsGb: number
}

export const MODELS: readonly DecodedModel[] = [
  { name: '3B, 4 bits', weightsGb: 2.0 },
  { name: '8B, 4 bits', weightsGb: 4.92 },
  { name: '14B, 4 bits', weightsGb: 9.0 },
]

/** Decode of one stream, tokens/s: reading the weights once a token. Undefined where they do not fit with a tenth to spare. */
export function decodeTokens(device: Device, model: DecodedModel): number | undefined {
  return model.weightsGb * 1.1 > device.memoryGb ? undefined : (ASSUMED.decode * device.bandwidthGBs) / model.weightsGb
}
