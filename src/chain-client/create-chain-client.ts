/**
 * The one way to the chain: typed questions, signed transactions, news of blocks, over a CometBFT RPC. Nothing here knows
 * whose keys sign. Invariant: every answer is bounded and decoded, and comes from the network that was asked for; a message
 * is never executed twice because of a retry. Read next: chain-rpc.ts (retries, chain id), tx-submitter.ts (sequences,
 * inclusion), block-watcher.ts, chain-queries.ts.
 */
import { CodedError } from '../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Logger } from '../lib/runtime.ts'
import type { TypedMessage } from '../protocol/messages.ts'
import type { BlockNotice, OpenSocket } from './block-watcher.ts'
import { BlockWatcher } from './block-watcher.ts'
import { ChainQueries } from './chain-queries.ts'
import type { ConnectionState } from './chain-rpc.ts'
import { ChainRpc } from './chain-rpc.ts'
import type { ClientTimes } from './client-limits.ts'
import { DEFAULT_TIMES } from './client-limits.ts'
import { HistoryQueries } from './history-queries.ts'
import type { NodeStatus } from './node-status.ts'
import { readNodeStatus } from './node-status.ts'
import type { Fetch } from './rpc-transport.ts'
import type { TxContent, TxFee, TxSigner } from './tx-signing.ts'
import type { TxOutcome, TxVerdict } from './tx-submitter.ts'
import { TxSubmitter } from './tx-submitter.ts'
import { WorkQueries } from './work-queries.ts'

export interface ChainClientComponents {
  readonly clock: Clock
  readonly logger: Logger
  /** The platform's unless a test hands in another. */
  readonly fetch?: Fetch
  readonly openSocket?: OpenSocket
}

export interface ChainClientOptions {
  /** `http://host:port`; the WebSocket is expected at /websocket. */
  readonly rpcUrl: string
  /** The network that must be there; without it the first answer decides. */
  readonly chainId?: string
  readonly times?: Partial<ClientTimes>
}

export interface SubmitOptions {
  readonly signer: TxSigner
  /** Nothing and 200,000 gas by default: duties are free. */
  readonly fee?: TxFee
  readonly memo?: string
  /** The last block that may hold it. */
  readonly timeoutHeight?: bigint
  /** See TxContent. */
  readonly isSignedOnce?: boolean
}

const DEFAULT_FEE: TxFee = { amount: 0n, gasLimit: 200_000 }

/** Asks the node for its network. @throws CodedError `chain_unreachable`, `wrong_chain`, `malformed_answer` */
export async function connectChainClient(
  components: ChainClientComponents,
  options: ChainClientOptions,
  signal: AbortSignalLike,
): Promise<ChainClient> {
  if (!/^https?:\/\//.test(options.rpcUrl)) {
    throw new CodedError('invalid_rpc_url', 'the RPC address starts with http:// or https://', {
      fields: { url: options.rpcUrl },
    })
  }
  const times = { ...DEFAULT_TIMES, ...options.times }
  const { clock, logger } = components
  const rpc = new ChainRpc(
    { clock, logger, fetch: components.fetch ?? fetch },
    { url: options.rpcUrl, chainId: options.chainId, times },
  )
  await rpc.request(async () => undefined, signal)
  const openSocket = components.openSocket ?? openPlatformSocket
  const watcher = new BlockWatcher({ rpc, clock, logger, openSocket }, { rpcUrl: options.rpcUrl, times })
  return new ChainClient(rpc, watcher, new TxSubmitter({ rpc, clock }, times))
}

export class ChainClient extends ChainQueries {
  /** Questions about paid work. */
  readonly work: WorkQueries
  /** Questions about what lies behind. */
  readonly history: HistoryQueries
  readonly #rpc: ChainRpc
  readonly #watcher: BlockWatcher
  readonly #submitter: TxSubmitter

  constructor(rpc: ChainRpc, watcher: BlockWatcher, submitter: TxSubmitter) {
    super(rpc)
    this.work = new WorkQueries(rpc)
    this.history = new HistoryQueries(rpc)
    this.#rpc = rpc
    this.#watcher = watcher
    this.#submitter = submitter
  }

  get chainId(): string {
    return this.#rpc.chainId
  }

  status(signal: AbortSignalLike): Promise<NodeStatus> {
    return this.#rpc.request((_comet, transport) => readNodeStatus(transport), signal)
  }

  /** App hash after `height`, 32 bytes; undefined where the node does not know it (any more, or yet). */
  async appHash(height: number, signal: AbortSignalLike): Promise<Uint8Array | undefined> {
    const info = await this.#rpc.request((comet) => comet.abciInfo(), signal)
    if (info.lastBlockHeight === undefined || height > info.lastBlockHeight || height < 1) {
      return undefined
    }
    if (height === info.lastBlockHeight) {
      return info.lastBlockAppHash
    }
    // The header of the next block carries it.
    const { blockMetas } = await this.#rpc.request((comet) => comet.blockchain(height + 1, height + 1), signal)
    return blockMetas.find((meta) => meta.header.height === height + 1)?.header.appHash
  }

  /**
   * Signs, broadcasts, waits for the block. A non-zero code is a value, also where the mempool refused (height 0).
   * @throws CodedError `tx_timeout` (with the hash), `tx_too_large`, `too_many_waiting`, `chain_unreachable`, `wrong_chain`
   */
  submit(messages: readonly TypedMessage[], options: SubmitOptions, signal: AbortSignalLike): Promise<TxOutcome> {
    return this.#submitter.submit(contentOf(messages, options), options.signer, signal)
  }

  /** The same without waiting for the block: code 0 says that the mempool took it. */
  submitSync(messages: readonly TypedMessage[], options: SubmitOptions, signal: AbortSignalLike): Promise<TxVerdict> {
    return this.#submitter.submitSync(contentOf(messages, options), options.signer, signal)
  }

  /** By upper-case hex hash; undefined where no block holds it. */
  findTx(hash: string, signal: AbortSignalLike): Promise<TxOutcome | undefined> {
    if (!/^[0-9A-F]{64}$/.test(hash)) {
      return Promise.reject(new CodedError('invalid_hash', 'a hash has 64 upper-case hexadecimal digits'))
    }
    return this.#submitter.find(hash, signal)
  }

  /** Called once per committed block, in order, gaps closed by the newest. @returns unsubscribe */
  onBlock(listener: (block: BlockNotice) => void): () => void {
    return this.#watcher.onBlock(listener)
  }

  /** Called with the state as it is and with each change. @returns unsubscribe */
  onConnection(listener: (state: ConnectionState) => void): () => void {
    return this.#rpc.onConnection(listener)
  }

  /** Asks and subscribes anew at once, e.g. after the computer slept. */
  reconnect(): void {
    this.#watcher.reconnect()
  }

  /** Ends the subscription. Calls that are under way end with their own signals. */
  close(): void {
    this.#watcher.stop()
  }
}

function contentOf(messages: readonly TypedMessage[], options: SubmitOptions): TxContent {
  const { fee = DEFAULT_FEE, memo = '', timeoutHeight = 0n, isSignedOnce = false } = options
  return { messages, fee, memo, timeoutHeight, isSignedOnce }
}

const openPlatformSocket: OpenSocket = (url) => new WebSocket(url) as unknown as ReturnType<OpenSocket>
