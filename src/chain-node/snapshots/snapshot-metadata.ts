/** What a snapshot says of itself, as JSON: stored beside the chunks, advertised to peers, bound by the snapshot's hash. */
import { z } from 'zod'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { schemaVerdict } from '../../lib/schema-verdict.ts'
import { sha256 } from '../../protocol/hash.ts'
import { SNAPSHOT_FORMAT, SNAPSHOT_LIMITS } from './snapshot-limits.ts'

export interface SnapshotMetadata {
  readonly chainId: string
  /** The state is the one after this block. */
  readonly height: number
  /** 32 bytes: root of the state (chain/state-tree.ts). */
  readonly appHash: Uint8Array
  /** Version of the rules in force after this block. */
  readonly appVersion: number
  readonly entries: number
  /** Of all chunks before compression. */
  readonly stateBytes: number
  /** SHA-256 of each chunk as it is sent. */
  readonly chunkHashes: readonly Uint8Array[]
}

const HASH_HEX = /^[0-9a-f]{64}$/
const hash = z.string().regex(HASH_HEX).transform(fromHex)

const schema = z
  .strictObject({
    format: z.literal(SNAPSHOT_FORMAT),
    chain_id: z.string().regex(/^[a-z][a-z0-9-]{2,48}$/),
    height: z.int().min(1),
    app_hash: hash,
    app_version: z.int().min(0),
    entries: z.int().min(1).max(SNAPSHOT_LIMITS.entries),
    state_bytes: z.int().min(1).max(SNAPSHOT_LIMITS.stateBytes),
    chunks: z.array(hash).min(1).max(SNAPSHOT_LIMITS.chunks),
  })
  .refine((given) => given.state_bytes <= given.chunks.length * SNAPSHOT_LIMITS.chunkRawBytes)
  .transform(
    (given): SnapshotMetadata => ({
      chainId: given.chain_id,
      height: given.height,
      appHash: given.app_hash,
      appVersion: given.app_version,
      entries: given.entries,
      stateBytes: given.state_bytes,
      chunkHashes: given.chunks,
    }),
  )

/** @throws CodedError `snapshot_failed` for a state that has too many entries or bytes for a snapshot */
export function encodeMetadata(metadata: SnapshotMetadata): Uint8Array {
  const text = JSON.stringify({
    format: SNAPSHOT_FORMAT,
    chain_id: metadata.chainId,
    height: metadata.height,
    app_hash: toHex(metadata.appHash),
    app_version: metadata.appVersion,
    entries: metadata.entries,
    state_bytes: metadata.stateBytes,
    chunks: metadata.chunkHashes.map(toHex),
  })
  const bytes = new TextEncoder().encode(text)
  if (tryDecode(bytes) === undefined) {
    throw new CodedError('snapshot_failed', 'the state is larger than a snapshot can carry', {
      fields: { entries: metadata.entries, stateBytes: metadata.stateBytes },
    })
  }
  return bytes
}

/** @throws CodedError `snapshot_damaged` */
export function decodeMetadata(bytes: Uint8Array): SnapshotMetadata {
  const metadata = tryDecode(bytes)
  if (metadata === undefined) {
    throw new CodedError('snapshot_damaged', 'the description of the snapshot is damaged')
  }
  return metadata
}

/** What CometBFT calls the snapshot's hash: equal for equal snapshots. */
export function metadataHash(bytes: Uint8Array): Uint8Array {
  return sha256(bytes)
}

function tryDecode(bytes: Uint8Array): SnapshotMetadata | undefined {
  if (bytes.length > SNAPSHOT_LIMITS.metadataBytes) {
    return undefined
  }
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // Not UTF-8 or not JSON: damaged, like every other deviation.
    return undefined
  }
  const parsed = schemaVerdict(schema, json)
  return parsed.success ? parsed.data : undefined
}
