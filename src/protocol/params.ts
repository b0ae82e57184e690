/**
 * Parameters of a network and the height arithmetic of an epoch. Pure values: the chain stores them, every host computes
 * stages from them alike. Invariant: the stages of an epoch follow one another without a gap, so each height has exactly
 * one stage. See docs/decisions for the two local values that differ from the protocol's first table. Read next: messages.ts.
 */
import { ceilDiv, PPM } from '../lib/fixed-point.ts'
import type { ConsensusParams } from './consensus/consensus-params.ts'
import {
  CONSENSUS_PARAM_BOUNDS,
  CONSENSUS_PARAM_NAMES,
  LOCAL_CONSENSUS_PARAMS,
  PUBLIC_CONSENSUS_PARAMS,
} from './consensus/consensus-params.ts'
import type { ServingParams } from './work/serving-params.ts'
import {
  LOCAL_SERVING_PARAMS,
  PUBLIC_SERVING_PARAMS,
  SERVING_PARAM_BOUNDS,
  SERVING_PARAM_NAMES,
} from './work/serving-params.ts'

export type ShapeName = 'dev' | 'std'
export const SHAPE_NAMES: readonly ShapeName[] = ['dev', 'std']

export interface Params {
  readonly blockTimeMs: number
  /** Blocks from race start to race start. */
  readonly epochLength: number
  /** Blocks that take commits, from P + 1. */
  readonly raceLength: number
  /** Blocks from the end of the race to the settle. At least 8. */
  readonly verifyLength: number
  /** Epochs until held earnings are credited. */
  readonly holdEpochs: number
  /** Finds drawn per host and race (k). */
  readonly sampleSize: number
  /** Finds drawn additionally after one proven wrong find. */
  readonly extensionSize: number
  /** Verifiers of each host. */
  readonly verifiersPerHost: number
  /** Share of a verifier's root that is opened. */
  readonly openingPpm: number
  /** Cap of one host's share of the raw weight; ⌈1/n⌉ where that is more. */
  readonly weightCapPpm: number
  /** utail minted at each close, at most. */
  readonly emissionPerEpoch: bigint
  /** utail that each message costs which is no duty, at least: what it leaves in the state is then paid for. */
  readonly feePerMessage: bigint
  /** Share of each credit that is kept until the bond is full. */
  readonly bondPpm: number
  /** The bond is full at this many epochs of the host's mean credit. */
  readonly bondEpochs: number
  /** Shapes whose finds carry weight; `dev` only on local networks. */
  readonly weightedShapes: readonly ShapeName[]
  /** Target of the first race per shape, as a power of two: 2^n. */
  readonly initialTargetLog2: Readonly<Record<ShapeName, number>>
  /** Paid work. */
  readonly serving: ServingParams
  /** Consensus power. */
  readonly consensus: ConsensusParams
}

export const PUBLIC_PARAMS: Params = {
  blockTimeMs: 5_000,
  epochLength: 17_280,
  raceLength: 60,
  verifyLength: 40,
  holdEpochs: 2,
  sampleSize: 100,
  extensionSize: 200,
  verifiersPerHost: 2,
  openingPpm: 50_000,
  weightCapPpm: 250_000,
  emissionPerEpoch: 323_000_000_000n,
  feePerMessage: 1_000n,
  bondPpm: 200_000,
  bondEpochs: 5,
  weightedShapes: ['std'],
  // About 1,900 finds in the first race of a card of the class of an RTX 4090, 100 of one with a twentieth of it (docs/threats.md).
  initialTargetLog2: { dev: 254, std: 242 },
  serving: PUBLIC_SERVING_PARAMS,
  consensus: PUBLIC_CONSENSUS_PARAMS,
}

export const LOCAL_PARAMS: Params = {
  ...PUBLIC_PARAMS,
  blockTimeMs: 1_000,
  epochLength: 40,
  raceLength: 10,
  verifyLength: 14,
  holdEpochs: 1,
  emissionPerEpoch: 100_000_000n,
  feePerMessage: 0n,
  weightedShapes: ['dev', 'std'],
  initialTargetLog2: { dev: 255, std: 254 },
  serving: LOCAL_SERVING_PARAMS,
  consensus: LOCAL_CONSENSUS_PARAMS,
}

