import { expect } from 'vitest'
import type { LastCommit, Misbehaviour, ValidatorUpdate } from '../../../src/chain/application.ts'
import { closeConsensus, openConsensus } from '../../../src/chain/consensus/close-consensus.ts'
import { slotOf } from '../../../src/chain/consensus/heartbeats.ts'
import { settlePower } from '../../../src/chain/consensus/settle-power.ts'
import type { EndContext } from '../../../src/chain/context.ts'
import { writeGenesis } from '../../../src/chain/genesis-state.ts'
import { createOracleCache } from '../../../src/chain/judgement/oracle-cache.ts'
import type { MemoryStore } from '../../../src/chain/memory-store.ts'
import { createMemoryStore } from '../../../src/chain/memory-store.ts'
import { executeMessage } from '../../../src/chain/messages/dispatch.ts'
import { createSignatureCache } from '../../../src/chain/signature-cache.ts'
import { readValidator } from '../../../src/chain/state/chain-status.ts'
import { readHeartbeats } from '../../../src/chain/state/consensus/presence.ts'
import { listValidators, readConsensus } from '../../../src/chain/state/consensus/validators.ts'
import { listHosts, readHost, removeHost, writeHost } from '../../../src/chain/state/hosts.ts'
import { fromHex, toHex, u64be, utf8 } from '../../../src/lib/bytes.ts'
import { sumBigint } from '../../../src/lib/fixed-point.ts'
import { decodeAddress, encodeAddress } from '../../../src/protocol/address.ts'
import type { ConsensusParams } from '../../../src/protocol/consensus/consensus-params.ts'
import { consensusAddress } from '../../../src/protocol/consensus-key.ts'
import type { ValidatorState } from '../../../src/protocol/gen/tailrace/v1/state.ts'
import type { Genesis } from '../../../src/protocol/genesis.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'
import type { Params } from '../../../src/protocol/params.ts'
import { epochHeights, epochOfHeight, LOCAL_PARAMS } from '../../../src/protocol/params.ts'
import { actorNamed, hostNamed, testGenesis } from './chain-harness.ts'
import type { ValidatorActor } from './validator-actor.ts'
import { genesisValidator, validatorNamed } from './validator-actor.ts'

/**
 * Consensus alone: blocks without transactions, weights as a test says, and an engine that takes updates as CometBFT does and
 * refuses what CometBFT would die of. After each block the power of every key is recounted from its reasons.
 */
export interface BlockFacts {
  readonly lastCommit?: LastCommit
  readonly misbehaviour?: readonly Misbehaviour[]
  readonly proposer?: Uint8Array
}

export interface WorldOptions {
  /** Keys of the genesis; with `owner` they belong to the host of that name. */
  readonly validators: readonly { readonly name: string; readonly power?: bigint; readonly owner?: string }[]
  readonly hosts: readonly string[]
  readonly consensus?: Partial<ConsensusParams>
}

/** Verifying the keys of a genesis is most of what a small world costs, and tests begin with the same ones. */
const geneses = new Map<string, readonly (readonly [Uint8Array, Uint8Array])[]>()

function genesisEntries(id: string, genesis: Genesis): readonly (readonly [Uint8Array, Uint8Array])[] {
  const store = createMemoryStore()
  if (!geneses.has(id)) {
    writeGenesis(store, genesis)
  }
  const entries = geneses.get(id) ?? [...store.entries()]
  geneses.set(id, entries)
  return entries
}

/** The bound of CometBFT. */
const MAX_TOTAL = 1n << 60n

export function createConsensusWorld(options: WorldOptions): ConsensusWorld {
  return new ConsensusWorld(options)
}

export class ConsensusWorld {
  readonly store: MemoryStore
  readonly params: Params
  /** What the engine was told: consensus address in hex → power. */
  readonly engine: Map<string, bigint>
  readonly events: { readonly type: string; readonly attributes: Record<string, string> }[] = []
  /** Keys that post a heartbeat in every slot. */
  readonly beating = new Set<string>()
  readonly #genesis: Genesis
  #height = 0

