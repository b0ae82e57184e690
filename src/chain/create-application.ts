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
import type { Application, BlockInput, BlockResult, StateStore, TxResult } from './application.ts'
import type { SignatureCheck } from './block-rules.ts'
import { createSignatureMemo, judgeBlock } from './block-rules.ts'
import type { CacheStore } from './cache-store.ts'
import { createCacheStore } from './cache-store.ts'
import type { BlockFrame } from './context.ts'
import { nextFrame } from './context.ts'
import { endBlock } from './epoch/end-block.ts'
import { createEventList } from './events.ts'
import { writeGenesis } from './genesis-state.ts'
import { assertSupply } from './invariants.ts'
import { createOracleCache } from './judgement/oracle-cache.ts'
import { createMemoryStore } from './memory-store.ts'
import { answerQuery } from './queries/router.ts'
import { createSignatureCache } from './signature-cache.ts'
import { findStatus, readStatus, writeStatus } from './state/chain-status.ts'
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
  const oracles = createOracleCache()
  const signatures = createSignatureCache()
  const verifySignature = options.verifySignature ?? createSignatureMemo()
  const layers = createStateLayers(base, (options.createTree ?? createStateTree)(base.range(FIRST_KEY, LAST_KEY)))
  const { head, headTree } = layers
  let mempool = createMempoolView(base)

  function simulate(bytes: Uint8Array): TxResult {
    const run = {
      frame: nextFrame(head(), oracles, signatures),
      store: createCacheStore(head()),
      budget: mempool.simulateBudget,
    }
    return runTx({ ...run, mode: 'simulate' }, bytes)
  }

  return {
    info: () => infoOf(head(), headTree()),
    initChain(genesis) {
      const overlay = createGenesisOverlay(base, genesis)
      const appHash = layers.stageGenesis(overlay).root
      mempool = createMempoolView(head())
      return { appHash }
    },
    checkTx(bytes, { recheck = false } = {}) {
      const run = { frame: nextFrame(head(), oracles, signatures), store: mempool.checked, budget: mempool.checkBudget }
      return runTx({ ...run, mode: recheck ? 'recheck' : 'check' }, bytes)
    },
    simulate,
    randomnessMessage: (height) => nextRandomnessMessage(head(), height),
    processProposal: (input) => 'signature' in judgeBlock(head(), input, verifySignature),
    finalizeBlock(input) {
      const verdict = judgeBlock(head(), input, verifySignature)
      if ('violation' in verdict) {
        throw new CodedError('invalid_block', verdict.violation)
      }
      const overlay = createCacheStore(head())
      const frame = nextFrame(overlay, oracles, signatures)
      const result = executeBlock(overlay, input, verdict.signature, frame)
      return { ...result, appHash: layers.stageBlock(overlay).root }
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

function infoOf(store: StateStore, tree: StateTree): ReturnType<Application['info']> {
  const status = findStatus(store)
  return { height: status?.height ?? 0n, appHash: tree.root, chainId: status?.chainId ?? '' }
}

function createGenesisOverlay(base: StateStore, genesis: Genesis): CacheStore {
  if (findStatus(base) !== undefined) {
    throw new CodedError('already_initialised', 'the state has a genesis already')
  }
  const overlay = createCacheStore(base)
  writeGenesis(overlay, genesis)
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
  endBlock({ ...frame, randomness, store: overlay, txHash: '', emit: events.emit })
  writeStatus(overlay, { chainId: status.chainId, height: input.height, timeMs: input.timeMs, randomness })
  assertSupply(overlay)
  return { txResults: [RANDOMNESS_RESULT, ...results], events: events.list, validatorUpdates: [] }
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
