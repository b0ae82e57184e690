/**
 * Snapshots as ABCI 2.0 asks for them: what this node offers to others (list, load) and how it joins by one (offer, applyChunk).
 * Invariant: the state in use is replaced only by one whose app hash the light client vouches for; a peer's data costs at most one
 * chunk of memory, what its state may cost at most on disk, and that peer.
 * Read next: snapshot-chunk.ts (the format), restore-session.ts, snapshot-taker.ts, docs/decisions/0022-snapshots-and-upgrades.md.
 */
import { statfsSync } from 'node:fs'
import type { StateChange } from '../../chain/application.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { errorMessage } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import type { AbciSnapshot } from '../../protocol/abci/codec.ts'
import type { ChunkVerdict, SnapshotOffer, SnapshotPort } from '../abci/snapshot-port.ts'
import type { StateView } from './frozen-state.ts'
import { isSnapshotFault, RestoreSession } from './restore-session.ts'
import type { StateEntry } from './snapshot-chunk.ts'
import { SnapshotFolder } from './snapshot-folder.ts'
import { SNAPSHOT_FORMAT } from './snapshot-limits.ts'
import type { SnapshotMetadata } from './snapshot-metadata.ts'
import { decodeMetadata, metadataHash } from './snapshot-metadata.ts'
import type { SnapshotTip } from './snapshot-taker.ts'
import { SnapshotTaker } from './snapshot-taker.ts'
import { StagedState } from './staged-state.ts'

export interface SnapshotStoreComponents {
  readonly clock: Clock
  readonly logger: Logger
  /**
   * Makes a proven state the one in use, in one transaction, and goes on from there. @throws CodedError; then the old one is still
   * in use
   */
  readonly adopt: (tip: AdoptedTip, entries: () => Iterable<StateEntry>) => void
}

export interface AdoptedTip {
  readonly height: bigint
  readonly appHash: Uint8Array
}

export interface SnapshotStoreOptions {
  readonly chainId: string
  /** home/snapshots */
  readonly folder: string
  /** home/restore.db, there only while a snapshot is restored. */
  readonly stagingFile: string
  /** Blocks between two snapshots; 0: none. */
  readonly interval: number
  /** How many are kept. */
  readonly keep: number
  /** State that this node takes in at most when it joins by a snapshot: it is held in memory afterwards. */
  readonly maxStateBytes?: number
  readonly maxEntries?: number
  /** Versions of the rules that this program can run. */
  readonly runsVersion: (appVersion: number) => boolean
}

const MAX_STATE_BYTES = 1024 * 1024 * 1024
const MAX_ENTRIES = 2_000_000
/** Staged, in the database's log, in the database. */
const DISK_FACTOR = 4
const ADVERTISED = 10

export class SnapshotStore implements SnapshotPort {
  readonly #components: SnapshotStoreComponents
  readonly #options: SnapshotStoreOptions
  readonly #folder: SnapshotFolder
  readonly #taker: SnapshotTaker
  #session: RestoreSession | undefined

  constructor(components: SnapshotStoreComponents, options: SnapshotStoreOptions) {
    const { clock, logger } = components
    this.#components = components
    this.#options = options
    this.#folder = new SnapshotFolder(options.folder, logger)
    this.#taker = new SnapshotTaker({ folder: this.#folder, clock, logger }, options)
  }

  /** With the changes of each block, before the store gets them. */
  beforeCommit(changes: Iterable<StateChange>): void {
    this.#taker.beforeCommit(changes)
  }

  /** After each commit: takes a snapshot where one is due. `state` reads the committed state of now. */
  committed(state: StateView, tip: SnapshotTip): void {
    this.#taker.committed(state, tip)
  }

  /** Resolves when no snapshot is being written. */
  async idle(): Promise<void> {
    await this.#taker.idle()
  }

  async stop(): Promise<void> {
    await this.#taker.stop()
    this.#endSession()
  }

  /** Newest first; CometBFT passes on ten. */
  list(): AbciSnapshot[] {
    return this.#folder
      .list()
      .slice(0, ADVERTISED)
      .map(({ metadata, metadataBytes, hash }) => ({
        height: BigInt(metadata.height),
        format: SNAPSHOT_FORMAT,
        chunks: metadata.chunkHashes.length,
        hash,
        metadata: metadataBytes,
      }))
  }

