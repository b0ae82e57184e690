/** The few questions that operating a node needs of CometBFT's RPC, each answer decoded. Everything else goes through chain-client. */
import { z } from 'zod'
import { CodedError } from '../../lib/coded-error.ts'

const ANSWER_LIMIT_MS = 5_000
const DIGITS = z.string().regex(/^[0-9]{1,19}$/)

const STATUS = z.object({
  node_info: z.object({ id: z.string(), network: z.string(), moniker: z.string(), version: z.string() }),
  sync_info: z.object({
    latest_block_height: DIGITS,
    latest_block_hash: z.string(),
    latest_app_hash: z.string(),
    latest_block_time: z.string(),
    catching_up: z.boolean(),
  }),
  validator_info: z.object({ address: z.string(), voting_power: DIGITS }),
})
const NET_INFO = z.object({
  n_peers: DIGITS,
  peers: z.array(z.object({ node_info: z.object({ id: z.string(), moniker: z.string() }) })).max(1_000),
})
const ENVELOPE = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.string().optional() }).optional(),
})

export interface CometStatus {
  readonly nodeId: string
  readonly chainId: string
  readonly moniker: string
  readonly cometbft: string
  readonly height: number
  readonly blockHash: string
  readonly appHash: string
  readonly blockTime: string
  readonly isCatchingUp: boolean
  /** Of this node's key; power 0 where it is no validator. */
  readonly validator: { readonly address: string; readonly power: string }
}

export async function cometStatus(rpcUrl: string, signal?: AbortSignal): Promise<CometStatus> {
  const { node_info, sync_info, validator_info } = STATUS.parse(await ask(rpcUrl, 'status', {}, signal))
  return {
    nodeId: node_info.id,
    chainId: node_info.network,
    moniker: node_info.moniker,
    cometbft: node_info.version,
    height: Number(sync_info.latest_block_height),
    blockHash: sync_info.latest_block_hash,
    appHash: sync_info.latest_app_hash,
    blockTime: sync_info.latest_block_time,
    isCatchingUp: sync_info.catching_up,
    validator: { address: validator_info.address, power: validator_info.voting_power },
  }
}

export async function cometPeers(rpcUrl: string, signal?: AbortSignal): Promise<readonly string[]> {
  const { peers } = NET_INFO.parse(await ask(rpcUrl, 'net_info', {}, signal))
  return peers.map(({ node_info }) => node_info.moniker || node_info.id)
}

/** Whether the RPC answers at all. */
export async function isRpcUp(rpcUrl: string): Promise<boolean> {
  try {
    await ask(rpcUrl, 'health', {})
    return true
  } catch {
    // Nobody listens yet, or it is another program: not up.
    return false
  }
}

/** @throws CodedError `chain_unreachable`, `rpc_refused` (fields.log) */
async function ask(rpcUrl: string, method: string, params: unknown, signal?: AbortSignal): Promise<unknown> {
  const limit = AbortSignal.timeout(ANSWER_LIMIT_MS)
  let text: string
  try {
    const response = await fetch(rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    })
    text = await response.text()
  } catch (cause) {
    throw new CodedError('chain_unreachable', `${rpcUrl} does not answer`, { fields: { rpcUrl }, cause })
  }
  const { result, error } = ENVELOPE.parse(JSON.parse(text))
  if (error !== undefined) {
    throw new CodedError('rpc_refused', `${method}: ${error.data ?? error.message}`, {
      fields: { code: error.code, log: error.data ?? error.message },
    })
  }
  return result
}
