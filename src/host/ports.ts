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
import type { Params } from '../protocol/params.ts'

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
  /** Whether the owner key can sign at present: not while the wallet is locked. */
  isOwnerOpen(): Promise<boolean>
  signHeartbeat(message: Omit<Heartbeat, 'signature'>): Promise<Heartbeat>
  signRaceChallenge(message: Omit<RaceChallenge, 'signature'>): Promise<RaceChallenge>
  /** The device key's word that it acts for this owner under this peer id: 64 bytes, MsgRegisterHost.device_signature. */
  signRegistration(chainId: string, peerId: string): Promise<Uint8Array>
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
