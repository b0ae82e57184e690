/**
 * The folder of a node, for our application and CometBFT alike: `cometbft --home` is given the same one. Invariant: keys and the record of
 * what was signed are written where they are missing for the first time, and never replaced: a validator that forgets what it
 * signed may sign another block at the same height. Read next: node-settings.ts, config-toml.ts, comet-node.ts.
 *
 * node.json                        what the operator decided            genesis.json             the network
 * priv_validator_key.json          consensus and randomness keys        node_key.json            identity among nodes
 * node_account.json                account that heartbeats come from    app.db                   the application's state
 * config/config.toml               written from node.json               data/                    CometBFT's blocks and records
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { COMET_MEMPOOL } from '../../chain-node/abci/mempool-bounds.ts'
import { bytesFromBase64, toBase64 } from '../../chain-node/base64.ts'
import { encodeGenesis, readGenesisFile } from '../../chain-node/genesis-file.ts'
import { ensureFolder, PUBLIC_MODE, writeTextFile } from '../../chain-node/private-file.ts'
import type { ValidatorKey } from '../../chain-node/validator-key.ts'
import { loadOrCreateValidatorKey } from '../../chain-node/validator-key.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Rng } from '../../lib/runtime.ts'
import { addressOfPublicKey } from '../../protocol/address.ts'
import { CONSENSUS_KEY_BYTES, consensusAddress, consensusPublicKey } from '../../protocol/consensus-key.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import { publicKeyOf } from '../../protocol/signature.ts'
import { newSecretKey } from '../keys/key-file.ts'
import { readPrivateJson, writePrivateJson } from '../private-file.ts'
import { cometConfigToml } from './config-toml.ts'
import type { NodeSettings } from './node-settings.ts'
import { readNodeSettings, writeNodeSettings } from './node-settings.ts'

/** CometBFT's node_key.json: an Ed25519 key, seed and public key behind each other. */
const NODE_KEY_FILE = z.object({
  priv_key: z.object({ type: z.literal('tendermint/PrivKeyEd25519'), value: z.string().length(88) }),
})
const NODE_ACCOUNT_FILE = z.strictObject({ version: z.literal(1), secretKey: z.string().regex(/^[0-9a-f]{64}$/) })
const NOTHING_SIGNED = { height: '0', round: 0, step: 0 }

export interface NodeIdentity {
  /** 40 hex digits: what a peer's address begins with. */
  readonly nodeId: string
  readonly validatorKey: ValidatorKey
  /** Account that registers the key and sends heartbeats. */
  readonly account: NodeAccount
}

export interface NodeAccount {
  readonly secretKey: Uint8Array
  readonly address: string
  /** Compressed secp256k1, 33 bytes. */
  readonly publicKey: Uint8Array
}

/** Makes the folder a node's; what is there already stays. @throws CodedError `genesis_mismatch`, `damaged_file`, `validator_key_damaged` */
export function initNodeHome(
  home: string,
  rng: Rng,
  given: { readonly settings: NodeSettings; readonly genesis?: Genesis | undefined },
): NodeIdentity {
  ensureFolder(home)
  if (readNodeSettings(home) === undefined) {
    writeNodeSettings(home, given.settings)
  }
  if (given.genesis !== undefined) {
    settleGenesis(home, given.genesis)
  }
  return openIdentity(home, rng)
}

/** The keys of a node's folder, made where they are missing. @throws CodedError `damaged_file`, `validator_key_damaged` */
export function openIdentity(home: string, rng: Rng): NodeIdentity {
  return {
    nodeId: loadOrCreateNodeId(home, rng),
    validatorKey: loadOrCreateValidatorKey(home, rng),
    account: loadOrCreateAccount(home, rng),
  }
}

/**
 * Writes what CometBFT reads at its start. @throws CodedError `not_a_node`, `no_genesis`, `sign_state_missing`, and those of damaged
 * files
 */
export function prepareNodeHome(home: string): { readonly settings: NodeSettings; readonly genesis: Genesis } {
  const settings = readNodeSettings(home)
  if (settings === undefined) {
    throw new CodedError('not_a_node', `${home} is not the folder of a node`, { fields: { home } })
  }
  const genesis = readGenesisFile(genesisPath(home))
  if (genesis === undefined) {
    throw new CodedError('no_genesis', `no genesis at ${genesisPath(home)}`, { fields: { file: genesisPath(home) } })
  }
  ensureFolder(join(home, 'config'))
  ensureFolder(join(home, 'data'))
  beginSignState(home)
  const config = { home, settings, blockTimeMs: genesis.params.blockTimeMs, mempool: COMET_MEMPOOL }
  writeTextFile(join(home, 'config', 'config.toml'), cometConfigToml(config), PUBLIC_MODE)
  return { settings, genesis }
}

export function genesisPath(home: string): string {
  return join(home, 'genesis.json')
}

function settleGenesis(home: string, genesis: Genesis): void {
  const kept = readGenesisFile(genesisPath(home))
  if (kept === undefined) {
    writeTextFile(genesisPath(home), encodeGenesis(genesis), PUBLIC_MODE)
  } else if (encodeGenesis(kept) !== encodeGenesis(genesis)) {
    throw new CodedError('genesis_mismatch', `${home} belongs to another network (${kept.chainId})`, {
      fields: { home },
    })
  }
}

/** Nothing was signed yet where there is no block; a folder with blocks must know what it signed. */
function beginSignState(home: string): void {
  const file = join(home, 'data', 'priv_validator_state.json')
  if (existsSync(file)) {
    return
  }
  if (existsSync(join(home, 'data', 'blockstore.db'))) {
    throw new CodedError('sign_state_missing', `${file} is missing, but the folder has blocks`, { fields: { file } })
  }
  writePrivateJson(file, NOTHING_SIGNED)
}

function loadOrCreateNodeId(home: string, rng: Rng): string {
  const file = join(home, 'node_key.json')
  const stored = readPrivateJson(file, NODE_KEY_FILE)
  if (stored !== undefined) {
    return nodeIdOf(bytesFromBase64(stored.priv_key.value).slice(0, CONSENSUS_KEY_BYTES))
  }
  const seed = rng.bytes(CONSENSUS_KEY_BYTES)
  const both = new Uint8Array([...seed, ...consensusPublicKey(seed)])
  writePrivateJson(file, { priv_key: { type: 'tendermint/PrivKeyEd25519', value: toBase64(both) } })
  return nodeIdOf(seed)
}

/** CometBFT derives a node's id as it does a validator's address. */
function nodeIdOf(seed: Uint8Array): string {
  return toHex(consensusAddress(consensusPublicKey(seed)))
}

function loadOrCreateAccount(home: string, rng: Rng): NodeAccount {
  const file = join(home, 'node_account.json')
  const stored = readPrivateJson(file, NODE_ACCOUNT_FILE)
  const secretKey = stored === undefined ? newSecretKey(rng) : fromHex(stored.secretKey)
  if (stored === undefined) {
    writePrivateJson(file, { version: 1, secretKey: toHex(secretKey) })
  }
  const publicKey = publicKeyOf(secretKey)
  return { secretKey, publicKey, address: addressOfPublicKey(publicKey) }
}
