/**
 * The state machine, put together: blocks in, results and app hashes out. It owns three views of the state: the committed
 * store, the overlay of the block that is finalized but not committed, and the overlay of the mempool's checks. Invariant:
 * only `commit` changes the committed store and tree; everything else can be dropped at any time.
 * Read next: tx/run-tx.ts (one transaction), epoch/end-block.ts (a block's end), state/keys.ts (what the state holds),
 * state-tree.ts (the app hash), queries/router.ts.
 */
import { CodedError } from '../lib/coded-error.ts'
import type { Genesis } from '../protocol/genesis.ts'
import { nextRandomness, randomnessMessage } from '../protocol/randomness.ts'
import { APP_VERSION } from './app-version.ts'
import type { Application, BlockInput, BlockResult, StateStore, TxResult } from './application.ts'
import type { SignatureCheck } from './block-rules.ts'
import { createSignatureMemo, judgeBlock } from './block-rules.ts'
import type { CacheStore } from './cache-store.ts'
import { createCacheStore } from './cache-store.ts'
import { closeConsensus, openConsensus } from './consensus/close-consensus.ts'
import { acceptedPlan, beginUpgrade, requireVersion } from './consensus/upgrade.ts'
import type { BlockFrame } from './context.ts'
import { nextFrame } from './context.ts'
import { endBlock } from './epoch/end-block.ts'
import { createEventList } from './events.ts'
import { writeGenesis } from './genesis-state.ts'
import { assertSupply } from './invariants.ts'
import type { OracleCache } from './judgement/oracle-cache.ts'
import { createOracleCache } from './judgement/oracle-cache.ts'
import { createMemoryStore } from './memory-store.ts'
import type { Migration } from './migrations.ts'
import { MIGRATIONS } from './migrations.ts'
import { answerQuery } from './queries/router.ts'
import type { SignatureCache } from './signature-cache.ts'
import { createSignatureCache } from './signature-cache.ts'
import { findStatus, readStatus, writeStatus } from './state/chain-status.ts'
import { readConsensus } from './state/consensus/validators.ts'
import { createStateLayers } from './state-layers.ts'
import type { StateTree } from './state-tree.ts'
import { createStateTree } from './state-tree.ts'
import type { BlockBudget } from './tx/block-budget.ts'
import { createBlockBudget } from './tx/block-budget.ts'
import { runTx } from './tx/run-tx.ts'

export interface ApplicationOptions {
  /** Holds the committed state; a new memory store by default. The application writes to it in `commit` alone. */
  readonly store?: StateStore
  /** Entries of the committed state, from the engine's database; they are put into the store. */
  readonly initialState?: Iterable<readonly [Uint8Array, Uint8Array]>
  /** Builds the tree behind the app hash. */
  readonly createTree?: (entries: Iterable<readonly [Uint8Array, Uint8Array]>) => StateTree
  /** BLS verification of σ_h; by default one that remembers its last answer. */
  readonly verifySignature?: SignatureCheck
  /**
   * Verifies what accounts, devices and session keys sign; by default for real. Sequences of a hundred thousand transactions bring a
   * cheaper scheme of their own: an argument of this function alone, which no setting of a node reaches.
   */
  readonly signatures?: SignatureCache
  /** Recomputes attempts; a pure function whichever it is, so one may be shared by several applications. */
  readonly oracles?: OracleCache
  /** Version of the rules that this program executes; APP_VERSION by default. */
  readonly appVersion?: number
  /** How the state comes from one version to the next; MIGRATIONS by default. */
  readonly migrations?: readonly Migration[]
}

/** Stamps that checks and simulations recompute between two blocks: more than a block takes, few enough to bear. */
const STAMPS_BETWEEN_BLOCKS = 32
/** Signatures inside messages of paid work, likewise: four blocks' worth. */
const WORK_SIGNATURES_BETWEEN_BLOCKS = 1_024
const FIRST_KEY = new Uint8Array(0)
/** Above every key: no prefix byte is 0xff. */
const LAST_KEY = Uint8Array.of(0xff)

/** What the mempool sees until the next commit. */
interface MempoolView {
  readonly checked: CacheStore
  readonly checkBudget: BlockBudget
  readonly simulateBudget: BlockBudget
}

