import type { StateStore } from '../../../src/chain/application.ts'
import { listHosts } from '../../../src/chain/state/hosts.ts'
import { encodeAddress } from '../../../src/protocol/address.ts'
import type { HostState } from '../../../src/protocol/gen/tailrace/v1/state.ts'
import type { Duty } from '../../../src/protocol/gen/tailrace/v1/tx.ts'
import type { TypeUrl } from '../../../src/protocol/messages.ts'
import type { EpochHeights, Params } from '../../../src/protocol/params.ts'
import type { Actor } from '../chain/chain-harness.ts'
import type { Random } from '../malformed/bend-bytes.ts'
import { pick } from '../malformed/bend-bytes.ts'
import type { Cast } from './cast.ts'
import type { Sign } from './cheap-signing.ts'
import type { Draft } from './draft.ts'
import type { BatchTree } from './work/batch-types.ts'

/** What the makers of transactions see: the state as the last transaction of the running block left it, and what they remember. */
export interface World {
  readonly cast: Cast
  readonly random: Random
  readonly sign: Sign
  readonly store: StateStore
  /** Of the block that is being made. */
  readonly height: number
  readonly params: Params
  readonly chainId: string
  readonly epoch: EpochHeights
  readonly memory: Memory
  /** After the block before. */
  readonly lastAppHash: Uint8Array
}

/** What is known outside the chain alone. */
export interface Memory {
  /** Digests that a verifier computed, by epoch, round and verifier. */
  readonly answers: Map<string, VerifierAnswer>
  /** By batch id. */
  readonly trees: Map<bigint, BatchTree>
  /** Newest sequence of each session's orders. */
  readonly orders: Map<string, bigint>
  /** Transactions of this run, for replays. */
  readonly sent: Uint8Array[]
}

export interface VerifierAnswer {
  readonly leaves: readonly Uint8Array[]
  readonly digests: readonly Uint8Array[]
}

export function createMemory(): Memory {
  return { answers: new Map(), trees: new Map(), orders: new Map(), sent: [] }
}

/** One kind of message and how one that should succeed is made now; undefined where there is nothing to do for it. */
export interface Move {
  readonly typeUrl: TypeUrl
  /** Against the others'. */
  readonly weight: number
  make(world: World): Draft | undefined
}

/** A registered host with the keys that act for it now. */
export interface LiveHost {
  readonly state: HostState
  readonly owner: Actor
  readonly device: Actor
}

export function liveHosts(world: World): LiveHost[] {
  return listHosts(world.store).flatMap((state) => {
    const owner = world.cast.find(encodeAddress(state.owner))
    const device = world.cast.holder(state.devicePubkey)
    return owner === undefined || device === undefined ? [] : [{ state, owner, device }]
  })
}

export function anyLiveHost(world: World): LiveHost | undefined {
  const hosts = liveHosts(world)
  return hosts.length === 0 ? undefined : pick(world.random, hosts)
}

/** Whether the host may act in the running epoch: neither barred nor without this duty. */
export function mayAct({ state }: LiveHost, world: World, duty: Duty): boolean {
  return (
    state.duties.includes(duty) &&
    BigInt(world.height) <= state.deviceExpiryHeight &&
    BigInt(world.epoch.epoch) >= state.barredUntilEpoch
  )
}
