/**
 * Blocks and results in CometBFT 0.38's JSON: 64-bit integers as strings, hashes in upper-case hex, byte strings in base64,
 * times in RFC 3339. Fields for which this chain has nothing (commits, evidence) carry the hash of nothing.
 */
import type { ChainEvent, TxResult } from '../../chain/application.ts'
import { sha256 } from '../../protocol/hash.ts'
import { toBase64, toUpperHex } from '../base64.ts'
import type { BlockHeader, CommittedBlock } from '../block.ts'
import type { BlockMeta, StoredTx } from '../block-rows.ts'

export const BLOCK_PROTOCOL_VERSION = '11'
export const APP_VERSION = '1'

const EMPTY_HASH = toUpperHex(sha256(new Uint8Array(0)))

export function timeJson(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

export function blockIdJson(hash: Uint8Array): unknown {
  const text = toUpperHex(hash)
  return hash.length === 0
    ? { hash: '', parts: { total: 0, hash: '' } }
    : { hash: text, parts: { total: 1, hash: text } }
}

export function headerJson(header: BlockHeader): unknown {
  return {
    version: { block: BLOCK_PROTOCOL_VERSION, app: APP_VERSION },
    chain_id: header.chainId,
    height: String(header.height),
    time: timeJson(header.timeMs),
    last_block_id: blockIdJson(header.lastBlockHash),
    last_commit_hash: EMPTY_HASH,
    data_hash: toUpperHex(header.dataHash),
    validators_hash: toUpperHex(header.validatorsHash),
    next_validators_hash: toUpperHex(header.validatorsHash),
    consensus_hash: EMPTY_HASH,
    app_hash: toUpperHex(header.appHash),
    last_results_hash: toUpperHex(header.lastResultsHash),
    evidence_hash: EMPTY_HASH,
    proposer_address: toUpperHex(header.proposer),
  }
}

/** The commit of a block: one proposer, whose vote is the block itself, so there are no signatures to show. */
export function commitJson(height: number, hash: Uint8Array): unknown {
  return { height: String(height), round: 0, block_id: blockIdJson(hash), signatures: [] }
}

export function blockJson(block: CommittedBlock): unknown {
  const { header } = block
  return {
    header: headerJson(header),
    data: { txs: block.txs.map(toBase64) },
    evidence: { evidence: [] },
    last_commit: commitJson(header.height - 1, header.lastBlockHash),
  }
}

export function blockMetaJson(meta: BlockMeta): unknown {
  return {
    block_id: blockIdJson(meta.hash),
    block_size: String(meta.sizeBytes),
    header: headerJson(meta.header),
    num_txs: String(meta.txCount),
  }
}

export function eventsJson(events: readonly ChainEvent[]): unknown[] {
  return events.map((event) => ({
    type: event.type,
    attributes: event.attributes.map(({ key, value }) => ({ key, value, index: true })),
  }))
}

export function resultJson(result: TxResult): Record<string, unknown> {
  return {
    code: result.code,
    data: toBase64(result.data),
    log: result.log,
    info: '',
    gas_wanted: result.gasWanted.toString(),
    gas_used: result.gasUsed.toString(),
    events: eventsJson(result.events),
    codespace: result.codespace,
  }
}

export function txJson(stored: StoredTx): unknown {
  return {
    hash: toUpperHex(stored.hash),
    height: String(stored.height),
    index: stored.index,
    tx_result: resultJson(stored.result),
    tx: toBase64(stored.tx),
  }
}
