import { slotOf } from '../../../../src/chain/consensus/heartbeats.ts'
import { readAppHash, readHeartbeats } from '../../../../src/chain/state/consensus/presence.ts'
import type { Validator } from '../../../../src/chain/state/consensus/validators.ts'
import { isUsable, listValidators } from '../../../../src/chain/state/consensus/validators.ts'
import { equalBytes, toHex } from '../../../../src/lib/bytes.ts'
import { encodeAddress } from '../../../../src/protocol/address.ts'
import { signValidatorRegistration } from '../../../../src/protocol/consensus/validator.ts'
import { epochOfHeight } from '../../../../src/protocol/params.ts'
import type { Actor } from '../../chain/chain-harness.ts'
import { actorNamed } from '../../chain/chain-harness.ts'
import { pick } from '../../malformed/bend-bytes.ts'
import type { CastValidator } from '../cast.ts'
import type { Draft } from '../draft.ts'
import { between, chance } from '../random.ts'
import type { LiveHost, Move, World } from '../world.ts'
import { anyLiveHost, liveHosts } from '../world.ts'

/** Consensus keys: brought and replaced, named by others, kept alive, and asked about upgrades. */
export const CONSENSUS_MOVES: readonly Move[] = [
  // Each costs the machine two proofs of 35 ms, and is judged five times.
  { typeUrl: '/tailrace.v1.MsgRegisterValidator', weight: 0.4, make: makeRegistration },
  { typeUrl: '/tailrace.v1.MsgNameValidator', weight: 2, make: makeName },
  { typeUrl: '/tailrace.v1.MsgValidatorHeartbeat', weight: 5, make: makeHeartbeat },
  { typeUrl: '/tailrace.v1.MsgVoteUpgrade', weight: 3, make: makeVote },
]

function makeRegistration(world: World): Draft | undefined {
  const { random, cast, store } = world
  const hosts = liveHosts(world).filter(({ state }) => state.weight !== '0')
  if (hosts.length === 0) {
    return undefined
  }
  const host = pick(random, hosts)
  const present = listValidators(store).find(
    ({ record }) => isUsable(record) && equalBytes(record.owner, host.state.owner),
  )
  const key = pick(random, cast.candidatesOf(host.owner.address))
  const isSame = present !== undefined && toHex(present.address) === toHex(key.address)
  const isKnown = listValidators(store).some(({ address }) => equalBytes(address, key.address))
  if ((isKnown && !isSame) || (present !== undefined && !isSame && isOfThisEpoch(world, present))) {
    return undefined
  }
  const node = chance(random, 0.8) ? key.node : actorNamed('nodeless')
  return registration(world, host, key, node)
}

function isOfThisEpoch({ params, epoch }: World, { record }: Validator): boolean {
  return !record.genesis && epochOfHeight(params, Number(record.registeredHeight)) === epoch.epoch
}

function registration({ chainId }: World, host: LiveHost, key: CastValidator, node: Actor): Draft {
  const owner = host.owner.address
  const { blsPublicKey, blsPossession, consensusKey } = key.genesis
  const signed = { chainId, owner, blsPublicKey, nodePublicKey: node.publicKey }
  const value = {
    owner,
    consensusPubkey: consensusKey,
    blsPubkey: blsPublicKey,
    blsPossession,
    nodePubkey: node.publicKey,
    consensusSignature: signValidatorRegistration(signed, key.consensusSecret),
  }
  return { actor: host.owner, messages: [{ typeUrl: '/tailrace.v1.MsgRegisterValidator', value }] }
}

/** A key of a host that carries others, or none any more. */
function makeName(world: World): Draft | undefined {
  const { random, store } = world
  const host = anyLiveHost(world)
  const carriers = listValidators(store).filter(({ record }) => isUsable(record) && record.owner.length > 0)
  if (host === undefined || carriers.length === 0) {
    return undefined
  }
  const validator = chance(random, 0.3) ? new Uint8Array(0) : pick(random, carriers).address
  const value = { owner: host.owner.address, validator }
  return { actor: host.owner, messages: [{ typeUrl: '/tailrace.v1.MsgNameValidator', value }] }
}

/** Who speaks for a key that is in force: its node or, where it may, its owner. */
function speakers({
  cast,
  store,
}: World): { readonly validator: Validator; readonly node?: Actor; readonly owner?: Actor }[] {
  return listValidators(store)
    .filter(({ record }) => isUsable(record))
    .map((validator) => {
      const { nodePubkey, owner: address } = validator.record
      const node = cast.holder(nodePubkey)
      const owner = address.length === 0 ? undefined : cast.find(encodeAddress(address))
      return { validator, ...(node === undefined ? {} : { node }), ...(owner === undefined ? {} : { owner }) }
    })
}

const SENT_AGAIN = 0.05

function makeHeartbeat(world: World): Draft | undefined {
  const { random, store, params, height, lastAppHash } = world
  const slot = slotOf(params, height)
  const isAgain = chance(random, SENT_AGAIN)
  const silent = speakers(world).filter(
    ({ validator, node }) =>
      node !== undefined && (isAgain || !readHeartbeats(store, validator.address).includes(slot)),
  )
  const speaker = silent.length === 0 ? undefined : pick(random, silent)
  const age = chance(random, 0.7) ? 1 : between(random, 2, 5)
  if (speaker?.node === undefined || height <= age) {
    return undefined
  }
  const appHash = age === 1 ? lastAppHash : readAppHash(store, height - age)
  if (appHash === undefined) {
    return undefined
  }
  const value = {
    signer: speaker.node.address,
    validator: speaker.validator.address,
    height: BigInt(height - age),
    appHash,
  }
  return { actor: speaker.node, messages: [{ typeUrl: '/tailrace.v1.MsgValidatorHeartbeat', value }] }
}

const FAR_PLAN = { height: 1_000_000n, version: 2, name: 'far away' }

/** Mostly for one plan that no sequence lives to see, so that it is accepted; sometimes for one nearby, at which the program stops. */
function makeVote(world: World): Draft | undefined {
  const { random, height } = world
  const all = speakers(world)
  const speaker = all.length === 0 ? undefined : pick(random, all)
  const signer = chance(random, 0.6) ? (speaker?.node ?? speaker?.owner) : (speaker?.owner ?? speaker?.node)
  if (speaker === undefined || signer === undefined) {
    return undefined
  }
  const { validator } = speaker
  // The same for all who vote in these blocks.
  const near = { height: BigInt(height - (height % 16) + 20), version: 3, name: 'nearby' }
  const plan = pick(random, [FAR_PLAN, FAR_PLAN, FAR_PLAN, near, { height: 0n, version: 0, name: '' }])
  const value = { signer: signer.address, validator: validator.address, ...plan }
  return { actor: signer, messages: [{ typeUrl: '/tailrace.v1.MsgVoteUpgrade', value }] }
}
