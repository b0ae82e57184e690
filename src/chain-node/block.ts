/**
 * A block as this node keeps it. The header commits to everything a block is made of and, as in CometBFT, to the app hash
 * and the results of the block before it; its hash chains blocks together and is what the state machine sees.
 */
import type { ChainEvent, TxResult } from '../chain/application.ts'
import { concatBytes, u32be, u64be, utf8 } from '../lib/bytes.ts'
import { merkleRoot } from '../lib/merkle.ts'
import type { Genesis } from '../protocol/genesis.ts'
import { sha256, taggedHash } from '../protocol/hash.ts'

export interface BlockHeader {
  readonly chainId: string
  readonly height: number
  /** Unix milliseconds; rises strictly from block to block. */
  readonly timeMs: number
  /** Empty for the first block. */
  readonly lastBlockHash: Uint8Array
  /** Merkle root (RFC 6962) over the hashes of the transactions. */
  readonly dataHash: Uint8Array
  /** App hash after the block before this one. */
  readonly appHash: Uint8Array
  /** Merkle root over code, data and gas of the results of the block before this one. */
  readonly lastResultsHash: Uint8Array
  readonly validatorsHash: Uint8Array
  /** 20 bytes. */
  readonly proposer: Uint8Array
}

export interface CommittedBlock {
  readonly header: BlockHeader
  readonly hash: Uint8Array
  readonly txs: readonly Uint8Array[]
  /** One result a transaction, in order. */
  readonly results: readonly TxResult[]
  /** Events of the block's end. */
  readonly events: readonly ChainEvent[]
  /** App hash after this block. */
  readonly appHash: Uint8Array
}

export function hashTx(tx: Uint8Array): Uint8Array {
  return sha256(tx)
}

export function hashHeader(header: BlockHeader): Uint8Array {
  return taggedHash(
    'tailrace/block/1',
    utf8(header.chainId),
    u64be(BigInt(header.height)),
    u64be(BigInt(header.timeMs)),
    header.lastBlockHash,
    header.dataHash,
    header.appHash,
    header.lastResultsHash,
    header.validatorsHash,
    header.proposer,
  )
}

export function hashTxs(txs: readonly Uint8Array[]): Uint8Array {
  return merkleRoot(txs.map(hashTx), sha256)
}

/** Over what is deterministic in a result, as CometBFT does: code, data, gas; not log and events. */
export function hashResults(results: readonly TxResult[]): Uint8Array {
  return merkleRoot(
    results.map((result) =>
      concatBytes(u32be(result.code), u64be(result.gasWanted), u64be(result.gasUsed), sha256(result.data)),
    ),
    sha256,
  )
}

export function hashValidators(genesis: Genesis): Uint8Array {
  return merkleRoot(
    genesis.validators.map((validator) =>
      concatBytes(validator.consensusKey, validator.blsPublicKey, u64be(validator.power)),
    ),
    sha256,
  )
}
