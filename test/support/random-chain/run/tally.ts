import type { TxResult } from '../../../../src/chain/application.ts'
import type { TypeUrl } from '../../../../src/protocol/messages.ts'
import type { Draft } from '../draft.ts'
import type { Machine } from '../machine.ts'
import { TYPE_URLS } from '../moves/all-moves.ts'

/** What a run has reached: a property that was never put to the test holds of nothing. */
export interface Tally {
  sequences: number
  blocks: number
  transactions: number
  succeeded: number
  /** Transactions with an error on purpose. */
  bent: number
  readonly messages: Map<TypeUrl, { sent: number; succeeded: number }>
  /** First words of the logs of what was refused. */
  readonly refusals: Map<string, number>
  /** Events of transactions and of the ends of blocks, by type; faults by their code. */
  readonly events: Map<string, number>
  signatures: number
  realSignatures: number
  restarts: number
  /** Sequences that ended at the height of an accepted upgrade. */
  upgradeStops: number
  treesRebuilt: number
  entriesAtMost: number
  /** Of one block. */
  readonly atMost: { reads: number; writes: number; attempts: number; signatures: number }
}

export function createTally(): Tally {
  return {
    sequences: 0,
    blocks: 0,
    transactions: 0,
    succeeded: 0,
    bent: 0,
    messages: new Map(TYPE_URLS.map((typeUrl) => [typeUrl, { sent: 0, succeeded: 0 }])),
    refusals: new Map(),
    events: new Map(),
    signatures: 0,
    realSignatures: 0,
    restarts: 0,
    upgradeStops: 0,
    treesRebuilt: 0,
    entriesAtMost: 0,
    atMost: { reads: 0, writes: 0, attempts: 0, signatures: 0 },
  }
}

export function tallyTx(tally: Tally, draft: Draft, result: TxResult): void {
  tally.transactions += 1
  tally.bent += draft.bend === undefined ? 0 : 1
  tally.succeeded += result.code === 0 ? 1 : 0
  for (const { typeUrl } of draft.bytes === undefined ? draft.messages : []) {
    const seen = tally.messages.get(typeUrl)
    if (seen !== undefined) {
      seen.sent += 1
      seen.succeeded += result.code === 0 ? 1 : 0
    }
  }
  if (result.code !== 0) {
    increment(tally.refusals, result.log.split(':')[0] ?? '')
  }
  tallyEvents(tally, result.events)
}

export function tallyEvents(tally: Tally, events: TxResult['events']): void {
  for (const { type, attributes } of events) {
    const word = type === 'fault' ? 'code' : 'state'
    const what = attributes.find(({ key }) => key === word)?.value
    increment(tally.events, what === undefined ? type : `${type} ${what}`)
  }
}

/** `before`: the signatures that the machine had verified before this block. */
export function tallyBlock(tally: Tally, machine: Machine, before: { all: number; real: number }): void {
  const { work, store } = machine
  const { count } = machine.signatures
  const signatures = count.all - before.all
  tally.blocks += 1
  tally.signatures += signatures
  tally.realSignatures += count.real - before.real
  tally.entriesAtMost = Math.max(tally.entriesAtMost, store.size)
  tally.atMost.reads = Math.max(tally.atMost.reads, work.reads)
  tally.atMost.writes = Math.max(tally.atMost.writes, work.writes)
  tally.atMost.attempts = Math.max(tally.atMost.attempts, work.attempts)
  tally.atMost.signatures = Math.max(tally.atMost.signatures, signatures)
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Kinds of messages of which none succeeded. */
export function neverSucceeded({ messages }: Tally): TypeUrl[] {
  return [...messages].filter(([, { succeeded }]) => succeeded === 0).map(([typeUrl]) => typeUrl)
}