  constructor(options: WorldOptions) {
    const consensus = { ...LOCAL_PARAMS.consensus, maxPowerSharePpm: 1_000_000, ...options.consensus }
    this.params = { ...LOCAL_PARAMS, consensus }
    const validators = options.validators.map(({ name, power = 10n, owner }) =>
      genesisValidator(validatorNamed(name), power, owner === undefined ? undefined : hostNamed(owner).owner.address),
    )
    const id = JSON.stringify(options, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
    this.#genesis = { ...testGenesis({ hosts: options.hosts.map(hostNamed) }), params: this.params, validators }
    this.store = createMemoryStore(genesisEntries(id, this.#genesis))
    this.engine = new Map(validators.map((one) => [toHex(consensusAddress(one.consensusKey)), one.power]))
  }

  /** Of the last block. */
  get height(): number {
    return this.#height
  }

  /** The next block. */
  block(facts: BlockFacts = {}): ValidatorUpdate[] {
    return this.#run(facts, undefined)
  }

  /** Blocks until the next settle, which finds these weights; hosts that are not named have none. */
  settle(
    weights: Readonly<Record<string, bigint>>,
    facts: (height: number) => BlockFacts = () => ({}),
  ): ValidatorUpdate[] {
    for (;;) {
      const next = this.#height + 1
      const isSettle = next === epochHeights(this.params, epochOfHeight(this.params, next)).settleHeight
      const updates = this.#run(facts(next), isSettle ? weights : undefined)
      if (isSettle) {
        return updates
      }
    }
  }

  /** Executes a message in the next block's context: the word of its refusal, or ''. */
  send(message: TypedMessage, height: number = this.#height + 1): string {
    const outcome = executeMessage(this.#contextAt(height), message)
    return outcome instanceof Uint8Array ? '' : outcome.code
  }

  removeHost(name: string): void {
    const host = readHost(this.store, decodeAddress(actorNamed(name).address))
    if (host !== undefined) {
      removeHost(this.store, host)
    }
  }

  power(name: string): bigint {
    return BigInt(this.record(name).power)
  }

  record(name: string): ValidatorState {
    const record = readValidator(this.store, validatorNamed(name).address)
    if (record === undefined) {
      throw new Error(`no key ${name}`)
    }
    return record
  }

  /** Reasons of a key: what each makes of the difference between its weight and its power. */
  why(name: string): Record<string, bigint> {
    return Object.fromEntries(this.record(name).differences.map(({ reason, amount }) => [reason, BigInt(amount)]))
  }

  /** A commit that all keys of the engine signed but these. */
  commit(missing: readonly string[], round = 0): BlockFacts {
    const away = new Set(missing.map((name) => toHex(validatorNamed(name).address)))
    const votes = [...this.engine].map(([address, power]) => ({
      address: fromHex(address),
      power,
      signed: !away.has(address),
    }))
    return { lastCommit: { round, votes } }
  }

  #run(facts: BlockFacts, weights: Readonly<Record<string, bigint>> | undefined): ValidatorUpdate[] {
    this.#height += 1
    const height = this.#height
    const context = this.#contextAt(height)
    const proposer = facts.proposer ?? new Uint8Array(20)
    const input = { height: BigInt(height), timeMs: 0n, hash: new Uint8Array(32), txs: [], ...facts, proposer }
    this.#beat()
    openConsensus(context, input)
    if (weights !== undefined) {
      setWeights(this.store, context, weights)
      settlePower(context)
    }
    const updates = closeConsensus(context, input)
    takeUpdates(this.engine, updates)
    recount(this.store, this.engine)
    return updates
  }

  #beat(): void {
    for (const name of this.beating) {
      const actor = validatorNamed(name)
      const isPosted = readHeartbeats(this.store, actor.address).includes(slotOf(this.params, this.#height))
      if (readValidator(this.store, actor.address) !== undefined && !isPosted) {
        expect(this.send(heartbeat(actor, this.#height - 1), this.#height)).toBe('')
      }
    }
  }

  #contextAt(height: number): EndContext {
    return {
      params: this.params,
      chainId: this.#genesis.chainId,
      height,
      epoch: epochHeights(this.params, epochOfHeight(this.params, height)),
      oracles: createOracleCache(),
      signatures: createSignatureCache(),
      lastAppHash: appHashAfter(height - 1),
      store: this.store,
      txHash: '',
      randomness: sha256(u64be(BigInt(height))),
      emit: (type, attributes) => {
        const texts = Object.entries(attributes).map(([name, value]) => [name, `${value}`] as const)
        this.events.push({ type, attributes: Object.fromEntries(texts) })
      },
    }
  }
}

/** Stands for the tree's root: any function of the height. */
function appHashAfter(height: number): Uint8Array {
  return sha256(utf8(`app hash ${height}`))
}

export function heartbeat({ address, node }: ValidatorActor, height: number): TypedMessage {
  return {
    typeUrl: '/tailrace.v1.MsgValidatorHeartbeat',
    value: { signer: node.address, validator: address, height: BigInt(height), appHash: appHashAfter(height) },
  }
}

function setWeights(store: MemoryStore, context: EndContext, weights: Readonly<Record<string, bigint>>): void {
  const byOwner = new Map(Object.entries(weights).map(([name, weight]) => [actorNamed(name).address, weight]))
  const hosts = listHosts(store)
  const known = new Set(hosts.map(({ owner }) => encodeAddress(owner)))
  expect([...byOwner.keys()].filter((address) => !known.has(address))).toEqual([])
  for (const host of hosts) {
    const weight = byOwner.get(encodeAddress(host.owner)) ?? 0n
    const raceVerdict = weight > 0n ? 'verified' : 'none'
    writeHost(store, { ...host, weight: weight.toString(), raceEpoch: BigInt(context.epoch.epoch), raceVerdict })
  }
}

/** As CometBFT takes them: it stops for good at a key removed twice, an empty set or too much power. */
function takeUpdates(engine: Map<string, bigint>, updates: readonly ValidatorUpdate[]): void {
  for (const { consensusKey, power } of updates) {
    const address = toHex(consensusAddress(consensusKey))
    if (power === 0n) {
      expect(engine.delete(address), 'a key is removed only where it is').toBe(true)
    } else {
      engine.set(address, power)
    }
  }
  expect(new Set(updates.map(({ consensusKey }) => toHex(consensusKey))).size).toBe(updates.length)
  expect(engine.size).toBeGreaterThan(0)
  expect(sumBigint(engine.values())).toBeLessThan(MAX_TOTAL)
}

/** Power and weight differ by reasons alone: of each key, and of all together. */
function recount(store: MemoryStore, engine: ReadonlyMap<string, bigint>): void {
  const validators = listValidators(store)
  let differences = 0n
  for (const { address, record } of validators) {
    const own = sumBigint(record.differences.map(({ amount }) => BigInt(amount)))
    expect(BigInt(record.power)).toBe(BigInt(record.weight) + BigInt(record.carried) + own)
    expect(engine.get(toHex(address)) ?? 0n).toBe(record.enginePower)
    differences += own
  }
  const { totalWeight, uncarried } = readConsensus(store)
  const powers = sumBigint(validators.map(({ record }) => BigInt(record.power)))
  expect(powers).toBe(BigInt(totalWeight) - BigInt(uncarried) + differences)
}
