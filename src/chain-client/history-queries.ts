/** Questions about what lies behind: when blocks were made, and which devices registered for an owner. Bounded and decoded. */
import type { comet38 } from '@cosmjs/tendermint-rpc'
import { CodedError } from '../lib/coded-error.ts'
import type { AbortSignalLike } from '../lib/runtime.ts'
import { decodeTx } from '../protocol/tx.ts'
import type { ChainRpc } from './chain-rpc.ts'
import { CLIENT_LIMITS } from './client-limits.ts'

/** A device that began to act for an owner at this height. */
export interface Registration {
  readonly height: number
  readonly deviceAddress: string
  readonly moniker: string
}

export class HistoryQueries {
  readonly #rpc: ChainRpc

  constructor(rpc: ChainRpc) {
    this.#rpc = rpc
  }

  /**
   * Unix milliseconds of the named blocks; heights that the node does not have (any more, or yet) are missing. One question for
   * all heights that lie within 20 blocks. @throws CodedError `too_many_heights`, and the codes of ChainRpc
   */
  async blockTimes(heights: readonly number[], signal: AbortSignalLike): Promise<ReadonlyMap<number, number>> {
    if (heights.length > CLIENT_LIMITS.blockTimes) {
      throw new CodedError('too_many_heights', `at most ${CLIENT_LIMITS.blockTimes} heights are asked for at once`)
    }
    const times = new Map<number, number>()
    const spans = spansOf(heights)
    for (let next = 0; next < spans.length; next += CLIENT_LIMITS.headersInFlight) {
      const batch = spans.slice(next, next + CLIENT_LIMITS.headersInFlight)
      const found = await Promise.all(batch.map((span) => this.#headers(span, signal)))
      for (const { height, time } of found.flat()) {
        times.set(height, time.getTime())
      }
    }
    const asked = new Set(heights)
    return new Map([...times].filter(([height]) => asked.has(height)))
  }

  /** The newest registrations of an owner, newest first. A genesis host that never registered has none. */
  async registrations(owner: string, signal: AbortSignalLike): Promise<readonly Registration[]> {
    if (!/^[a-z0-9]{1,64}$/.test(owner)) {
      throw new CodedError('invalid_address', 'no address')
    }
    const query = `register_host.host='${owner}'`
    const page = { query, per_page: CLIENT_LIMITS.registrations, order_by: 'desc' as const }
    const { txs } = await this.#rpc.request((comet) => comet.txSearch(page), signal)
    return txs
      .slice(0, CLIENT_LIMITS.registrations)
      .flatMap((found) => registrationsOf(found, owner))
      .sort((a, b) => b.height - a.height)
  }

  /** Only blocks that are there are asked for: a node refuses a range that begins above its newest block. */
  async #headers({ from, to }: Span, signal: AbortSignalLike): Promise<readonly comet38.Header[]> {
    try {
      const { blockMetas } = await this.#rpc.request((comet) => comet.blockchain(from, to), signal)
      return blockMetas.slice(0, CLIENT_LIMITS.headersPerQuestion).map(({ header }) => header)
    } catch (error) {
      if (error instanceof CodedError && error.code === 'rpc_error') {
        return []
      }
      throw error
    }
  }
}

interface Span {
  readonly from: number
  readonly to: number
}

function spansOf(heights: readonly number[]): readonly Span[] {
  const spans: Span[] = []
  for (const height of [...new Set(heights)].filter((each) => each >= 1).sort((a, b) => a - b)) {
    const last = spans.at(-1)
    if (last !== undefined && height - last.from < CLIENT_LIMITS.headersPerQuestion) {
      spans[spans.length - 1] = { from: last.from, to: height }
    } else {
      spans.push({ from: height, to: height })
    }
  }
  return spans
}

function registrationsOf({ tx, height, result }: comet38.TxResponse, owner: string): readonly Registration[] {
  if (result.code !== 0) {
    return []
  }
  const devices = result.events
    .filter(({ type }) => type === 'register_host')
    .map(({ attributes }) => attributes.find(({ key }) => key === 'device')?.value ?? '')
  // One event for each message, in their order.
  return decodeTx(tx)
    .messages.flatMap((message) => (message.typeUrl === '/tailrace.v1.MsgRegisterHost' ? [message.value] : []))
    .map((message, index) => ({ message, deviceAddress: devices[index] ?? '' }))
    .filter(({ message, deviceAddress }) => message.owner === owner && /^[a-z0-9]{1,64}$/.test(deviceAddress))
    .map(({ message, deviceAddress }) => ({ height, deviceAddress, moniker: message.moniker.slice(0, 64) }))
}
