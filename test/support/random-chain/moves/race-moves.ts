import { hasOpenChallenge } from '../../../../src/chain/judgement/queue.ts'
import { openedLeafRange } from '../../../../src/chain/state/keys.ts'
import { listFinds, listRaces, readEpochState, readRace, readTarget } from '../../../../src/chain/state/races.ts'
import { assignedFinds, listVerifications } from '../../../../src/chain/state/verifications.ts'
import { toHex } from '../../../../src/lib/bytes.ts'
import { merkleProof, merkleRoot } from '../../../../src/lib/merkle.ts'
import { encodeAddress } from '../../../../src/protocol/address.ts'
import { Duty } from '../../../../src/protocol/gen/tailrace/v1/tx.ts'
import { sha256 } from '../../../../src/protocol/hash.ts'
import type { AssignedFind } from '../../../../src/protocol/verification.ts'
import { encodeVerificationLeaf } from '../../../../src/protocol/verification.ts'
import { isFind } from '../../../../src/race/find.ts'
import { pick } from '../../malformed/bend-bytes.ts'
import type { Draft } from '../draft.ts'
import { attempts } from '../machine.ts'
import { between, chance } from '../random.ts'
import type { LiveHost, Move, VerifierAnswer, World } from '../world.ts'
import { liveHosts, mayAct } from '../world.ts'

/** Races, their checks and what comes of them: mostly honest, now and then forged, false or accusing. */
export const RACE_MOVES: readonly Move[] = [
  { typeUrl: '/tailrace.v1.MsgCommitFinds', weight: 14, make: makeCommit },
  { typeUrl: '/tailrace.v1.MsgSubmitVerification', weight: 60, make: makeReport },
  { typeUrl: '/tailrace.v1.MsgOpenVerification', weight: 60, make: makeOpening },
  { typeUrl: '/tailrace.v1.MsgChallengeFind', weight: 1, make: makeFindChallenge },
  { typeUrl: '/tailrace.v1.MsgChallengeOpening', weight: 4, make: makeOpeningChallenge },
]

interface Race {
  readonly seed: Uint8Array
  readonly target: Uint8Array
}

function raceOf({ store, epoch }: World): Race | undefined {
  const seed = readEpochState(store, epoch.epoch)?.seed
  const target = readTarget(store, epoch.epoch, 'dev')
  return seed === undefined || seed.length === 0 || target === undefined ? undefined : { seed, target }
}

function hostsWith(world: World, duty: Duty): LiveHost[] {
  return liveHosts(world).filter((host) => mayAct(host, world, duty))
}

/** Fewer than 20 finds count nothing. */
const FINDS = 20
const TRIED = 400n

function makeCommit(world: World): Draft | undefined {
  const { random, height, epoch } = world
  const race = raceOf(world)
  const racers = hostsWith(world, Duty.DUTY_RACE).filter(({ state }) => state.active)
  if (race === undefined || height > epoch.raceEndHeight || racers.length === 0) {
    return undefined
  }
  const host = pick(random, racers)
  const before = readRace(world.store, epoch.epoch, host.state.owner)
  // Whoever has enough rarely commits more: each find is an attempt to compute.
  if (before !== undefined && !chance(random, 0.15)) {
    return undefined
  }
  const isForger = chance(random, 0.12)
  const nonces = findsOf(race, host, (before?.lastNonce ?? -1n) + 1n, before === undefined ? FINDS : 1, isForger)
  const value = { signer: host.device.address, epoch: BigInt(epoch.epoch), nonces }
  return nonces.length === 0
    ? undefined
    : { actor: host.device, messages: [{ typeUrl: '/tailrace.v1.MsgCommitFinds', value }] }
}

function findsOf(
  { seed, target }: Race,
  { state }: LiveHost,
  from: bigint,
  count: number,
  isForger: boolean,
): bigint[] {
  const nonces: bigint[] = []
  for (let nonce = from; nonce < from + TRIED && nonces.length < count; nonce++) {
    if (isForger || isFind(attempts.attempt('dev', seed, state.owner, nonce), target)) {
      nonces.push(nonce)
    }
  }
  return nonces
}

function makeReport(world: World): Draft | undefined {
  const { random, store, epoch, height } = world
  const race = raceOf(world)
  if (race === undefined || height <= epoch.raceEndHeight || height > epoch.settleHeight) {
    return undefined
  }
  for (const host of hostsWith(world, Duty.DUTY_VERIFY)) {
    const due = listVerifications(store, epoch.epoch, host.state.owner).find(
      ({ duty }) => duty.state === 'due' && BigInt(height) <= duty.rootDeadlineHeight,
    )
    if (due !== undefined && chance(random, 0.7)) {
      const finds = assignedFinds(store, epoch.epoch, due.round, due.duty)
      return finds.length === 0 ? undefined : reportOf(world, race, host, due.round, finds)
    }
  }
  return undefined
}

