/** Rows of the block store as values. A column that is not what the schema says is damage, and is named so. */
import type { TxResult } from '../chain/application.ts'
import { CodedError } from '../lib/coded-error.ts'
import type { BlockHeader } from './block.ts'
import { decodeResult } from './stored-result.ts'
import type { TxPosition } from './tx-search.ts'

export type Row = Record<string, unknown>

export interface StoredTx extends TxPosition {
  readonly hash: Uint8Array
  readonly tx: Uint8Array
  readonly result: TxResult
}

export interface BlockMeta {
  readonly header: BlockHeader
  readonly hash: Uint8Array
  readonly txCount: number
  readonly sizeBytes: number
  /** App hash after this block. */
  readonly appHash: Uint8Array
}

export function headerFromRow(row: Row, chainId: string): BlockHeader {
  return {
    chainId,
    height: asNumber(row.height),
    timeMs: asNumber(row.time_ms),
    lastBlockHash: asBytes(row.last_block_hash),
    dataHash: asBytes(row.data_hash),
    appHash: asBytes(row.prior_app_hash),
    lastResultsHash: asBytes(row.last_results_hash),
    validatorsHash: asBytes(row.validators_hash),
    proposer: asBytes(row.proposer),
  }
}

export function txFromRow(row: Row): StoredTx {
  return {
    height: asNumber(row.height),
    index: asNumber(row.tx_index),
    hash: asBytes(row.hash),
    tx: asBytes(row.tx),
    result: decodeResult(String(row.result)),
  }
}

export function asBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new CodedError('store_damaged', 'the block store holds no bytes where it should')
  }
  return value
}

export function asNumber(value: unknown): number {
  if (typeof value !== 'number') {
    throw new CodedError('store_damaged', 'the block store holds no number where it should')
  }
  return value
}
