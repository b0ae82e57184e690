/** Snapshots as CometBFT asks for them; src/chain-node/snapshots makes and takes them. */
import type { AbciAnswerOf, AbciSnapshot } from '../../protocol/abci/codec.ts'
import { APPLY_RESULT, OFFER_RESULT } from '../../protocol/abci/codec.ts'

export type SnapshotOffer = 'accept' | 'abort' | 'reject' | 'reject_format' | 'reject_sender'

export interface ChunkVerdict {
  readonly result: 'accept' | 'abort' | 'retry' | 'retry_snapshot' | 'reject_snapshot'
  /** Chunks to be fetched again. */
  readonly refetch?: readonly number[]
  /** Peers that sent what cannot be. */
  readonly rejectSenders?: readonly string[]
}

type MaybeLater<T> = T | Promise<T>

export interface SnapshotPort {
  list(): MaybeLater<readonly AbciSnapshot[]>
  /** Height of the oldest one here. */
  oldest(): bigint | undefined
  /** Undefined where there is no such chunk. */
  load(height: bigint, format: number, chunk: number): MaybeLater<Uint8Array | undefined>
  /** `appHash` is what CometBFT's light client verified for the snapshot's height. */
  offer(snapshot: AbciSnapshot, appHash: Uint8Array): MaybeLater<SnapshotOffer>
  applyChunk(index: number, chunk: Uint8Array, sender: string): MaybeLater<ChunkVerdict>
}

/** Of a node that neither gives nor takes any. */
export const NO_SNAPSHOTS: SnapshotPort = {
  list: () => [],
  oldest: () => undefined,
  load: () => undefined,
  offer: () => 'abort',
  applyChunk: () => ({ result: 'abort' }),
}

const OFFER_NUMBERS: Readonly<Record<SnapshotOffer, number>> = {
  accept: OFFER_RESULT.accept,
  abort: OFFER_RESULT.abort,
  reject: OFFER_RESULT.reject,
  reject_format: OFFER_RESULT.rejectFormat,
  reject_sender: OFFER_RESULT.rejectSender,
}

const APPLY_NUMBERS: Readonly<Record<ChunkVerdict['result'], number>> = {
  accept: APPLY_RESULT.accept,
  abort: APPLY_RESULT.abort,
  retry: APPLY_RESULT.retry,
  retry_snapshot: APPLY_RESULT.retrySnapshot,
  reject_snapshot: APPLY_RESULT.rejectSnapshot,
}

export function offerAnswer(offer: SnapshotOffer): AbciAnswerOf<'offerSnapshot'> {
  return { result: OFFER_NUMBERS[offer] }
}

export function chunkAnswer({ result, refetch, rejectSenders }: ChunkVerdict): AbciAnswerOf<'applySnapshotChunk'> {
  return {
    result: APPLY_NUMBERS[result],
    refetchChunks: [...(refetch ?? [])],
    rejectSenders: [...(rejectSenders ?? [])],
  }
}
