/** Methods about the node and the network it serves. */
import { consensusAddress } from '../../protocol/consensus-key.ts'
import type { GenesisValidator } from '../../protocol/genesis.ts'
import { toBase64, toUpperHex } from '../base64.ts'
import { consensusParamsJson, genesisToJson } from '../genesis-file.ts'
import { encodeProofOp } from '../proof-op.ts'
import { APP_VERSION, BLOCK_PROTOCOL_VERSION, timeJson } from './comet-json.ts'
import { flag, hexBytes, optionalInteger, text } from './parameters.ts'
import type { RpcBackend } from './rpc-method.ts'
import { resolveHeight, resolvePage, rpcMethod } from './rpc-method.ts'

/** The RPC contract that is spoken: clients choose their dialect by it. */
const COMET_VERSION = '0.38.26'
const NO_HASH = '0'.repeat(64)
const P2P_PROTOCOL_VERSION = '8'

export const health = rpcMethod({}, () => ({}))

export const status = rpcMethod({}, (backend) => ({
  node_info: {
    protocol_version: { p2p: P2P_PROTOCOL_VERSION, block: BLOCK_PROTOCOL_VERSION, app: APP_VERSION },
    id: toUpperHex(backend.validatorKey.address).toLowerCase(),
    listen_addr: 'none',
    network: backend.genesis.chainId,
    version: COMET_VERSION,
    channels: '',
    moniker: backend.moniker,
    other: { tx_index: 'on', rpc_address: 'loopback', engine: 'embedded', program: backend.version },
  },
  sync_info: syncInfo(backend),
  validator_info: {
    address: toUpperHex(backend.validatorKey.address),
    pub_key: { type: 'tendermint/PubKeyEd25519', value: toBase64(backend.validatorKey.consensusPublicKey) },
    voting_power: ownPower(backend).toString(),
  },
}))

export const abciInfo = rpcMethod({}, (backend) => {
  const info = backend.application.info()
  return {
    response: {
      data: 'tailrace',
      version: backend.version,
      app_version: APP_VERSION,
      last_block_height: info.height.toString(),
      last_block_app_hash: toBase64(info.appHash),
    },
  }
})

/** Answers from the newest state only; an older height is refused with a code. */
export const abciQuery = rpcMethod(
  { path: text, data: hexBytes, height: optionalInteger, prove: flag },
  (backend, { path, data, height, prove }) => {
    const newest = Number(backend.application.info().height)
    if (height !== undefined && height !== 0 && height !== newest) {
      return { response: queryJson({ code: 18, log: `only the state of height ${newest} is kept`, height: newest }) }
    }
    const answer = backend.application.query(path, data, { prove })
    const op = answer.proof === undefined ? undefined : encodeProofOp(answer.proof)
    return {
      response: {
        ...queryJson({ code: answer.code, log: answer.log, height: Number(answer.height) }),
        key: toBase64(op?.key ?? new Uint8Array(0)),
        value: toBase64(answer.value),
        proofOps:
          op === undefined ? null : { ops: [{ type: op.type, key: toBase64(op.key), data: toBase64(op.data) }] },
        codespace: answer.code === 0 ? '' : 'sdk',
      },
    }
  },
)

export const genesis = rpcMethod({}, (backend) => ({ genesis: genesisToJson(backend.genesis) }))

/** The embedded engine has no peers. */
export const netInfo = rpcMethod({}, () => ({ listening: false, listeners: [], n_peers: '0', peers: [] }))

export const consensusParams = rpcMethod({ height: optionalInteger }, (backend, { height }) => ({
  block_height: String(resolveHeight(backend, height)),
  consensus_params: consensusParamsJson(),
}))

export const validators = rpcMethod(
  { height: optionalInteger, page: optionalInteger, per_page: optionalInteger },
  (backend, { height, page, per_page }) => {
    const blockHeight = resolveHeight(backend, height)
    const { limit, offset } = resolvePage(page, per_page, 100)
    const all = backend.genesis.validators
    const shown = all.slice(offset, offset + limit)
    return {
      block_height: String(blockHeight),
      validators: shown.map(validatorJson),
      count: String(shown.length),
      total: String(all.length),
    }
  },
)

function syncInfo(backend: RpcBackend): unknown {
  const newest = backend.store.height()
  const [latest] = backend.store.blockMetas(newest, newest, 1)
  const [earliest] = backend.store.blockMetas(1, 1, 1)
  const genesisTime = timeJson(backend.genesis.timeMs)
  return {
    latest_block_hash: latest === undefined ? NO_HASH : toUpperHex(latest.hash),
    latest_app_hash: toUpperHex(latest?.header.appHash ?? backend.application.info().appHash),
    latest_block_height: String(newest),
    latest_block_time: latest === undefined ? genesisTime : timeJson(latest.header.timeMs),
    earliest_block_hash: earliest === undefined ? '' : toUpperHex(earliest.hash),
    earliest_app_hash: earliest === undefined ? '' : toUpperHex(earliest.header.appHash),
    earliest_block_height: earliest === undefined ? '0' : '1',
    earliest_block_time: earliest === undefined ? genesisTime : timeJson(earliest.header.timeMs),
    catching_up: false,
  }
}

function ownPower(backend: RpcBackend): bigint {
  const own = toUpperHex(backend.validatorKey.consensusPublicKey)
  return backend.genesis.validators.find((validator) => toUpperHex(validator.consensusKey) === own)?.power ?? 0n
}

function validatorJson(validator: GenesisValidator): unknown {
  return {
    address: toUpperHex(consensusAddress(validator.consensusKey)),
    pub_key: { type: 'tendermint/PubKeyEd25519', value: toBase64(validator.consensusKey) },
    voting_power: validator.power.toString(),
    proposer_priority: '0',
  }
}

function queryJson(answer: { code: number; log: string; height: number }) {
  return {
    code: answer.code,
    log: answer.log,
    info: '',
    index: '0',
    key: '',
    value: '',
    proofOps: null as unknown,
    height: String(answer.height),
    codespace: answer.code === 0 ? '' : 'sdk',
  }
}
