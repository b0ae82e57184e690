/**
 * The committed state of a node that does not run, whichever engine it has: under CometBFT home/app.db, with the embedded engine
 * home/chain.db. Opening takes the same exclusive lock as the node does, so neither runs beside the other.
 */
import { existsSync } from 'node:fs'
import { createApplication } from '../../chain/create-application.ts'
import type { MemoryStore } from '../../chain/memory-store.ts'
import { createMemoryStore } from '../../chain/memory-store.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import type { AppStore } from '../abci/app-store.ts'
import { openAppStore } from '../abci/app-store.ts'
import { openBlockStore } from '../block-store.ts'
import { genesisHash, readGenesisFile } from '../genesis-file.ts'
import type { StateEntry } from './snapshot-chunk.ts'

export interface NodeState {
  readonly genesis: Genesis
  /** Of the last commit. */
  readonly height: number
  readonly appHash: Uint8Array
  /** Version of the rules in force. */
  readonly appVersion: number
  readonly state: MemoryStore
  /** Lets others use the folder. */
  close(): void
}

interface StoredState {
  readonly height: number
  readonly appHash: Uint8Array
  entries(): Iterable<StateEntry>
  close(): void
}

/**
 * @throws CodedError `node_running` while a node uses the folder, `genesis_missing`, `nothing_stored` before the first block,
 *   `app_hash_mismatch` where the state is not the one that was committed, and those of the store
 */
export function openNodeState(home: string): NodeState {
  const genesis = requireGenesis(home)
  const stored = existsSync(appFile(home)) ? openApp(home, genesis) : openChain(home, genesis)
  const { height, appHash } = stored
  try {
    if (height === 0) {
      throw nothingStored(home)
    }
    const state = createMemoryStore(stored.entries())
    const { appHash: computed, appVersion } = createApplication({ store: state }).info()
    checkAppHash(height, appHash, computed)
    return { genesis, height, appHash, appVersion, state, close: () => stored.close() }
  } catch (error) {
    stored.close()
    throw error
  }
}

/** The database of a node under CometBFT, created where it is missing. @throws CodedError `node_running`, those of the store */
export function openAppFile(home: string, genesis: Genesis): AppStore {
  return whileStopped(home, () => openAppStore(appFile(home), genesisHash(genesis)))
}

/** @throws CodedError `genesis_missing` */
export function requireGenesis(home: string): Genesis {
  const path = `${home}/genesis.json`
  const genesis = readGenesisFile(path)
  if (genesis === undefined) {
    throw new CodedError('genesis_missing', `there is no ${path}`, { fields: { path } })
  }
  return genesis
}

export function appFile(home: string): string {
  return `${home}/app.db`
}

function openApp(home: string, genesis: Genesis): StoredState {
  const store = openAppFile(home, genesis)
  const tip = store.tip()
  return {
    height: Number(tip?.height ?? 0n),
    appHash: tip?.appHash ?? new Uint8Array(0),
    entries: () => store.stateEntries(),
    close: () => store.close(),
  }
}

function openChain(home: string, genesis: Genesis): StoredState {
  const path = `${home}/chain.db`
  if (!existsSync(path)) {
    throw nothingStored(home)
  }
  const identity = { chainId: genesis.chainId, genesisHash: genesisHash(genesis) }
  const store = whileStopped(home, () => openBlockStore(path, identity))
  return {
    height: store.height(),
    appHash: store.appHash() ?? new Uint8Array(0),
    entries: () => store.stateEntries(),
    close: () => store.close(),
  }
}

function whileStopped<T>(home: string, open: () => T): T {
  try {
    return open()
  } catch (cause) {
    if (errorCode(cause) !== 'store_in_use') {
      throw cause
    }
    throw new CodedError('node_running', `a node runs on ${home}: stop it first`, { fields: { path: home }, cause })
  }
}

function nothingStored(home: string): CodedError {
  return new CodedError('nothing_stored', `${home} has no block yet`, { fields: { path: home } })
}

function checkAppHash(height: number, appHash: Uint8Array, recomputed: Uint8Array): void {
  if (!equalBytes(recomputed, appHash)) {
    const fields = { stored: toHex(appHash), computed: toHex(recomputed), storedHeight: height }
    const text = `the state gives app hash ${fields.computed}, block ${height} stored ${fields.stored}`
    throw new CodedError('app_hash_mismatch', text, { fields })
  }
}
