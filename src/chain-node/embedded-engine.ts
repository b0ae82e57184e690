/**
 * The embedded engine: one proposer that makes a block each interval, empty or not, in ABCI's shape: the state machine sees
 * exactly height, time, hash, proposer and transactions. It says of itself that its randomness is its own: σ_h comes from
 * the one key. Invariant: finalize → database → commit → news is one synchronous step, so no one hears of a block that a
 * kill could still undo, and stopping can never cut a block in half. Read next: block-store.ts, mempool/mempool.ts, block-times.ts.
 */
import type { Application, BlockInput, BlockResult, StateChange } from '../chain/application.ts'
import { toHex } from '../lib/bytes.ts'
import { CodedError, errorCode, errorMessage } from '../lib/coded-error.ts'
import type { Clock, Logger } from '../lib/runtime.ts'
import { blsSign } from '../protocol/randomness.ts'
import { encodeRandomnessTx } from '../protocol/tx.ts'
import type { BlockHeader, CommittedBlock } from './block.ts'
import { hashHeader, hashResults, hashTxs } from './block.ts'
import type { BlockStore } from './block-store.ts'
import { firstDueMs, headerTimeMs, nextDueMs } from './block-times.ts'
import { PROPOSAL_LIMITS } from './limits.ts'
import type { Mempool } from './mempool/mempool.ts'
import type { ValidatorKey } from './validator-key.ts'

export interface EngineComponents {
  readonly application: Application
  readonly store: Pick<BlockStore, 'block' | 'height' | 'commitBlock'>
  readonly mempool: Mempool
  readonly validatorKey: ValidatorKey
  readonly clock: Clock
  readonly logger: Logger
}

export interface EngineOptions {
  readonly chainId: string
  readonly genesisTimeMs: number
  readonly blockTimeMs: number
  readonly validatorsHash: Uint8Array
  /** Blocks up to here are made one after the other, without the interval: a local network then begins shortly before a race. */
  readonly leadInHeight?: number
}

export type BlockListener = (block: CommittedBlock) => void

const MAX_SLEEP_MS = 3_600_000
/** After a block of the lead-in, and at least so much of the time that the block took: the RPC answers meanwhile. */
const LEAD_IN_REST_MS = 20
const LEAD_IN_REST_SHARE = 1 / 4

/** What the next block builds on. */
interface Tip {
  readonly height: number
  readonly timeMs: number
  readonly hash: Uint8Array
  readonly appHash: Uint8Array
  readonly resultsHash: Uint8Array
}

interface Proposal {
  readonly header: BlockHeader
  readonly hash: Uint8Array
  readonly txs: readonly Uint8Array[]
}

interface Finalized {
  readonly proposal: Proposal
  readonly result: BlockResult
  readonly changes: readonly StateChange[]
}

export class EmbeddedEngine {
  readonly #components: EngineComponents
  readonly #options: EngineOptions
  readonly #listeners = new Set<BlockListener>()
  readonly #stopping = new AbortController()
  #tip: Tip
  #loop: Promise<void> | undefined

  constructor(components: EngineComponents, options: EngineOptions) {
    this.#components = components
    this.#options = options
    this.#tip = tipOf(components, options)
  }

  get height(): number {
    return this.#tip.height
  }

