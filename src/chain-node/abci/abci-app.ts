/**
 * The application beside CometBFT 0.38: state machine, store, mempool and the socket that they are asked through. CometBFT
 * orders and keeps blocks; everything that a block means is here. Invariant: what CometBFT is told survives a kill of this
 * process, and a kill at any other moment is made good by CometBFT's replay. Read next: abci-handler.ts (who answers what),
 * app-chain.ts, proposals.ts, mempool-mirror.ts; docs/decisions/0021.
 *
 * home/genesis.json             the network, the same file that CometBFT reads
 * home/priv_validator_key.json  CometBFT's key file with our BLS key in it (0600)
 * home/app.db                   the committed state
 * home/snapshots                of the state, for those who join
 */
import { APP_VERSION } from '../../chain/app-version.ts'
import { createApplication } from '../../chain/create-application.ts'
import { errorCode } from '../../lib/coded-error.ts'
import type { Clock, Logger, Rng } from '../../lib/runtime.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import { settleGenesis } from '../chain-node.ts'
import { genesisHash } from '../genesis-file.ts'
import { MEMPOOL_LIMITS } from '../limits.ts'
import { Mempool } from '../mempool/mempool.ts'
import { appFacts } from '../metrics/app-facts.ts'
import type { NodeMetrics } from '../metrics/node-metrics.ts'
import { createNodeSignatures } from '../native-signature.ts'
import { ensureFolder } from '../private-file.ts'
import { SnapshotStore } from '../snapshots/snapshot-store.ts'
import { loadOrCreateValidatorKey } from '../validator-key.ts'
import { createAbciHandler } from './abci-handler.ts'
import { AbciServer } from './abci-server.ts'
import type { OpenState } from './app-chain.ts'
import { AppChain } from './app-chain.ts'
import type { AppStore } from './app-store.ts'
import { openAppStore } from './app-store.ts'
import { MempoolMirror } from './mempool-mirror.ts'
import { Proposals } from './proposals.ts'
import { recordBlocks } from './recorded-blocks.ts'
import { UpgradeWatch } from './upgrade-watch.ts'

export interface AbciAppComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  readonly metrics?: NodeMetrics
  /** The state machine of src/chain unless a test hands in another. */
  readonly openState?: OpenState
}

export interface AbciAppOptions {
  /** Folder, created if absent. */
  readonly home: string
  /** `tcp://127.0.0.1:26658`, port 0 for any, or `unix:///path`. */
  readonly address: string
  /** Written to home/genesis.json at the first start; without it that file must be there. */
  readonly genesis?: Genesis
  /** Of the program, for people. */
  readonly version: string
  /** Version of the rules that this program executes; that of src/chain unless a test says otherwise. */
  readonly appVersion?: number
  /** A file that gets each decided block with its app hash, one JSON object a line (recorded-blocks.ts). */
  readonly recordBlocksTo?: string
  /** None are made without it; what is there is offered. */
  readonly snapshots?: { readonly intervalBlocks: number; readonly keep: number }
  /** Blocks that CometBFT keeps at least (snapshots/retain-height.ts); 0, and without it: all. */
  readonly minRetainBlocks?: number
}

export interface AbciApp {
  /** As bound. */
  readonly address: string
  /**
   * Settles when the application has ended: rejects with why it must not go on (`upgrade_needed`, `upgrade_too_early`: another
   * program is needed) or with what broke it (`store_failed`, `store_damaged`).
   */
  readonly done: Promise<void>
  /** May be called twice. An unanswered request stays unanswered: CometBFT asks again. */
  stop(): Promise<void>
  /** Of the last commit; height 0 and no hash before the first. */
  status(): { readonly height: number; readonly appHash: Uint8Array; readonly chainId: string }
}

/** After these the same program cannot go on; after all others CometBFT may come again. */
const FATAL_CODES: readonly string[] = ['upgrade_needed', 'upgrade_too_early', 'store_failed', 'store_damaged']
const SNAPSHOTS_KEPT = 3

/**
 * Resolves when CometBFT may connect.
 * @throws CodedError `genesis_missing`, `genesis_mismatch`, `validator_key_damaged`, `address_in_use`, `invalid_address`,
 *   `app_hash_mismatch` and those of the store
 */
