import type { AppHashCost } from './app-hash.ts'
import type { BatchCost } from './batches.ts'
import type { BlockShare } from './block-share.ts'
import type { FloodReport } from './flood.ts'
import type { PowerCost } from './power.ts'
import type { SignatureComparison } from './signatures.ts'
import type { SnapshotCost } from './snapshots.ts'
import type { TransactionRate } from './transactions.ts'

/** What `npm run bench:chain -- --json` prints; a section that was left out is an empty list or absent. */
export interface ChainReport {
  /** Every bar that was measured is kept. */
  readonly ok: boolean
  readonly batches: readonly BatchCost[]
  /** One receipt a batch against the largest batch, over 10 payers (where they are measured). */
  readonly bar: BatchBar | undefined
  readonly transactions: readonly TransactionRate[]
  readonly blocks: readonly BlockShare[]
  readonly appHash: readonly AppHashCost[]
  readonly snapshots: readonly SnapshotCost[]
  readonly power: readonly PowerCost[]
  readonly signatures: SignatureComparison | undefined
  readonly flood: FloodReport | undefined
  readonly machine: { readonly node: string; readonly cores: number; readonly model: string }
  readonly seconds: number
}

export interface BatchBar {
  readonly payers: number
  readonly batches: readonly [number, number]
  readonly cpuRatio: number
  readonly bytesRatio: number
  /** Of the CPU ratio, at least. */
  readonly target: number
}

const BAR_PAYERS = 10
const BAR_RATIO = 100
/** Intervals of blocks in the flood, of those before it. */
const FLOOD_RATIO = 2

export function barOf(batches: readonly BatchCost[]): BatchBar | undefined {
  const own = batches.filter(({ payers }) => payers === BAR_PAYERS)
  const [small, large] = [own[0], own.at(-1)]
  if (small === undefined || large === undefined || small === large) {
    return undefined
  }
  return {
    payers: BAR_PAYERS,
    batches: [small.batch, large.batch],
    cpuRatio: small.cpuUs / large.cpuUs,
    bytesRatio: small.bytes / large.bytes,
    target: BAR_RATIO,
  }
}

export function areBarsKept({
  bar,
  blocks,
  signatures,
  flood,
}: Pick<ChainReport, 'bar' | 'blocks' | 'signatures' | 'flood'>): boolean {
  return (
    (bar === undefined || bar.cpuRatio >= bar.target) &&
    blocks.every(({ stages }) => stages.every(({ maxPercent }) => maxPercent < 100)) &&
    (signatures === undefined || signatures.different === 0) &&
    (flood === undefined || (flood.ratio <= FLOOD_RATIO && flood.duties.included === flood.duties.sent))
  )
}
