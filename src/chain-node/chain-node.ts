/**
 * One running chain node: state machine, embedded engine, block store and RPC over one home folder. `tailrace node` is a thin
 * shell around it. Invariant: it serves only a state whose recomputed app hash equals the one stored with its last block; a
 * difference is an error that names both, never a repair. Read next: embedded-engine.ts, block-store.ts, rpc/rpc-server.ts.
 *
 * home/genesis.json             the network, written once
 * home/priv_validator_key.json  this node's keys (0600)
 * home/chain.db                 blocks, index and state (node:sqlite, WAL)
 */
import { APP_VERSION } from '../chain/app-version.ts'
import type { Application } from '../chain/application.ts'
import { createApplication } from '../chain/create-application.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import { CodedError, errorMessage } from '../lib/coded-error.ts'
import type { Clock, Logger, Rng } from '../lib/runtime.ts'
import type { Genesis } from '../protocol/genesis.ts'
import { hashValidators } from './block.ts'
import type { BlockStore } from './block-store.ts'
import { openBlockStore } from './block-store.ts'
import { EmbeddedEngine } from './embedded-engine.ts'
import { encodeGenesis, genesisHash, readGenesisFile } from './genesis-file.ts'
import { MEMPOOL_LIMITS } from './limits.ts'
import { Mempool } from './mempool/mempool.ts'
import { folderFacts, mempoolFacts } from './metrics/app-facts.ts'
import type { NodeMetrics } from './metrics/node-metrics.ts'
import { createNodeSignatures } from './native-signature.ts'
import { ensureFolder, PUBLIC_MODE, writeTextFile } from './private-file.ts'
import { RpcDispatcher } from './rpc/dispatcher.ts'
import { EventFeed } from './rpc/event-feed.ts'
import { InclusionWaiter } from './rpc/inclusion-waiter.ts'
import { RpcServer } from './rpc/rpc-server.ts'
import { clearUpgradeNotice, isUpgradeFault, upgradeFault, writeUpgradeNotice } from './upgrade.ts'
import type { ValidatorKey } from './validator-key.ts'
import { loadOrCreateValidatorKey } from './validator-key.ts'

/** The state machine over the entries that the store holds; none for a new chain. */
export type OpenApplication = (entries: Iterable<readonly [Uint8Array, Uint8Array]>) => Application

export interface ChainNodeComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  readonly metrics?: NodeMetrics | undefined
  /** The state machine of src/chain unless a test hands in another. */
  readonly openApplication?: OpenApplication
}

export interface ChainNodeOptions {
  /** Folder, created if absent. */
  readonly home: string
  /** Written to home/genesis.json at the first start; without it that file must be there. */
  readonly genesis?: Genesis
  /** 0 takes any free port. */
  readonly rpcPort: number
  /** Loopback unless the operator opens the node on purpose. */
  readonly rpcHost?: string
  /** Browser origins allowed beside those on loopback. */
  readonly allowedOrigins?: readonly string[]
  readonly moniker?: string
  /** Version of the program, for people. */
  readonly version?: string
  /** Blocks of a new chain that are made at once (EngineOptions.leadInHeight). */
  readonly leadInHeight?: number
  /** Version of the rules that the state machine executes; that of src/chain unless a test says otherwise. */
  readonly appVersion?: number
}

export interface ChainNode {
  /** Resolves when the RPC listens. An aborted signal stops the node. @throws CodedError of the part that failed */
  start(signal?: AbortSignal): Promise<void>
  /** Waits for a block in the making; may be called twice. */
  stop(): Promise<void>
  /** `http://127.0.0.1:<port>`; the WebSocket is at /websocket. @throws CodedError `not_started` */
  rpcUrl(): string
  /** Settles when the node has ended: rejects with what broke the engine (a failed disk, a defect). */
  readonly done: Promise<void>
}

interface Running {
  readonly store: BlockStore
  readonly engine: EmbeddedEngine
  readonly feed: EventFeed
  readonly server: RpcServer
}

const LOOPBACK = '127.0.0.1'

export function createChainNode(components: ChainNodeComponents, options: ChainNodeOptions): ChainNode {
  return new SqliteChainNode(components, options)
}

class SqliteChainNode implements ChainNode {
  readonly done: Promise<void>
  readonly #components: ChainNodeComponents
  readonly #options: ChainNodeOptions
  readonly #settle: { resolve: () => void; reject: (error: unknown) => void }
  #running: Running | undefined
  #url: string | undefined
  #stopped: Promise<void> | undefined

  constructor(components: ChainNodeComponents, options: ChainNodeOptions) {
    this.#components = components
    this.#options = options
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.done = promise
    this.#settle = { resolve, reject }
    promise.catch(() => {
      // A caller that does not look at `done` still has the log.
    })
  }