export async function startAbciApp(components: AbciAppComponents, options: AbciAppOptions): Promise<AbciApp> {
  const { home } = options
  ensureFolder(home)
  const genesis = settleGenesis(home, options.genesis)
  const store = openAppStore(`${home}/app.db`, genesisHash(genesis))
  try {
    return await serve(components, options, { store, genesis })
  } catch (error) {
    store.close()
    throw error
  }
}

async function serve(
  components: AbciAppComponents,
  options: AbciAppOptions,
  { store, genesis }: { readonly store: AppStore; readonly genesis: Genesis },
): Promise<AbciApp> {
  const { clock, logger, rng } = components
  const validatorKey = loadOrCreateValidatorKey(options.home, rng)
  const chain = new AppChain(store, genesis, openStateOf(components, options))
  // The snapshot copies what the commit is about to change, so it comes first.
  const snapshots = followWithSnapshots(chain, components, options)
  const waiting = new Mempool({ application: chain, logger: logger.child('mempool') }, MEMPOOL_LIMITS)
  const mempool = new MempoolMirror(waiting)
  chain.follow(mempool)
  if (options.recordBlocksTo !== undefined) {
    chain.follow(recordBlocks(options.recordBlocksTo))
  }
  const proposals = new Proposals({ chain, mempool, validatorKey, logger: logger.child('proposals') })
  const ended = Promise.withResolvers<void>()
  const { home, version, appVersion = APP_VERSION, minRetainBlocks = 0 } = options
  const upgrades = new UpgradeWatch({ chain, clock, logger, onStop: endWhereFatal }, { home, appVersion })
  const handle = createAbciHandler({ chain, mempool, proposals, snapshots }, { version, minRetainBlocks })
  const server = new AbciServer({
    answer: upgrades.guard(handle),
    onFailure: endWhereFatal,
    clock,
    logger: logger.child('abci'),
  })
  const address = await server.listen(options.address)
  let stopping: Promise<void> | undefined
  components.metrics?.watch(appFacts({ chain, mempool: waiting, snapshots, ownAddress: validatorKey.address, home }))
  logger.log('info', 'application started', { address, height: chain.tip.height, chain: genesis.chainId })

  function endWhereFatal(error: unknown): void {
    if (FATAL_CODES.includes(errorCode(error))) {
      ended.reject(error)
      void stop()
    }
  }
  async function end(): Promise<void> {
    await server.stop()
    await snapshots.stop()
    store.close()
    ended.resolve()
  }
  function stop(): Promise<void> {
    stopping ??= end()
    return stopping
  }
  ended.promise.catch(() => {
    // A caller that does not look at `done` still has the log.
  })
  return { address, done: ended.promise, stop, status: () => statusOf(chain) }
}

function openStateOf(
  { openState, metrics }: AbciAppComponents,
  { appVersion = APP_VERSION }: AbciAppOptions,
): OpenState {
  const open = openState ?? ((store) => createApplication({ store, appVersion, signatures: createNodeSignatures() }))
  return metrics === undefined ? open : (state) => metrics.measure(open(state))
}

function followWithSnapshots(
  chain: AppChain,
  { clock, logger }: AbciAppComponents,
  options: AbciAppOptions,
): SnapshotStore {
  const { home, appVersion = APP_VERSION, snapshots = { intervalBlocks: 0, keep: SNAPSHOTS_KEPT } } = options
  const folder = `${home}/snapshots`
  ensureFolder(folder)
  const { chainId } = chain.genesis
  const store = new SnapshotStore(
    { clock, logger: logger.child('snapshots'), adopt: (tip, entries) => chain.restore(tip, entries) },
    {
      chainId,
      folder,
      stagingFile: `${home}/restore.db`,
      interval: snapshots.intervalBlocks,
      keep: snapshots.keep,
      runsVersion: (version) => version === appVersion,
    },
  )
  chain.follow({
    beforeCommit: (changes) => store.beforeCommit(changes),
    committed({ input, result }, state) {
      const { appVersion: inForce } = chain.application.info()
      store.committed(state, { chainId, height: Number(input.height), appHash: result.appHash, appVersion: inForce })
    },
  })
  return store
}

function statusOf(chain: AppChain): ReturnType<AbciApp['status']> {
  const { height, appHash } = chain.tip
  return { height: Number(height), appHash, chainId: chain.genesis.chainId }
}
