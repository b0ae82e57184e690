/**
 * What a host asks of the world, as its own interfaces. The composition root (src/main) proves that chain-client, p2p and
 * worker fit them; tests and companions pass other implementations. Nothing in this folder knows a library, a process or a
 * browser. Read next: view.ts (what a host shows), contributor.ts (the participation state machine).
 */
import type { AbortSignalLike } from '../lib/runtime.ts'
import type { Heartbeat, RaceChallenge } from '../protocol/gen/tailrace/v1/gossip.ts'
import type {
  AssignmentRound,
  HostRecord,
  LedgerEntry,
  OpenedLeaf,
  QueryEpochResponse,
  QueryLedgerResponse,
} from '../protocol/gen/tailrace/v1/query.ts'
import type { TypedMessage } from '../protocol/messages.ts'
import type { Params, ShapeName } from '../protocol/params.ts'

export type Unsubscribe = () => void

export interface TxOutcome {
  /** 0 = executed. */
  readonly code: number
  readonly codespace: string
  readonly log: string
  readonly height: number
  /** Upper-case hex. */
  readonly hash: string
}

export type ConnectionState = 'connecting' | 'connected' | 'disconnected'

export interface BlockNotice {
  readonly height: number
  readonly timeMs: number
}

export interface ChainPort {
  readonly chainId: string
  params(signal: AbortSignalLike): Promise<Params>
  epoch(signal: AbortSignalLike): Promise<QueryEpochResponse>
  host(address: string, signal: AbortSignalLike): Promise<HostRecord | undefined>
  hosts(signal: AbortSignalLike): Promise<readonly HostRecord[]>
  assignment(epoch: bigint, verifier: string, signal: AbortSignalLike): Promise<readonly AssignmentRound[]>
  openings(epoch: bigint, signal: AbortSignalLike): Promise<readonly OpenedLeaf[]>
  finds(epoch: bigint, host: string, signal: AbortSignalLike): Promise<readonly bigint[]>
  ledger(host: string, fromSequence: bigint, signal: AbortSignalLike): Promise<QueryLedgerResponse>
  /** utail. */
  balance(address: string, signal: AbortSignalLike): Promise<bigint>
  /** App hash after `height`, 32 bytes; undefined where the node no longer knows it. */
  appHash(height: number, signal: AbortSignalLike): Promise<Uint8Array | undefined>
  /** Signs with the named key, broadcasts, waits for inclusion. A non-zero code is a value, not an error. */
  submit(messages: readonly TypedMessage[], key: 'owner' | 'device', signal: AbortSignalLike): Promise<TxOutcome>
  /** Called once per committed block, in order, gaps closed by the newest. */
  onBlock(listener: (block: BlockNotice) => void): Unsubscribe
  onConnection(listener: (state: ConnectionState) => void): Unsubscribe
}

export type BackendKind = 'webgpu' | 'cpu'

export interface BackendReport {
  readonly kind: BackendKind
  /** Adapter description for people, at most 128 characters. */
  readonly adapter: string
  readonly isSoftware: boolean
  readonly conformant: boolean
  /** Which vector or stage differed first, where not conformant. */
  readonly firstDifference?: string
  /** SHA-256 over the vectors' digests as this backend computed them, 32 bytes. */
  readonly conformanceDigest: Uint8Array
  readonly attemptsPerSecond: number
}

export interface DeviceReport {
  readonly backends: readonly BackendReport[]
}

export interface RaceJob {
  readonly shape: ShapeName
  /** 32 bytes. */
  readonly epochSeed: Uint8Array
  /** 20-byte owner address. */
  readonly host: Uint8Array
  /** 32 bytes, big endian. */
  readonly target: Uint8Array
  readonly startNonce: bigint
  readonly backend: BackendKind
  /** Share of the time that the device works, parts per million. */
  readonly dutyPpm: number
}

export interface RaceProgress {
  readonly attempts: number
  readonly finds: number
  readonly attemptsPerSecond: number
  readonly backend: BackendKind
  /** Finds that the oracle did not confirm (faulty memory): dropped, never committed. */
  readonly faultyFinds: number
}

export interface RaceListener {
  /** Finds confirmed on the oracle; nonces ascending within one race. */
  onFinds(nonces: readonly bigint[]): void
  onProgress(progress: RaceProgress): void
  /** The device was lost and the race goes on, or fell back; for people. */
  onNotice(code: string): void
}

export interface CheckJob {
  readonly shape: ShapeName
  readonly epochSeed: Uint8Array
  readonly host: Uint8Array
  readonly nonces: readonly bigint[]
}

export interface ComputePort {
  /** Which backends there are, whether they conform, how fast they are. Takes seconds. */
  probe(signal: AbortSignalLike): Promise<DeviceReport>
  /** Races until the signal aborts; resolves with the last progress. Only finds already reported count. */
  race(job: RaceJob, listener: RaceListener, signal: AbortSignalLike): Promise<RaceProgress>
  /** Digests of the named attempts, 32 bytes each, in order. */
  check(job: CheckJob, signal: AbortSignalLike): Promise<readonly Uint8Array[]>
  /** The first find at or after `startNonce`: the stamp of a registration. */
  findOne(job: RaceJob, signal: AbortSignalLike): Promise<bigint>
}

export interface PeerCounts {
  readonly connected: number
  readonly heartbeatsSeen: number
}

export interface PeersPort {
  readonly peerId: string
  publishHeartbeat(message: Heartbeat): Promise<{ readonly recipients: number }>
  publishRaceChallenge(message: RaceChallenge): Promise<{ readonly recipients: number }>
  /** Accepted by the validator: signed by the registered device key and sent by the registered peer. */
  onHeartbeat(listener: (message: Heartbeat) => void): Unsubscribe
  onRaceChallenge(listener: (message: RaceChallenge) => void): Unsubscribe
  counts(): PeerCounts
}

/** What p2p asks of the host side to bind a peer to an address. */
export interface PeerDirectory {
  /** The registered host of a peer id, from the chain; undefined where nobody registered it. */
  hostOfPeer(peerId: string): { readonly owner: string; readonly devicePublicKey: Uint8Array } | undefined
  currentEpoch(): bigint
}

/** Keys stay behind this port: sign, never show. */
export interface KeyPort {
  readonly ownerAddress: string
  readonly deviceAddress: string
  /** Compressed, 33 bytes. */
  readonly devicePublicKey: Uint8Array
  signHeartbeat(message: Omit<Heartbeat, 'signature'>): Heartbeat
  signRaceChallenge(message: Omit<RaceChallenge, 'signature'>): RaceChallenge
}

/** What a host remembers over a restart. */
export interface HostMemory {
  readonly joined: boolean
  /** Left, but the chain has not been told yet. */
  readonly leaving?: true
  /** Race of which nonces below `nextNonce` have been tried: a restart within a race goes on behind them. */
  readonly race?: { readonly epoch: number; readonly nextNonce: bigint }
}

export interface MemoryPort {
  load(): Promise<HostMemory>
  /** Atomic: the old or the new value survives a crash. */
  save(memory: HostMemory): Promise<void>
}

export type { AssignmentRound, HostRecord, LedgerEntry, OpenedLeaf }
