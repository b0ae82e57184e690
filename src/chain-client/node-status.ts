/**
 * What a node says of itself. Decoded here: CosmJS refuses the answer of a node that has no block yet (its hashes are empty), and
 * a host may well be started together with its node.
 */
import type { RpcClient } from '@cosmjs/tendermint-rpc'
import { fromHex } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'

export interface NodeStatus {
  readonly chainId: string
  /** 0 before the first block. */
  readonly height: number
  /** Unix milliseconds; 0 before the first block. */
  readonly timeMs: number
  /** Empty before the first block. */
  readonly blockHash: Uint8Array
  /** The node is still fetching blocks that others have. */
  readonly isCatchingUp: boolean
}

const CALL = { jsonrpc: '2.0', id: 1, method: 'status', params: {} } as const

/** @throws CodedError `malformed_answer`, and what the transport throws */
export async function readNodeStatus(transport: RpcClient): Promise<NodeStatus> {
  const { result } = await transport.execute(CALL)
  const { network } = object(object(result).node_info)
  const sync = object(object(result).sync_info)
  const { latest_block_height: height, latest_block_time: time, latest_block_hash: hash, catching_up } = sync
  if (typeof network !== 'string' || !/^[\w.-]{1,64}$/.test(network)) {
    throw malformed('network')
  }
  if (typeof height !== 'string' || !/^(0|[1-9][0-9]{0,14})$/.test(height)) {
    throw malformed('latest_block_height')
  }
  const timeMs = typeof time === 'string' && time.length <= 64 ? Date.parse(time) : Number.NaN
  if (typeof hash !== 'string' || !/^([0-9A-F]{64})?$/.test(hash) || Number.isNaN(timeMs)) {
    throw malformed('latest_block_hash, latest_block_time')
  }
  return {
    chainId: network,
    height: Number(height),
    // Before the first block CometBFT gives the year 1.
    timeMs: Math.max(0, timeMs),
    blockHash: fromHex(hash.toLowerCase()),
    isCatchingUp: catching_up === true,
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) {
    throw malformed('an object')
  }
  return value as Readonly<Record<string, unknown>>
}

function malformed(what: string): CodedError {
  return new CodedError('malformed_answer', `the node's status has no valid ${what}`)
}
