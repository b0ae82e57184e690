/**
 * News of committed blocks for subscribers: per block one NewBlock, one NewBlockHeader and one Tx a transaction. The JSON of
 * an event is built once, when a first subscriber wants it.
 */
import type { ChainEvent } from '../../chain/application.ts'
import { toBase64, toUpperHex } from '../base64.ts'
import type { CommittedBlock } from '../block.ts'
import { hashTx } from '../block.ts'
import type { EmbeddedEngine } from '../embedded-engine.ts'
import { blockIdJson, blockJson, eventsJson, headerJson, resultJson } from './comet-json.ts'

export interface FeedEvent {
  /** What queries see. */
  readonly attributes: Readonly<Record<string, readonly string[]>>
  /** The JSON text of the answer's `data`. */
  data(): string
}

export type FeedListener = (event: FeedEvent) => void

export class EventFeed {
  readonly #listeners = new Set<FeedListener>()
  readonly #engine: Pick<EmbeddedEngine, 'onBlock'>
  #unsubscribe: (() => void) | undefined

  constructor(engine: Pick<EmbeddedEngine, 'onBlock'>) {
    this.#engine = engine
  }

  start(): void {
    this.#unsubscribe ??= this.#engine.onBlock((block) => this.#publish(block))
  }

  stop(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    this.#listeners.clear()
  }

  /** @returns unsubscribe */
  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #publish(block: CommittedBlock): void {
    if (this.#listeners.size === 0) {
      return
    }
    for (const event of eventsOf(block)) {
      for (const listener of [...this.#listeners]) {
        listener(event)
      }
    }
  }
}

function* eventsOf(block: CommittedBlock): Generator<FeedEvent> {
  yield event('NewBlock', attributesOf(block.events), () => ({
    block: blockJson(block),
    block_id: blockIdJson(block.hash),
    result_finalize_block: {
      events: eventsJson(block.events),
      tx_results: block.results.map(resultJson),
      validator_updates: [],
      app_hash: toBase64(block.appHash),
    },
  }))
  yield event('NewBlockHeader', {}, () => ({ header: headerJson(block.header) }))
  for (const [index, tx] of block.txs.entries()) {
    const result = block.results[index]
    if (result !== undefined) {
      const attributes = {
        ...attributesOf(result.events),
        'tx.hash': [toUpperHex(hashTx(tx))],
        'tx.height': [String(block.header.height)],
      }
      yield event('Tx', attributes, () => ({
        TxResult: { height: String(block.header.height), index, tx: toBase64(tx), result: resultJson(result) },
      }))
    }
  }
}

function event(kind: string, attributes: Record<string, string[]>, value: () => unknown): FeedEvent {
  let data: string | undefined
  return {
    attributes: { ...attributes, 'tm.event': [kind] },
    data: () => {
      data ??= JSON.stringify({ type: `tendermint/event/${kind}`, value: value() })
      return data
    },
  }
}

function attributesOf(events: readonly ChainEvent[]): Record<string, string[]> {
  const attributes: Record<string, string[]> = {}
  for (const { type, attributes: list } of events) {
    for (const { key, value } of list) {
      const name = `${type}.${key}`
      const values = attributes[name] ?? []
      values.push(value)
      attributes[name] = values
    }
  }
  return attributes
}
