import type { Draft } from '../draft.ts'
import type { RunOptions } from './run-sequence.ts'
import { judgeSequence } from './run-sequence.ts'
import type { PlannedBlock, Sequence } from './sequence.ts'

/**
 * The fewest transactions and blocks of a failed sequence that break the same property: pieces are left out, large ones first, as
 * long as the rest still breaks it (delta debugging). What is kept is told by number, so that one command makes it again.
 */
export interface Shrunk {
  readonly sequence: Sequence
  /** Numbers of the transactions and blocks that were kept, from 0, as the seed made them. */
  readonly transactions: readonly number[]
  readonly blocks: readonly number[]
  readonly tries: number
}

const MOST_TRIES = 400

export function shrink(sequence: Sequence, property: string, options: RunOptions): Shrunk {
  let tries = 0
  const stillBreaks = (transactions: readonly number[], blocks: readonly number[]): boolean => {
    tries += 1
    return judgeSequence(partOf(sequence, transactions, blocks), options)?.property === property
  }
  const all = { transactions: numbersOf(count(sequence)), blocks: numbersOf(sequence.blocks.length) }
  const transactions = smallest(all.transactions, (kept) => tries < MOST_TRIES && stillBreaks(kept, all.blocks))
  const blocks = smallest(all.blocks, (kept) => tries < 2 * MOST_TRIES && stillBreaks(transactions, kept))
  return { sequence: partOf(sequence, transactions, blocks), transactions, blocks, tries }
}

/** Leaves out halves, then quarters and so on to single ones, until none can be left out. */
function smallest(all: readonly number[], isEnough: (kept: readonly number[]) => boolean): readonly number[] {
  let kept = all
  for (let piece = Math.ceil(kept.length / 2); piece >= 1; piece = piece === 1 ? 0 : Math.ceil(piece / 2)) {
    for (let at = 0; at < kept.length; ) {
      const rest = [...kept.slice(0, at), ...kept.slice(at + piece)]
      if (isEnough(rest)) {
        kept = rest
      } else {
        at += piece
      }
    }
  }
  return kept
}

function numbersOf(length: number): number[] {
  return Array.from({ length }, (_, index) => index)
}

function count({ blocks }: Sequence): number {
  return blocks.reduce((sum, { drafts }) => sum + drafts.length, 0)
}

/** Only these transactions, in only these blocks: a transaction of a block that is left out goes with it. */
export function partOf(sequence: Sequence, transactions: readonly number[], blocks: readonly number[]): Sequence {
  const wanted = { transactions: new Set(transactions), blocks: new Set(blocks) }
  let number = 0
  const kept: PlannedBlock[] = []
  for (const [index, { header, drafts }] of sequence.blocks.entries()) {
    const own: Draft[] = drafts.filter(() => wanted.transactions.has(number++))
    if (wanted.blocks.has(index)) {
      kept.push({ header, drafts: own })
    }
  }
  return { ...sequence, blocks: kept }
}

/** For people: what the transactions are, and how to run them again. */
export function describe({ sequence, transactions, blocks }: Shrunk): string {
  const lines = sequence.blocks.flatMap(({ drafts }, index) =>
    drafts.map((draft) => {
      const messages = draft.messages.map(({ typeUrl, value }) => `${typeUrl} ${JSON.stringify(value, readable)}`)
      const bend = draft.bend === undefined ? '' : ` (${draft.bend})`
      return `  block ${index + 1}, ${draft.actor.name}${bend}: ${messages.join(' + ')}`
    }),
  )
  const command = `npm run properties -- --seed ${sequence.seed} --only ${transactions.join() || 'none'} --blocks ${blocks.join()}`
  return [`scene ${sequence.scene}, ${sequence.blocks.length} blocks`, ...lines, command].join('\n')
}

const SHOWN = 64

function readable(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    return String(value)
  }
  if (value instanceof Uint8Array) {
    const hex = Buffer.from(value).toString('hex')
    return hex.length > SHOWN ? `${hex.slice(0, SHOWN)}… (${value.length} bytes)` : hex
  }
  return value
}
