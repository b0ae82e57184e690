import { CodedError } from '../../src/lib/coded-error.ts'
import type { FloodOptions } from './flood.ts'

export const SECTIONS = [
  'batches',
  'transactions',
  'blocks',
  'appHash',
  'snapshots',
  'power',
  'signatures',
  'flood',
] as const
export type Section = (typeof SECTIONS)[number]

export interface ChainOptions {
  readonly sections: readonly Section[]
  /** [receipts of a batch, batches of it] */
  readonly batches: readonly (readonly [batch: number, times: number])[]
  readonly payers: readonly number[]
  readonly transactions: { readonly blocks: number; readonly perBlock: number }
  readonly hosts: readonly number[]
  readonly appHash: { readonly entries: readonly number[]; readonly changes: number }
  readonly snapshotEntries: readonly number[]
  readonly powerKeys: readonly number[]
  readonly signatureCases: number
  readonly flood: FloodOptions
}

const FULL: Omit<ChainOptions, 'sections' | 'flood'> = {
  batches: [
    [1, 12],
    [10, 5],
    [100, 3],
    [1_000, 1],
  ],
  payers: [1, 10, 100],
  transactions: { blocks: 4, perBlock: 150 },
  hosts: [100, 1_000, 10_000],
  appHash: { entries: [10_000, 100_000, 1_000_000], changes: 1_000 },
  snapshotEntries: [10_000, 100_000],
  powerKeys: [4, 100, 1_000],
  signatureCases: 10_000,
}

/** Sizes at which it only shows that everything runs. */
const QUICK: Omit<ChainOptions, 'sections' | 'flood'> = {
  batches: [
    [1, 1],
    [4, 1],
  ],
  payers: [2],
  transactions: { blocks: 1, perBlock: 3 },
  hosts: [3],
  appHash: { entries: [500], changes: 20 },
  snapshotEntries: [500],
  powerKeys: [4],
  signatureCases: 16,
}

const FLOOD = 50_000
const QUICK_FLOOD = 200

/** @throws CodedError `invalid_argument` */
export function chainOptionsOf(args: readonly string[]): ChainOptions {
  const isQuick = args.includes('--quick')
  const count = Number(argumentOf(args, '--flood') ?? (isQuick ? QUICK_FLOOD : FLOOD))
  const engine = argumentOf(args, '--engine') ?? 'embedded'
  if (engine !== 'embedded' && engine !== 'cometbft') {
    throw new CodedError('invalid_argument', '--engine is embedded or cometbft')
  }
  if (!Number.isInteger(count) || count < 1) {
    throw new CodedError('invalid_argument', '--flood takes a number of transactions')
  }
  const flood = { engine, valid: count, invalid: count, connections: 16, calmBlocks: isQuick ? 2 : 15 } as const
  return { ...(isQuick ? QUICK : FULL), sections: sectionsOf(args), flood }
}

function sectionsOf(args: readonly string[]): readonly Section[] {
  const names = argumentOf(args, '--only')?.split(',')
  if (names === undefined) {
    return SECTIONS.filter((section) => section !== 'flood' || args.includes('--flood'))
  }
  const unknown = names.find((name) => !SECTIONS.some((section) => section === name))
  if (unknown !== undefined) {
    throw new CodedError('invalid_argument', `--only takes some of ${SECTIONS.join()}, not ${unknown}`)
  }
  return SECTIONS.filter((section) => names.includes(section))
}

function argumentOf(args: readonly string[], name: string): string | undefined {
  return args.includes(name) ? args[args.indexOf(name) + 1] : undefined
}