/** What the next block belongs to. `seeding` is block P itself: the seed is known once it is committed. */
export type Stage = 'seeding' | 'race' | 'verify' | 'serve'

export interface EpochHeights {
  readonly epoch: number
  /** P. */
  readonly startHeight: number
  /** Last block that takes commits: P + raceLength. */
  readonly raceEndHeight: number
  /** The finds to check and their verifiers are drawn at the end of this block, with its R. */
  readonly sampleHeight: number
  /** Last block that takes verification roots; the randomness two blocks later opens them. */
  readonly rootDeadlineHeight: number
  /** Weights are set at the end of this block. */
  readonly settleHeight: number
  /** Earnings are minted, held and credited at the end of this block: P + epochLength − 1. */
  readonly closeHeight: number
}

/** Heights of epoch `epoch`: P = epoch · epochLength. Block 0 is the genesis. */
export function epochHeights(params: Params, epoch: number): EpochHeights {
  const startHeight = epoch * params.epochLength
  const raceEndHeight = startHeight + params.raceLength
  const settleHeight = raceEndHeight + params.verifyLength
  return {
    epoch,
    startHeight,
    raceEndHeight,
    sampleHeight: raceEndHeight + RANDOMNESS_DELAY,
    rootDeadlineHeight: settleHeight - RANDOMNESS_DELAY - OPENING_BLOCKS,
    settleHeight,
    closeHeight: startHeight + params.epochLength - 1,
  }
}

/** What is committed in block b is drawn with R_{b + 2}. */
export const RANDOMNESS_DELAY = 2
/** Blocks that a verifier has at least for its opening, from the drawing block + 1 to the settle. */
export const OPENING_BLOCKS = 3

export function epochOfHeight(params: Params, height: number): number {
  return Number(BigInt(height) / BigInt(params.epochLength))
}

export function stageOfHeight(params: Params, height: number): Stage {
  const heights = epochHeights(params, epochOfHeight(params, height))
  if (height === heights.startHeight) {
    return 'seeding'
  }
  if (height <= heights.raceEndHeight) {
    return 'race'
  }
  return height <= heights.settleHeight ? 'verify' : 'serve'
}

/** Cap of one host's share of the raw weight among `hosts` hosts, which the caller counts: max(25 %, ⌈1/n⌉), ppm. */
export function weightCapPpm(params: Params, hosts: number): bigint {
  const equalShare = ceilDiv(PPM, BigInt(hosts < 1 ? 1 : hosts))
  const cap = BigInt(params.weightCapPpm)
  return equalShare > cap ? equalShare : cap
}

type IntegerField = Exclude<
  keyof Params,
  'emissionPerEpoch' | 'feePerMessage' | 'weightedShapes' | 'initialTargetLog2' | 'serving' | 'consensus'
>

/** Least and greatest value of each integer parameter. */
export const PARAM_BOUNDS: Readonly<Record<IntegerField, readonly [least: number, greatest: number]>> = {
  blockTimeMs: [1, 600_000],
  epochLength: [11, 10_000_000],
  raceLength: [1, 1_000_000],
  // One block for roots after the draw, the delay of its opening, the blocks for openings.
  verifyLength: [8, 1_000_000],
  holdEpochs: [1, 1_000],
  sampleSize: [1, 10_000],
  extensionSize: [1, 10_000],
  verifiersPerHost: [1, 64],
  openingPpm: [1, 1_000_000],
  weightCapPpm: [1, 1_000_000],
  bondPpm: [0, 1_000_000],
  bondEpochs: [0, 1_000_000],
}

/** A trillion TAIL a close: far above any plan, and sums over any number of epochs stay short. */
export const MAX_EMISSION_PER_EPOCH = 10n ** 18n
/** One TAIL: a vote cannot price transfers out of reach. */
export const MAX_FEE_PER_MESSAGE = 1_000_000n
/** A target has 32 bytes, so 2^255 is the easiest power of two. */
const TARGET_LOG2_BOUNDS = [1, 255] as const