function reportOf(
  world: World,
  { seed, target }: Race,
  host: LiveHost,
  round: number,
  finds: readonly AssignedFind[],
): Draft {
  const { random, epoch, memory } = world
  const isLiar = chance(random, 0.1)
  const digests = finds.map((find) => {
    const digest = attempts.attempt('dev', seed, find.host, find.nonce)
    return isLiar ? sha256(digest).fill(0, 0, 1) : digest
  })
  const wrong = finds.filter((_, index) => !isFind(digests[index] as Uint8Array, target))
  const accused = chance(random, 0.08) ? [finds[0] as AssignedFind] : wrong
  const leaves = finds.map((find, index) => encodeVerificationLeaf(find, digests[index] as Uint8Array))
  const value = {
    signer: host.device.address,
    epoch: BigInt(epoch.epoch),
    round,
    root: merkleRoot(leaves, sha256),
    mismatches: accused.map((find) => ({ host: encodeAddress(find.host), nonce: find.nonce })),
  }
  const id = answerId(world, round, host)
  return {
    actor: host.device,
    messages: [{ typeUrl: '/tailrace.v1.MsgSubmitVerification', value }],
    told: ({ code }) => {
      if (code === 0) {
        memory.answers.set(id, { leaves, digests })
      }
    },
  }
}

function answerId({ epoch }: World, round: number, { state }: LiveHost): string {
  return `${epoch.epoch}/${round}/${toHex(state.owner)}`
}

function makeOpening(world: World): Draft | undefined {
  const { random, store, epoch, height, memory } = world
  if (height <= epoch.raceEndHeight || height > epoch.settleHeight) {
    return undefined
  }
  for (const host of hostsWith(world, Duty.DUTY_VERIFY)) {
    for (const { duty, round } of listVerifications(store, epoch.epoch, host.state.owner)) {
      const answer = memory.answers.get(answerId(world, round, host))
      if (duty.state === 'opening' && answer !== undefined && chance(random, 0.8)) {
        const openings = duty.openingIndices.map((index) => openingOf(answer, index))
        const value = { signer: host.device.address, epoch: BigInt(epoch.epoch), round, openings }
        return { actor: host.device, messages: [{ typeUrl: '/tailrace.v1.MsgOpenVerification', value }] }
      }
    }
  }
  return undefined
}

function openingOf(
  { leaves, digests }: VerifierAnswer,
  index: number,
): {
  index: number
  digest: Uint8Array
  path: Uint8Array[]
} {
  return {
    index,
    digest: digests[index] ?? new Uint8Array(32),
    path: merkleProof([...leaves], index, sha256),
  }
}

/** A host that may challenge now. */
function challenger(world: World): LiveHost | undefined {
  const { store, random } = world
  const hosts = hostsWith(world, Duty.DUTY_VERIFY).filter(
    ({ state }) => state.active && state.weight !== '0' && !hasOpenChallenge(store, state.owner),
  )
  return hosts.length === 0 ? undefined : pick(random, hosts)
}

function makeFindChallenge(world: World): Draft | undefined {
  const { store, epoch, random, height } = world
  const host = challenger(world)
  if (host === undefined || height > epoch.settleHeight) {
    return undefined
  }
  const races = listRaces(store, epoch.epoch).filter((race) => toHex(race.host) !== toHex(host.state.owner))
  if (races.length === 0) {
    return undefined
  }
  const { host: raced, race } = pick(random, races)
  const [nonce] = listFinds(store, epoch.epoch, raced, between(random, 0, race.count - 1), 1)
  if (nonce === undefined || race.wrongNonces.includes(nonce)) {
    return undefined
  }
  const find = { host: encodeAddress(raced), nonce }
  const value = { signer: host.device.address, epoch: BigInt(epoch.epoch), find }
  return { actor: host.device, messages: [{ typeUrl: '/tailrace.v1.MsgChallengeFind', value }] }
}

/** Behind the key's prefix: epoch(8), round(1), verifier(20), index(4). */
const ROUND_AT = 9

function makeOpeningChallenge(world: World): Draft | undefined {
  const { store, epoch, random } = world
  const host = challenger(world)
  const { from, to } = openedLeafRange(epoch.epoch)
  const leaves = host === undefined ? [] : [...store.range(from, to)]
  if (host === undefined || leaves.length === 0) {
    return undefined
  }
  const [key] = pick(random, leaves)
  const verifier = key.slice(ROUND_AT + 1, ROUND_AT + 21)
  const judged = liveHosts(world).find(({ state }) => toHex(state.owner) === toHex(verifier))
  if (judged === undefined || judged === host || !mayAct(judged, world, Duty.DUTY_VERIFY)) {
    return undefined
  }
  const value = {
    signer: host.device.address,
    epoch: BigInt(epoch.epoch),
    round: key[ROUND_AT] as number,
    verifier: encodeAddress(verifier),
    index: new DataView(key.buffer, key.byteOffset).getUint32(key.length - 4),
  }
  return toHex(verifier) === toHex(host.state.owner)
    ? undefined
    : { actor: host.device, messages: [{ typeUrl: '/tailrace.v1.MsgChallengeOpening', value }] }
}