  /** Called after each commit, in order. @returns unsubscribe */
  onBlock(listener: BlockListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Makes blocks until `stop`. The promise settles when the loop has ended: it rejects with what broke it. */
  run(): Promise<void> {
    this.#loop ??= this.#makeBlocks()
    return this.#loop
  }

  /** Resolves when the block in the making, if any, is committed. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop?.catch(() => {
      // Who called `run` holds the same promise and hears of the failure there.
    })
  }

  /** Makes and commits one block. @throws CodedError `engine_failed` where state machine or database fail. */
  makeBlock(timeMs: number): CommittedBlock {
    return this.#commit(this.#finalize(timeMs))
  }

  /**
   * Executes and commits a block that another engine decided, as it was there, in place of one of its own: the block keeps its
   * hash, the rest of its header is this engine's. @throws CodedError `invalid_block` and as `makeBlock`
   */
  replayBlock(input: BlockInput): CommittedBlock {
    const header = this.#header(Number(input.timeMs), input.proposer, input.txs)
    return this.#commit(this.#execute({ header, hash: input.hash, txs: input.txs }, input))
  }

  #commit({ proposal, result, changes }: Finalized): CommittedBlock {
    const { application, store, mempool } = this.#components
    const block: CommittedBlock = {
      header: proposal.header,
      hash: proposal.hash,
      txs: proposal.txs,
      results: result.txResults,
      events: result.events,
      appHash: result.appHash,
    }
    store.commitBlock(block, changes)
    application.commit()
    this.#tip = {
      height: block.header.height,
      timeMs: block.header.timeMs,
      hash: block.hash,
      appHash: block.appHash,
      resultsHash: hashResults(block.results),
    }
    mempool.update(block.txs, block.results)
    this.#publish(block)
    return block
  }

  async #makeBlocks(): Promise<void> {
    const { clock } = this.#components
    const { signal } = this.#stopping
    const { blockTimeMs } = this.#options
    let dueMs = firstDueMs(clock.nowMs(), this.#tip, this.#isLeadIn() ? LEAD_IN_REST_MS : blockTimeMs)
    while (!signal.aborted) {
      try {
        await this.#sleepUntil(dueMs)
      } catch (error) {
        if (signal.aborted) {
          return
        }
        throw error
      }
      const beganMs = clock.nowMs()
      this.#tryBlock(headerTimeMs(beganMs, this.#tip.timeMs))
      const endedMs = clock.nowMs()
      dueMs = this.#isLeadIn()
        ? endedMs + Math.max(LEAD_IN_REST_MS, Math.ceil((endedMs - beganMs) * LEAD_IN_REST_SHARE))
        : nextDueMs({ dueMs, beganMs, endedMs }, blockTimeMs)
    }
  }

  /** On a full disk the chain waits: the block is dropped before anybody heard of it, and a new one is tried an interval later. */
  #tryBlock(timeMs: number): void {
    const { logger } = this.#components
    try {
      const block = this.makeBlock(timeMs)
      logger.log('debug', 'block', { height: block.header.height, txs: block.txs.length, hash: toHex(block.hash) })
    } catch (error) {
      if (errorCode(error) !== 'store_full') {
        throw error
      }
      logger.log('error', 'no room for a block, trying again', { error: errorMessage(error) })
    }
  }

  #isLeadIn(): boolean {
    return this.#tip.height < (this.#options.leadInHeight ?? 0)
  }

  /** Only a genesis that lies ahead is further away than one interval; timers are short, so it is waited for in pieces. */
  async #sleepUntil(dueMs: number): Promise<void> {
    const { clock } = this.#components
    const { signal } = this.#stopping
    while (this.#tip.height === 0 && dueMs - clock.nowMs() > MAX_SLEEP_MS) {
      await clock.sleep(MAX_SLEEP_MS, signal)
    }
    const most = this.#tip.height === 0 ? MAX_SLEEP_MS : this.#options.blockTimeMs
    await clock.sleep(Math.min(Math.max(0, dueMs - clock.nowMs()), most), signal)
  }

  /**
   * A block that the state machine refuses as a whole must not stop the chain: then everything that waits is dropped and the
   * block is made without it. This is a defect of our limits, so it is logged as an error.
   */
  #finalize(timeMs: number): Finalized {
    const { mempool, logger } = this.#components
    const waiting = mempool.reap(PROPOSAL_LIMITS.txs, PROPOSAL_LIMITS.bytes)
    try {
      return this.#execute(this.#propose(timeMs, waiting))
    } catch (error) {
      if (waiting.length === 0 || errorCode(error) !== 'invalid_block') {
        throw error
      }
      logger.log('error', 'own block refused, made again without transactions', { error: errorMessage(error) })
      mempool.clear()
      return this.#execute(this.#propose(timeMs, []))
    }
  }

  #execute(proposal: Proposal, input: BlockInput = inputOf(proposal)): Finalized {
    const { application } = this.#components
    const result = application.finalizeBlock(input)
    if (result.txResults.length !== proposal.txs.length) {
      throw new CodedError('engine_failed', 'the state machine must give one result a transaction')
    }
    return { proposal, result, changes: application.takeChanges() }
  }

  #propose(timeMs: number, waiting: readonly Uint8Array[]): Proposal {
    const { application, validatorKey } = this.#components
    const sigma = blsSign(validatorKey.blsSecret, application.randomnessMessage(BigInt(this.#tip.height + 1)))
    const txs = [encodeRandomnessTx(sigma), ...waiting]
    const header = this.#header(timeMs, validatorKey.address, txs)
    return { header, hash: hashHeader(header), txs }
  }

  #header(timeMs: number, proposer: Uint8Array, txs: readonly Uint8Array[]): BlockHeader {
    return {
      chainId: this.#options.chainId,
      height: this.#tip.height + 1,
      timeMs,
      lastBlockHash: this.#tip.hash,
      dataHash: hashTxs(txs),
      appHash: this.#tip.appHash,
      lastResultsHash: this.#tip.resultsHash,
      validatorsHash: this.#options.validatorsHash,
      proposer,
    }
  }

  #publish(block: CommittedBlock): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(block)
      } catch (error) {
        // The block stands; a reader's defect must not stop the chain.
        this.#components.logger.log('error', 'a block listener threw', { error: errorMessage(error) })
      }
    }
  }
}

function inputOf({ header, hash, txs }: Proposal): BlockInput {
  return { height: BigInt(header.height), timeMs: BigInt(header.timeMs), hash, proposer: header.proposer, txs }
}

function tipOf({ application, store }: EngineComponents, options: EngineOptions): Tip {
  const height = store.height()
  const last = height === 0 ? undefined : store.block(height)
  if (last === undefined) {
    return {
      height: 0,
      timeMs: options.genesisTimeMs,
      hash: new Uint8Array(0),
      appHash: application.info().appHash,
      resultsHash: hashResults([]),
    }
  }
  return {
    height,
    timeMs: last.header.timeMs,
    hash: last.hash,
    appHash: last.appHash,
    resultsHash: hashResults(last.results),
  }
}