/** Undefined where a chain can run on these parameters, else what is wrong, in a few words. */
export function validateParams(params: Params): string | undefined {
  for (const [field, bounds] of Object.entries(PARAM_BOUNDS)) {
    if (!isIntegerWithin(params[field as IntegerField], bounds)) {
      return `${field} must be an integer from ${bounds[0]} to ${bounds[1]}`
    }
  }
  if (params.feePerMessage < 0n || params.feePerMessage > MAX_FEE_PER_MESSAGE) {
    return `feePerMessage must be from 0 to ${MAX_FEE_PER_MESSAGE}`
  }
  if (params.emissionPerEpoch < 0n || params.emissionPerEpoch > MAX_EMISSION_PER_EPOCH) {
    return `emissionPerEpoch must be from 0 to ${MAX_EMISSION_PER_EPOCH}`
  }
  const shapes = params.weightedShapes
  const areShapes = shapes.every((shape) => SHAPE_NAMES.includes(shape))
  if (shapes.length === 0 || new Set(shapes).size !== shapes.length || !areShapes) {
    return 'weightedShapes must name one shape or more, each once'
  }
  if (!SHAPE_NAMES.every((shape) => isIntegerWithin(params.initialTargetLog2[shape], TARGET_LOG2_BOUNDS))) {
    return `initialTargetLog2 must be an integer from ${TARGET_LOG2_BOUNDS[0]} to ${TARGET_LOG2_BOUNDS[1]} for each shape`
  }
  for (const name of SERVING_PARAM_NAMES) {
    const bounds = SERVING_PARAM_BOUNDS[name]
    if (!isIntegerWithin(params.serving[name], bounds)) {
      return `serving.${name} must be an integer from ${bounds[0]} to ${bounds[1]}`
    }
  }
  for (const name of CONSENSUS_PARAM_NAMES) {
    const bounds = CONSENSUS_PARAM_BOUNDS[name]
    if (!isIntegerWithin(params.consensus[name], bounds)) {
      return `consensus.${name} must be an integer from ${bounds[0]} to ${bounds[1]}`
    }
  }
  if (params.consensus.jailMissedBlocks > params.consensus.jailWindowBlocks) {
    return 'consensus.jailMissedBlocks must be within consensus.jailWindowBlocks'
  }
  const { settleHeight, closeHeight } = epochHeights(params, 0)
  return closeHeight > settleHeight ? undefined : 'epochLength is too short: the close must follow the settle'
}

function isIntegerWithin(value: number, [least, greatest]: readonly [number, number]): boolean {
  return Number.isInteger(value) && value >= least && value <= greatest
}

/**
 * Canonical JSON: keys in declaration order whatever order the object has, bigint as decimal string, no spaces. Its inverse
 * is decodeParams in params-codec.ts.
 */
export function encodeParams(params: Params): string {
  return JSON.stringify({
    blockTimeMs: params.blockTimeMs,
    epochLength: params.epochLength,
    raceLength: params.raceLength,
    verifyLength: params.verifyLength,
    holdEpochs: params.holdEpochs,
    sampleSize: params.sampleSize,
    extensionSize: params.extensionSize,
    verifiersPerHost: params.verifiersPerHost,
    openingPpm: params.openingPpm,
    weightCapPpm: params.weightCapPpm,
    emissionPerEpoch: params.emissionPerEpoch.toString(),
    feePerMessage: params.feePerMessage.toString(),
    bondPpm: params.bondPpm,
    bondEpochs: params.bondEpochs,
    weightedShapes: params.weightedShapes,
    initialTargetLog2: { dev: params.initialTargetLog2.dev, std: params.initialTargetLog2.std },
    serving: Object.fromEntries(SERVING_PARAM_NAMES.map((name) => [name, params.serving[name]])),
    consensus: Object.fromEntries(CONSENSUS_PARAM_NAMES.map((name) => [name, params.consensus[name]])),
  } satisfies Record<keyof Params, unknown>)
}

export const DENOM = 'utail'
export const DISPLAY_DENOM = 'TAIL'
export const DISPLAY_DECIMALS = 6
export const ADDRESS_PREFIX = 'tail'
export const LOCAL_CHAIN_ID = 'tailrace-local-1'
