/** Bounds of a snapshot: what is written keeps them, what a peer sends is held to them before anything is allocated. */
export const SNAPSHOT_LIMITS = {
  /** Of CometBFT's message that advertises a snapshot, which carries it: 4 MB. */
  metadataBytes: 2 * 1024 * 1024,
  chunks: 16_384,
  /** Entries of one chunk before compression: a chunk ends before the entry with which it would grow over this. */
  chunkTargetBytes: 1024 * 1024,
  /** A single entry may be larger than that; then it is the whole chunk. */
  chunkRawBytes: 2 * 1024 * 1024,
  /** As it is sent. CometBFT's own bound is 16 MB. */
  chunkBytes: 2 * 1024 * 1024 + 64 * 1024,
  keyBytes: 1_024,
  valueBytes: 2 * 1024 * 1024 - 16 * 1024,
  /** Of the state of a snapshot that this node restores: the state is held in memory. */
  entries: 20_000_000,
  stateBytes: 8 * 1024 * 1024 * 1024,
} as const

/** The format that this program writes and reads; raised with every change of snapshot-chunk.ts or snapshot-metadata.ts. */
export const SNAPSHOT_FORMAT = 1
