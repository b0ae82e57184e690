import { toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { HostRecord, ModelRecord, QueryEscrowResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import type { RosterState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { DeskChain } from './ports.ts'

/** Questions that one block's orders share are asked once: the answers hold until the next block. Bounded by `ENTRIES`. */
export interface ChainCache {
  /** Newest height heard of, 0 before the first. */
  height(): number
  model(id: string, signal: AbortSignalLike): Promise<ModelRecord | undefined>
  models(signal: AbortSignalLike): Promise<readonly ModelRecord[]>
  escrow(payer: Uint8Array, signal: AbortSignalLike): Promise<QueryEscrowResponse>
  /** Roster and randomness that an order of this height is drawn by. @throws CodedError `no_host` */
  draw(model: string, height: number, signal: AbortSignalLike): Promise<DrawFacts>
  host(address: string, signal: AbortSignalLike): Promise<HostRecord | undefined>
}

export interface DrawFacts {
  readonly roster: RosterState
  readonly randomness: Uint8Array
}

const ENTRIES = 4_096

export function createChainCache(chain: DeskChain, signal: AbortSignalLike): ChainCache {
  let height = 0
  let answers = new Map<string, Promise<unknown>>()
  const unsubscribe = chain.onBlock((block) => {
    height = Math.max(height, block.height)
    answers = new Map()
  })
  signal.addEventListener('abort', unsubscribe, { once: true })

  /** The question goes on when its first asker gives up: others may wait for the same answer. */
  function once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const known = answers.get(key)
    if (known !== undefined) {
      return known as Promise<T>
    }
    const into = answers
    const answer = ask()
    if (into.size < ENTRIES) {
      into.set(key, answer)
      // A failure is not kept: the next one asks again.
      answer.catch(() => into.delete(key))
    }
    return answer
  }

  const models = () => once('models', () => chain.models(signal))

  return {
    height: () => height,
    models,
    async model(id) {
      return (await models()).find((model) => model.id === id)
    },
    escrow: (payer) => once(`escrow/${toHex(payer)}`, () => chain.escrow(payer, signal)),
    async draw(model, at) {
      const [roster, randomness] = await Promise.all([
        once(`roster/${model}/${at}`, () => chain.roster(model, at, signal)),
        once(`randomness/${at}`, () => chain.randomness(at, signal)),
      ])
      if (roster === undefined || randomness === undefined || roster.entries.length === 0) {
        throw new CodedError('no_host', `nobody serves ${model} at present`, { fields: { retryAfterSeconds: 5 } })
      }
      return { roster, randomness }
    },
    host: (address) => once(`host/${address}`, () => chain.host(address, signal)),
  }
}