export function createApplication(options: ApplicationOptions = {}): Application {
  const base = options.store ?? createMemoryStore()
  for (const [key, value] of options.initialState ?? []) {
    base.set(key, value)
  }
  const oracles = options.oracles ?? createOracleCache()
  const signatures = options.signatures ?? createSignatureCache()
  const verifySignature = options.verifySignature ?? createSignatureMemo()
  const appVersion = options.appVersion ?? APP_VERSION
  const migrations = options.migrations ?? MIGRATIONS
  const layers = createStateLayers(base, (options.createTree ?? createStateTree)(base.range(FIRST_KEY, LAST_KEY)))
  const { head, headTree } = layers
  let mempool = createMempoolView(base)

  const frameOf = (store: StateStore): BlockFrame => nextFrame(store, oracles, signatures, headTree().root)

  function simulate(bytes: Uint8Array): TxResult {
    const run = { frame: frameOf(head()), store: createCacheStore(head()), budget: mempool.simulateBudget }
    return runTx({ ...run, mode: 'simulate' }, bytes)
  }

  return {
    info: () => infoOf(head(), headTree(), appVersion),
    upgrade: () => acceptedPlan(head()),
    initChain(genesis) {
      const overlay = createGenesisOverlay(base, genesis, appVersion)
      const appHash = layers.stageGenesis(overlay).root
      mempool = createMempoolView(head())
      return { appHash }
    },
    checkTx(bytes, { recheck = false } = {}) {
      const run = { frame: frameOf(head()), store: mempool.checked, budget: mempool.checkBudget }
      return runTx({ ...run, mode: recheck ? 'recheck' : 'check' }, bytes)
    },
    simulate,
    randomnessMessage: (height) => nextRandomnessMessage(head(), height),
    processProposal: (input) => 'signature' in judgeBlock(head(), input, verifySignature),
    finalizeBlock(input) {
      requireVersion(head(), input.height, appVersion)
      const verdict = judgeBlock(head(), input, verifySignature)
      if ('violation' in verdict) {
        throw new CodedError('invalid_block', verdict.violation)
      }
      const overlay = createCacheStore(head())
      const upgraded = beginUpgrade(overlay, input.height, migrations)
      const result = executeBlock(overlay, input, verdict.signature, frameOf(overlay))
      const version = upgraded === undefined ? {} : { appVersion: upgraded.version }
      return { ...result, ...version, appHash: layers.stageBlock(overlay).root }
    },
    commit() {
      layers.commit()
      mempool = createMempoolView(base)
    },
    takeChanges: layers.changes,
    query: (path, data, queryOptions = {}) =>
      answerQuery({ store: head(), tree: headTree(), simulate }, path, data, queryOptions),
  }
}

/** Before the genesis the version is the one that it will be written with: the program's. */
function infoOf(store: StateStore, tree: StateTree, programVersion: number): ReturnType<Application['info']> {
  const status = findStatus(store)
  const appVersion = status === undefined ? programVersion : readConsensus(store).appVersion
  return { height: status?.height ?? 0n, appHash: tree.root, chainId: status?.chainId ?? '', appVersion }
}

function createGenesisOverlay(base: StateStore, genesis: Genesis, appVersion: number): CacheStore {
  if (findStatus(base) !== undefined) {
    throw new CodedError('already_initialised', 'the state has a genesis already')
  }
  const overlay = createCacheStore(base)
  writeGenesis(overlay, genesis, appVersion)
  assertSupply(overlay)
  return overlay
}

function nextRandomnessMessage(store: StateStore, height: bigint): Uint8Array {
  const status = readStatus(store)
  if (height !== status.height + 1n) {
    throw new CodedError('invalid_block', `the next height is ${status.height + 1n}`)
  }
  return randomnessMessage(status.chainId, height, status.randomness)
}

function createMempoolView(committed: StateStore): MempoolView {
  return {
    checked: createCacheStore(committed),
    checkBudget: createBlockBudget(STAMPS_BETWEEN_BLOCKS, WORK_SIGNATURES_BETWEEN_BLOCKS),
    simulateBudget: createBlockBudget(STAMPS_BETWEEN_BLOCKS, WORK_SIGNATURES_BETWEEN_BLOCKS),
  }
}

function executeBlock(
  overlay: CacheStore,
  input: BlockInput,
  signature: Uint8Array,
  frame: BlockFrame,
): Omit<BlockResult, 'appHash'> {
  const status = readStatus(overlay)
  const randomness = nextRandomness(status.randomness, signature)
  const budget = createBlockBudget()
  const [, ...txs] = input.txs
  const results = txs.map((tx) => runTx({ frame, store: overlay, budget, mode: 'deliver' }, tx))
  const events = createEventList()
  const context = { ...frame, randomness, store: overlay, txHash: '', emit: events.emit }
  openConsensus(context, input)
  endBlock(context)
  const validatorUpdates = closeConsensus(context, input)
  writeStatus(overlay, { chainId: status.chainId, height: input.height, timeMs: input.timeMs, randomness })
  assertSupply(overlay)
  return { txResults: [RANDOMNESS_RESULT, ...results], events: events.list, validatorUpdates }
}

/** The transaction that carries σ_h was judged with the block. */
const RANDOMNESS_RESULT: TxResult = {
  code: 0,
  codespace: '',
  log: '',
  data: new Uint8Array(0),
  gasWanted: 0n,
  gasUsed: 0n,
  events: [],
}