  async start(signal?: AbortSignal): Promise<void> {
    if (this.#running !== undefined || this.#stopped !== undefined) {
      throw new CodedError('already_started', 'a node starts once')
    }
    signal?.throwIfAborted()
    const running = this.#open()
    this.#running = running
    try {
      const port = await running.server.start()
      this.#url = `http://${this.#options.rpcHost ?? LOOPBACK}:${port}`
    } catch (error) {
      running.store.close()
      throw error
    }
    signal?.addEventListener('abort', () => void this.stop(), { once: true })
    running.feed.start()
    running.engine.run().catch((error: unknown) => this.#fail(error))
    const { logger } = this.#components
    logger.log('info', 'chain node started', { rpc: this.#url, height: running.engine.height })
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  rpcUrl(): string {
    if (this.#url === undefined) {
      throw new CodedError('not_started', 'the node is not started')
    }
    return this.#url
  }

  async #stop(): Promise<void> {
    const running = this.#running
    if (running !== undefined) {
      running.feed.stop()
      await running.server.stop()
      await running.engine.stop()
      running.store.close()
    }
    this.#settle.resolve()
  }

  #fail(error: unknown): void {
    this.#components.logger.log('error', 'the engine failed, the node stops', { error: errorMessage(error) })
    if (isUpgradeFault(error)) {
      this.#leaveNotice(error)
    }
    this.#settle.reject(error)
    void this.stop()
  }

  /** @throws CodedError `upgrade_needed`, `upgrade_too_early`: another program has to make the next block */
  #requireVersion(application: Application, height: number): void {
    const fault = upgradeFault(application, this.#options.appVersion ?? APP_VERSION, BigInt(height + 1))
    if (fault !== undefined) {
      this.#leaveNotice(fault)
      throw fault
    }
    clearUpgradeNotice(this.#options.home)
  }

  #leaveNotice(fault: CodedError): void {
    try {
      writeUpgradeNotice(this.#options.home, fault)
    } catch (error) {
      this.#components.logger.log('warn', 'upgrade.json cannot be written', { error: errorMessage(error) })
    }
  }

  #open(): Running {
    const { clock, logger, rng, metrics, openApplication = openChain } = this.#components
    const { home } = this.#options
    ensureFolder(home)
    const genesis = settleGenesis(home, this.#options.genesis)
    const validatorKey = loadOrCreateValidatorKey(home, rng)
    checkIsValidator(genesis, validatorKey)
    const store = openBlockStore(`${home}/chain.db`, { chainId: genesis.chainId, genesisHash: genesisHash(genesis) })
    try {
      const restored = restoreApplication(store, genesis, openApplication)
      const application = metrics?.measure(restored) ?? restored
      this.#requireVersion(application, store.height())
      const mempool = new Mempool({ application, logger: logger.child('mempool') }, MEMPOOL_LIMITS)
      metrics?.watch({ ...mempoolFacts(mempool), ...folderFacts(home, 'chain.db') })
      const engine = new EmbeddedEngine(
        { application, store, mempool, validatorKey, clock, logger: logger.child('engine') },
        {
          chainId: genesis.chainId,
          genesisTimeMs: genesis.timeMs,
          blockTimeMs: genesis.params.blockTimeMs,
          validatorsHash: hashValidators(genesis),
          leadInHeight: this.#options.leadInHeight ?? 0,
        },
      )
      const waiter = new InclusionWaiter({ engine, clock })
      const { moniker = 'tailrace', version = '0' } = this.#options
      const backend = { application, store, mempool, waiter, validatorKey, genesis, moniker, version }
      const rpcLogger = logger.child('rpc')
      const feed = new EventFeed(engine)
      const dispatcher = new RpcDispatcher(backend, rpcLogger)
      const { rpcPort: port, rpcHost: host = LOOPBACK, allowedOrigins = [] } = this.#options
      const server = new RpcServer({ dispatcher, feed, clock, logger: rpcLogger }, { port, host, allowedOrigins })
      return { store, engine, feed, server }
    } catch (error) {
      store.close()
      throw error
    }
  }
}

/**
 * The state machine at the stored height. @throws CodedError `app_hash_mismatch` naming both hashes, where the state in the
 * database is not the one that its last block committed to.
 */
export function restoreApplication(store: BlockStore, genesis: Genesis, openApplication: OpenApplication): Application {
  const application = openApplication(store.stateEntries())
  const stored = store.appHash()
  if (stored === undefined) {
    const { appHash } = application.initChain(genesis)
    store.commitGenesis(appHash, application.takeChanges())
    application.commit()
    return application
  }
  const { appHash, height } = application.info()
  const storedHeight = store.height()
  if (!equalBytes(appHash, stored) || Number(height) !== storedHeight) {
    const fields = { stored: toHex(stored), computed: toHex(appHash), storedHeight, computedHeight: Number(height) }
    throw new CodedError(
      'app_hash_mismatch',
      `the state gives app hash ${fields.computed} at height ${height}, the last block stored ${fields.stored} at ${storedHeight}`,
      { fields },
    )
  }
  return application
}

export const openChain: OpenApplication = (initialState) =>
  createApplication({ initialState, signatures: createNodeSignatures() })

/** The genesis of a home folder: the given one is written there at the first start. @throws CodedError `genesis_missing`, `genesis_mismatch` */
export function settleGenesis(home: string, given: Genesis | undefined): Genesis {
  const path = `${home}/genesis.json`
  const kept = readGenesisFile(path)
  if (given === undefined) {
    if (kept === undefined) {
      throw new CodedError('genesis_missing', `there is no ${path}`, { fields: { path } })
    }
    return kept
  }
  if (kept === undefined) {
    writeTextFile(path, encodeGenesis(given), PUBLIC_MODE)
    return given
  }
  const fields = { stored: toHex(genesisHash(kept)), given: toHex(genesisHash(given)) }
  if (fields.stored !== fields.given) {
    throw new CodedError(
      'genesis_mismatch',
      `${home} holds the network of genesis ${fields.stored}, not ${fields.given}`,
      {
        fields,
      },
    )
  }
  return kept
}

function checkIsValidator(genesis: Genesis, key: ValidatorKey): void {
  const isNamed = genesis.validators.some(
    (validator) =>
      equalBytes(validator.consensusKey, key.consensusPublicKey) &&
      equalBytes(validator.blsPublicKey, key.blsPublicKey),
  )
  if (!isNamed) {
    throw new CodedError('not_a_validator', "this node's key is not among the validators of the genesis", {
      fields: { address: toHex(key.address) },
    })
  }
}
