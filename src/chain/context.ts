import type { EpochHeights, Params } from '../protocol/params.ts'
import { epochHeights, epochOfHeight } from '../protocol/params.ts'
import type { StateStore } from './application.ts'
import type { OracleCache } from './judgement/oracle-cache.ts'
import type { SignatureCache } from './signature-cache.ts'
import { createSignatureCache } from './signature-cache.ts'
import { readStatus } from './state/chain-status.ts'
import { readParams } from './state/params-record.ts'

/** What the whole block has in common. */
export interface BlockFrame {
  readonly params: Params
  readonly chainId: string
  readonly height: number
  /** The epoch that `height` belongs to. */
  readonly epoch: EpochHeights
  readonly oracles: OracleCache
  readonly signatures: SignatureCache
  /** After the last block: what heartbeats name first. */
  readonly lastAppHash: Uint8Array
}

/** What code of the state machine sees. `store` is the transaction's or the block's overlay. */
export interface BlockContext extends BlockFrame {
  readonly store: StateStore
  /** Upper-case hex; empty at the block's end. */
  readonly txHash: string
  emit(type: string, attributes: Readonly<Record<string, string | number | bigint>>): void
}

/** The block's end alone sees its R: a transaction that could read it would be written to suit it. */
export interface EndContext extends BlockContext {
  readonly randomness: Uint8Array
}

/** The frame of the block that follows this state. @throws CodedError `no_state` before the genesis. */
export function nextFrame(
  store: StateStore,
  oracles: OracleCache,
  signatures: SignatureCache = createSignatureCache(),
  lastAppHash: Uint8Array = new Uint8Array(0),
): BlockFrame {
  const status = readStatus(store)
  const params = readParams(store)
  const height = Number(status.height) + 1
  return {
    params,
    chainId: status.chainId,
    height,
    epoch: epochHeights(params, epochOfHeight(params, height)),
    oracles,
    signatures,
    lastAppHash,
  }
}
