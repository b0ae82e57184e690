/** From rooflines to figures: advantage of native code, agreement of weight with decoded tokens, cost of a check. */
import { MIN_FINDS } from '../../src/race/find.ts'
import type { Device } from './devices.ts'
import { DEVICES } from './devices.ts'
import type { Candidate, Racer } from './rooflines.ts'
import { ASSUMED, decodeTokens, MODELS } from './rooflines.ts'

export interface Agreement {
  readonly devices: number
  /** Pearson correlation of the logarithms. */
  readonly correlation: number
  /** Standard deviation of log2(weight ÷ tokens), as a factor. */
  readonly typicalFactor: number
  /** Device that gets most, and least, weight for its tokens, in multiples of the geometric mean. */
  readonly most: { readonly name: string; readonly factor: number }
  readonly least: { readonly name: string; readonly factor: number }
}

export interface Pair {
  readonly name: string
  readonly weight: number
  readonly tokens: number
}

export function agreement(pairs: readonly Pair[]): Agreement {
  const logs = pairs.map(({ name, weight, tokens }) => ({ name, x: Math.log2(weight), y: Math.log2(tokens) }))
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const meanX = mean(logs.map(({ x }) => x))
  const meanY = mean(logs.map(({ y }) => y))
  const spread = (f: (log: (typeof logs)[number]) => number): number => mean(logs.map(f))
  const covariance = spread(({ x, y }) => (x - meanX) * (y - meanY))
  const variances = spread(({ x }) => (x - meanX) ** 2) * spread(({ y }) => (y - meanY) ** 2)
  const ratios = logs.map(({ name, x, y }) => ({ name, log: x - meanX - (y - meanY) })).sort((a, b) => b.log - a.log)
  const factorOf = (ratio: (typeof ratios)[number] | undefined): { name: string; factor: number } => ({
    name: ratio?.name ?? '',
    factor: 2 ** (ratio?.log ?? 0),
  })
  return {
    devices: pairs.length,
    correlation: covariance / Math.sqrt(variances),
    typicalFactor: 2 ** Math.sqrt(spread(({ x, y }) => (x - meanX - (y - meanY)) ** 2)),
    most: factorOf(ratios[0]),
    least: factorOf(ratios.at(-1)),
  }
}

export interface CandidateFigures {
  readonly name: string
  readonly advantage: { readonly median: number; readonly most: number; readonly mostOf: string }
  /** All devices in WGSL, against the roofline of decode. */
  readonly roofline: Agreement
  /** The same where devices of data centres race natively and the others in WGSL. */
  readonly mixed: Agreement
  /** WGSL against tokens/s that others measured. */
  readonly measured: Agreement
  readonly check: {
    readonly gigamacs: number
    /** 100 finds, as a share of the 300-second race of the same device: median and worst of all devices. */
    readonly medianShare: number
    readonly worstShare: number
    readonly worstOf: string
    /** One find re-executed in WASM on one thread, seconds. */
    readonly chainSeconds: number
  }
  readonly raceMb: number
  /** Devices that expect fewer finds than count, were each of the list one host: all in WGSL, and with native racers in data centres. */
  readonly leftOut: { readonly wgsl: readonly string[]; readonly mixed: readonly string[] }
}

/** Finds of the average host that the retarget steers to. */
const FINDS_PER_HOST = 500

function leftOut(pairs: readonly Pair[]): string[] {
  const mean = pairs.reduce((sum, { weight }) => sum + weight, 0) / pairs.length
  return pairs.filter(({ weight }) => (FINDS_PER_HOST * weight) / mean < MIN_FINDS).map(({ name }) => name)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

export function figuresOf(candidate: Candidate): CandidateFigures {
  const advantages = DEVICES.map((device) => ({
    name: device.name,
    factor: candidate.rate(device, 'native') / candidate.rate(device, 'wgsl'),
  })).sort((a, b) => a.factor - b.factor)
  const tokens = (device: Device): number => decodeTokens(device, MODELS[0] as (typeof MODELS)[number]) ?? 0
  const pairs = (racerOf: (device: Device) => Racer): Pair[] =>
    DEVICES.map((device) => ({
      name: device.name,
      weight: candidate.rate(device, racerOf(device)),
      tokens: tokens(device),
    }))
  const inWgsl = pairs(() => 'wgsl')
  const mixed = pairs((device) => (device.class === 'data centre' ? 'native' : 'wgsl'))
  const measured = DEVICES.flatMap((device) =>
    device.measuredTokensPerS === undefined
      ? []
      : [{ name: device.name, weight: candidate.rate(device, 'wgsl'), tokens: device.measuredTokensPerS }],
  )
  const shares = DEVICES.map((device) => ({
    name: device.name,
    // A checker that has raced holds what a racer holds: a find costs it one attempt.
    share: 100 / (ASSUMED.raceSeconds * candidate.rate(device, 'wgsl')),
  })).sort((a, b) => a.share - b.share)
  return {
    name: candidate.name,
    advantage: {
      median: median(advantages.map(({ factor }) => factor)),
      most: advantages.at(-1)?.factor ?? 0,
      mostOf: advantages.at(-1)?.name ?? '',
    },
    roofline: agreement(inWgsl),
    mixed: agreement(mixed),
    measured: agreement(measured),
    check: {
      gigamacs: candidate.checkMacs / 1e9,
      medianShare: median(shares.map(({ share }) => share)),
      worstShare: shares.at(-1)?.share ?? 0,
      worstOf: shares.at(-1)?.name ?? '',
      chainSeconds: candidate.checkMacs / (ASSUMED.wasmGmacs * 1e9),
    },
    raceMb: candidate.raceMb,
    leftOut: { wgsl: leftOut(inWgsl), mixed: leftOut(mixed) },
  }
}