  /** Height of the oldest one here: CometBFT keeps the blocks from there on. */
  oldest(): bigint | undefined {
    const oldest = this.#folder.list().at(-1)
    return oldest === undefined ? undefined : BigInt(oldest.metadata.height)
  }

  /** Undefined: this node has it not (any more). */
  async load(height: bigint, format: number, chunk: number): Promise<Uint8Array | undefined> {
    return await this.#folder.load(Number(height), format, chunk)
  }

  /** @param appHash of the snapshot's height, from CometBFT's light client */
  offer(snapshot: AbciSnapshot, appHash: Uint8Array): SnapshotOffer {
    this.#endSession()
    const { logger } = this.#components
    if (snapshot.format !== SNAPSHOT_FORMAT) {
      return 'reject_format'
    }
    const metadata = readOffer(snapshot)
    if (metadata === undefined) {
      return 'reject_sender'
    }
    const refusal = this.#refusalOf(metadata, appHash)
    if (refusal !== undefined) {
      logger.log('warn', 'an offered snapshot is refused', { height: metadata.height, reason: refusal })
      return 'reject'
    }
    try {
      this.#session = new RestoreSession(metadata, new StagedState(this.#options.stagingFile))
    } catch (error) {
      logger.log('error', 'cannot join by a snapshot', { error: errorMessage(error) })
      return 'abort'
    }
    const { height, entries, chunkHashes } = metadata
    logger.log('info', 'restoring a snapshot', { height, entries, chunks: chunkHashes.length })
    return 'accept'
  }

  async applyChunk(index: number, bytes: Uint8Array, sender: string): Promise<ChunkVerdict> {
    const session = this.#session
    if (session === undefined) {
      return { result: 'abort' }
    }
    const { logger } = this.#components
    try {
      const outcome = await session.apply(index, bytes)
      if (outcome === 'wrong') {
        logger.log('warn', 'a peer sent a wrong chunk, it is asked from others', { index, sender })
        return { result: 'retry', refetch: [index], rejectSenders: [sender] }
      }
      if (outcome === 'complete') {
        const { height, appHash } = session.metadata
        this.#components.adopt({ height: BigInt(height), appHash }, () => session.entries())
        this.#endSession()
        logger.log('info', 'joined by a snapshot', { height })
      }
      return { result: 'accept' }
    } catch (error) {
      this.#endSession()
      if (isSnapshotFault(error)) {
        logger.log('warn', 'the snapshot is worth nothing', { sender, error: errorMessage(error) })
        return { result: 'reject_snapshot', rejectSenders: [sender] }
      }
      logger.log('error', 'cannot join by a snapshot', { error: errorMessage(error) })
      return { result: 'abort' }
    }
  }

  #refusalOf(metadata: SnapshotMetadata, appHash: Uint8Array): string | undefined {
    const { chainId, folder, runsVersion, maxStateBytes = MAX_STATE_BYTES, maxEntries = MAX_ENTRIES } = this.#options
    if (metadata.chainId !== chainId || !equalBytes(metadata.appHash, appHash)) {
      return 'it is not of this chain'
    }
    if (!runsVersion(metadata.appVersion)) {
      return `its rules have version ${metadata.appVersion}, which this program does not run`
    }
    if (metadata.stateBytes > maxStateBytes || metadata.entries > maxEntries) {
      return 'it is larger than this node takes in'
    }
    const { bavail, bsize } = statfsSync(folder)
    if (metadata.stateBytes * DISK_FACTOR > bavail * bsize) {
      return 'there is no room for it on the disk'
    }
    return undefined
  }

  #endSession(): void {
    this.#session?.discard()
    this.#session = undefined
  }
}

/** Undefined where what the peer sent does not fit together: then it is not worth asking again. */
function readOffer(snapshot: AbciSnapshot): SnapshotMetadata | undefined {
  if (!equalBytes(metadataHash(snapshot.metadata), snapshot.hash)) {
    return undefined
  }
  try {
    const metadata = decodeMetadata(snapshot.metadata)
    const fits = BigInt(metadata.height) === snapshot.height && metadata.chunkHashes.length === snapshot.chunks
    return fits ? metadata : undefined
  } catch {
    // Only `snapshot_damaged`: the sender is at fault.
    return undefined
  }
}
