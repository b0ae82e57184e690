import { concatBytes, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { decodeAddress } from '../../../src/protocol/address.ts'
import { consensusAddress, consensusPublicKey } from '../../../src/protocol/consensus-key.ts'
import type { GenesisValidator } from '../../../src/protocol/genesis.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import { blsProvePossession, blsPublicKey, blsSecretFromSeed } from '../../../src/protocol/randomness.ts'
import type { Actor, HostActor } from '../chain/chain-harness.ts'
import { actorNamed } from '../chain/chain-harness.ts'

/** Who acts in a random chain: the same people in all of them, since making a key takes half a millisecond. */
export interface Cast {
  /** Those of the genesis, who have weight from the start, and those who may come later. */
  readonly founders: readonly HostActor[]
  readonly newcomers: readonly HostActor[]
  /** With money at the genesis, but for the last, who has none. */
  readonly accounts: readonly Actor[]
  /** Keys that escrows are opened for; one that was paid back is never used again. */
  readonly sessions: readonly Actor[]
  /** Of the genesis, the first two with a host. */
  readonly validators: readonly CastValidator[]
  /** Consensus keys that a host may register: two each. */
  candidatesOf(owner: string): readonly CastValidator[]
  /** By consensus address in hex, whoever's it is. */
  validator(address: string): CastValidator | undefined
  /** By address: whose key it is. */
  find(address: string): Actor | undefined
  /** By public key. */
  holder(publicKey: Uint8Array): Actor | undefined
  /** A device key's host, whatever the chain says of it; by the owner's address. */
  hostOf(owner: string): HostActor | undefined
  /** A second device of a host: for registering again. */
  otherDevice(host: HostActor): Actor
}

export interface CastValidator {
  /** BLS. */
  readonly secret: Uint8Array
  readonly consensusSecret: Uint8Array
  readonly genesis: GenesisValidator
  /** Consensus address, 20 bytes. */
  readonly address: Uint8Array
  /** Signs heartbeats. */
  readonly node: Actor
}

const FOUNDERS = ['ada', 'bob', 'cleo', 'dan']
const NEWCOMERS = ['eve', 'finn', 'gus', 'hal']
const ACCOUNTS = ['rich', 'shop', 'mill', 'poor']
const SESSIONS = 10
const VALIDATORS = 4
const OWNED = 2
const CANDIDATES = 2

let known: Cast | undefined

export function theCast(): Cast {
  known ??= createCast()
  return known
}

function createCast(): Cast {
  const hostNamed = (name: string): HostActor => ({ owner: actorNamed(name), device: actorNamed(`${name} device`) })
  const founders = FOUNDERS.map(hostNamed)
  const newcomers = NEWCOMERS.map(hostNamed)
  const accounts = ACCOUNTS.map(actorNamed)
  const sessions = Array.from({ length: SESSIONS }, (_, index) => actorNamed(`session ${index}`))
  const hosts = [...founders, ...newcomers]
  const validators = Array.from({ length: VALIDATORS }, (_, index) =>
    createValidator(`genesis ${index}`, BigInt(10 + index), index < OWNED ? founders[index]?.owner : undefined),
  )
  const candidates = new Map(
    hosts.map(({ owner }) => [
      owner.address,
      Array.from({ length: CANDIDATES }, (_, index) => createValidator(`${owner.name} ${index}`, 0n, owner)),
    ]),
  )
  const keys = [...validators, ...[...candidates.values()].flat()]
  const byConsensus = new Map(keys.map((key) => [toHex(key.address), key]))
  const others = new Map(hosts.map((host) => [host.owner.address, actorNamed(`${host.owner.name} other device`)]))
  const all = [
    ...accounts,
    ...sessions,
    ...hosts.flatMap(({ owner, device }) => [owner, device]),
    ...others.values(),
    ...keys.map(({ node }) => node),
  ]
  const byAddress = new Map(all.map((actor) => [actor.address, actor]))
  const byKey = new Map(all.map((actor) => [toHex(actor.publicKey), actor]))
  const byOwner = new Map(hosts.map((host) => [host.owner.address, host]))
  return {
    founders,
    newcomers,
    accounts,
    sessions,
    validators,
    candidatesOf: (owner) => candidates.get(owner) ?? [],
    validator: (address) => byConsensus.get(address),
    find: (address) => byAddress.get(address),
    holder: (publicKey) => byKey.get(toHex(publicKey)),
    hostOf: (owner) => byOwner.get(owner),
    otherDevice: ({ owner }) => others.get(owner.address) as Actor,
  }
}

function createValidator(name: string, power: bigint, owner?: Actor): CastValidator {
  const node = actorNamed(`node of ${name}`)
  const secret = blsSecretFromSeed(concatBytes(sha256(utf8(`BLS key of ${name}`)), new Uint8Array(16)))
  const consensusSecret = sha256(utf8(`consensus key of ${name}`))
  const consensusKey = consensusPublicKey(consensusSecret)
  return {
    secret,
    consensusSecret,
    node,
    address: consensusAddress(consensusKey),
    genesis: {
      consensusKey,
      blsPublicKey: blsPublicKey(secret),
      blsPossession: blsProvePossession(secret),
      power,
      nodePublicKey: node.publicKey,
      ...(owner === undefined ? {} : { owner: owner.address }),
    },
  }
}

const addresses = new Map<string, Uint8Array>()

/** 20 bytes of an actor's address; bech32 is slow. */
export function bytesOfActor({ address }: Actor): Uint8Array {
  const bytes = addresses.get(address) ?? decodeAddress(address)
  addresses.set(address, bytes)
  return bytes
}
