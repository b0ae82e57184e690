/**
 * Looks for a transaction in the blocks themselves. CometBFT writes its index beside the chain and a moment later, and after a
 * crash perhaps never: what the index does not know may still stand in a block. Only what may lead to a second signature asks here.
 */
import { toHex } from '../lib/bytes.ts'
import type { AbortSignalLike } from '../lib/runtime.ts'
import { sha256 } from '../protocol/hash.ts'
import type { ChainRpc } from './chain-rpc.ts'
import { CLIENT_LIMITS } from './client-limits.ts'
import { readNodeStatus } from './node-status.ts'

export interface TxEvent {
  readonly type: string
  readonly attributes: readonly { readonly key: string; readonly value: string }[]
}

export interface ScannedTx {
  readonly height: number
  readonly code: number
  readonly codespace: string
  readonly log: string
  readonly events: readonly TxEvent[]
}

/**
 * In the blocks above `aboveHeight` up to the newest of now; undefined where none of them holds it, `unknown` where they are too many
 * to read or no longer kept. @throws the codes of ChainRpc
 */
export async function findInBlocks(
  rpc: ChainRpc,
  hash: string,
  aboveHeight: number,
  signal: AbortSignalLike,
): Promise<ScannedTx | undefined | 'unknown'> {
  const newest = (await rpc.request((_comet, transport) => readNodeStatus(transport), signal)).height
  if (newest - aboveHeight > CLIENT_LIMITS.scannedBlocks) {
    return 'unknown'
  }
  for (let from = aboveHeight + 1; from <= newest; from += CLIENT_LIMITS.headersPerQuestion) {
    const to = Math.min(newest, from + CLIENT_LIMITS.headersPerQuestion - 1)
    const { blockMetas } = await rpc.request((comet) => comet.blockchain(from, to), signal)
    if (blockMetas.length !== to - from + 1) {
      return 'unknown'
    }
    for (const { header, numTxs } of blockMetas) {
      // The first transaction of each block is the proposer's.
      const found = numTxs > 1 ? await findInBlock(rpc, hash, header.height, signal) : undefined
      if (found !== undefined) {
        return found
      }
    }
  }
  return undefined
}

async function findInBlock(
  rpc: ChainRpc,
  hash: string,
  height: number,
  signal: AbortSignalLike,
): Promise<ScannedTx | undefined> {
  const { block } = await rpc.request((comet) => comet.block(height), signal)
  const index = block.txs.findIndex((tx) => toHex(sha256(tx)).toUpperCase() === hash)
  if (index < 0) {
    return undefined
  }
  const { results } = await rpc.request((comet) => comet.blockResults(height), signal)
  const { code = 0, codespace = '', log = '', events = [] } = results[index] ?? {}
  return { height, code, codespace, log, events }
}
