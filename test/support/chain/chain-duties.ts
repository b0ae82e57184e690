import { toHex } from '../../../src/lib/bytes.ts'
import { merkleProof, merkleRoot } from '../../../src/lib/merkle.ts'
import { decodeAddress } from '../../../src/protocol/address.ts'
import type { AssignmentRound, HostRecord, QueryEpochResponse } from '../../../src/protocol/gen/tailrace/v1/query.ts'
import {
  QueryEpochResponse as EpochCodec,
  QueryAssignmentRequest,
  QueryAssignmentResponse,
  QueryHostRequest,
  QueryHostResponse,
} from '../../../src/protocol/gen/tailrace/v1/query.ts'
import type { FindRef } from '../../../src/protocol/gen/tailrace/v1/tx.ts'
import { Duty } from '../../../src/protocol/gen/tailrace/v1/tx.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'
import { MESSAGE_LIMITS } from '../../../src/protocol/messages.ts'
import type { AssignedFind } from '../../../src/protocol/verification.ts'
import { encodeVerificationLeaf } from '../../../src/protocol/verification.ts'
import { isFind } from '../../../src/race/find.ts'
import type { RaceOracle } from '../../../src/race/oracle.ts'
import { RACE_SHAPES } from '../../../src/race/shapes.ts'
import { createFastOracle } from '../../../src/race/wasm-oracle.ts'
import type { ChainHarness, HostActor } from './chain-harness.ts'
import { signRegistration } from './device-signing.ts'

/** What hosts do in a test: look for finds with the oracle, check those of others, open. Cheats are arguments. */
const oracles = new Map<string, RaceOracle>()
/** An attempt is 2 ms, and a test asks for the same ones again and again. */
const digests = new Map<string, Uint8Array>()

/** Asks the chain; a refused query is an error. */
export function ask<T>(
  chain: ChainHarness,
  name: string,
  request: Uint8Array,
  codec: { decode(bytes: Uint8Array): T },
): T {
  const result = chain.app.query(`/tailrace.v1.Query/${name}`, request)
  if (result.code !== 0) {
    throw new Error(`query ${name}: ${result.log}`)
  }
  return codec.decode(result.value)
}

export function epochOf(chain: ChainHarness): QueryEpochResponse {
  return ask(chain, 'Epoch', new Uint8Array(0), EpochCodec)
}

export function recordOf(chain: ChainHarness, host: HostActor): HostRecord {
  const request = QueryHostRequest.encode({ address: host.owner.address }).finish()
  const record = ask(chain, 'Host', request, QueryHostResponse).host
  if (record === undefined) {
    throw new Error('no such host')
  }
  return record
}

/** Digest of one attempt in the running race. */
export function attempt(chain: ChainHarness, host: Uint8Array, nonce: bigint): Uint8Array {
  const { seed } = epochOf(chain)
  const id = toHex(seed)
  const oracle = oracles.get(id) ?? createFastOracle(RACE_SHAPES.dev, seed)
  oracles.set(id, oracle)
  const digestId = `${id}/${toHex(host)}/${nonce}`
  const digest = digests.get(digestId) ?? oracle.attempt(host, nonce)
  digests.set(digestId, digest)
  return digest
}

export interface FoundNonces {
  /** Finds, ascending. */
  readonly right: bigint[]
  /** Nonces that are none. */
  readonly wrong: bigint[]
}

/** Tries nonces from `from` until there are `count` finds. */
export function lookForFinds(chain: ChainHarness, host: HostActor, count: number, from = 0n): FoundNonces {
  const address = decodeAddress(host.owner.address)
  const target = devTarget(chain)
  const found: FoundNonces = { right: [], wrong: [] }
  for (let nonce = from; found.right.length < count; nonce++) {
    const list = isFind(attempt(chain, address, nonce), target) ? found.right : found.wrong
    list.push(nonce)
  }
  return found
}

export function devTarget(chain: ChainHarness): Uint8Array {
  const race = epochOf(chain).races.find(({ shape }) => shape === 'dev')
  return race?.target ?? new Uint8Array(32)
}

export function registerMessage(chain: ChainHarness, host: HostActor, nonce: bigint): TypedMessage {
  const owner = host.owner.address
  const peerId = `peer of ${host.owner.name}`
  const { chainId } = chain.genesis
  return {
    typeUrl: '/tailrace.v1.MsgRegisterHost',
    value: {
      owner,
      devicePubkey: host.device.publicKey,
      duties: [Duty.DUTY_RACE, Duty.DUTY_VERIFY, Duty.DUTY_HEARTBEAT],
      deviceExpiryHeight: 1_000_000n,
      peerId,
      shape: 'dev',
      moniker: host.owner.name,
      attestation: { engine: 'test', backend: 'cpu', adapter: '', conformanceDigest: new Uint8Array(32) },
      stamp: { epoch: epochOf(chain).epoch, nonce },
      deviceSignature: signRegistration({ chainId, owner, peerId }, host.device.secret),
    },
  }
}

export function setActiveMessage(signer: string, host: HostActor, active: boolean): TypedMessage {
  return { typeUrl: '/tailrace.v1.MsgSetActive', value: { signer, host: host.owner.address, active } }
}

export function setPayoutMessage(owner: string, payout: string): TypedMessage {
  return { typeUrl: '/tailrace.v1.MsgSetPayout', value: { owner, payout } }
}

export function commitMessage(chain: ChainHarness, host: HostActor, nonces: readonly bigint[]): TypedMessage {
  const sorted = [...nonces].sort((a, b) => (a < b ? -1 : 1))
  return {
    typeUrl: '/tailrace.v1.MsgCommitFinds',
    value: { signer: host.device.address, epoch: epochOf(chain).epoch, nonces: sorted },
  }
}

export function assignmentsOf(chain: ChainHarness, host: HostActor, epoch: bigint): AssignmentRound[] {
  const request = QueryAssignmentRequest.encode({ epoch, verifier: host.owner.address }).finish()
  return ask(chain, 'Assignment', request, QueryAssignmentResponse).rounds
}

/** How a verifier lies: another digest than the computed one, other mismatches than the found ones. */
export interface VerifierCheat {
  readonly digest?: (find: AssignedFind, digest: Uint8Array) => Uint8Array
  readonly mismatches?: (found: FindRef[]) => FindRef[]
}

export interface CheckedRound {
  readonly round: number
  readonly leaves: Uint8Array[]
  readonly digests: Uint8Array[]
  readonly submit: TypedMessage
}

/** Recomputes an assignment. */
export function checkRound(
  chain: ChainHarness,
  host: HostActor,
  assignment: AssignmentRound,
  cheat: VerifierCheat = {},
): CheckedRound {
  const target = devTarget(chain)
  const digests: Uint8Array[] = []
  const leaves: Uint8Array[] = []
  const found: FindRef[] = []
  for (const { host: owner, nonces } of assignment.finds) {
    for (const nonce of nonces) {
      const find = { host: decodeAddress(owner), nonce }
      const computed = attempt(chain, find.host, nonce)
      const digest = cheat.digest?.(find, computed) ?? computed
      digests.push(digest)
      leaves.push(encodeVerificationLeaf(find, digest))
      if (!isFind(digest, target)) {
        found.push({ host: owner, nonce })
      }
    }
  }
  const mismatches = cheat.mismatches?.(found) ?? found.slice(0, MESSAGE_LIMITS.mismatchesPerReport)
  const submit: TypedMessage = {
    typeUrl: '/tailrace.v1.MsgSubmitVerification',
    value: {
      signer: host.device.address,
      epoch: epochOf(chain).epoch,
      round: assignment.round,
      root: merkleRoot(leaves, sha256),
      mismatches,
    },
  }
  return { round: assignment.round, leaves, digests, submit }
}

/** The opening that the chain drew for this round. */
export function openMessage(
  chain: ChainHarness,
  host: HostActor,
  checked: CheckedRound,
  openingIndices: readonly number[],
): TypedMessage {
  return {
    typeUrl: '/tailrace.v1.MsgOpenVerification',
    value: {
      signer: host.device.address,
      epoch: epochOf(chain).epoch,
      round: checked.round,
      openings: openingIndices.map((index) => ({
        index,
        digest: checked.digests[index] ?? new Uint8Array(32),
        path: merkleProof(checked.leaves, index, sha256),
      })),
    },
  }
}

export interface EpochPlan {
  readonly host: HostActor
  /** Finds to commit; 0 for a host that does not race. */
  readonly finds: number
  /** Nonces committed on top that are no finds. */
  readonly forged?: number
  /** Neither posts a root nor opens. */
  readonly silent?: boolean
  /** Posts a root and never opens it. */
  readonly keepsClosed?: boolean
  readonly cheat?: VerifierCheat
}

/** Runs the race of the epoch that begins with the next block, or that block 0 began: commits in its first block. */
export function runRace(chain: ChainHarness, plans: readonly EpochPlan[]): void {
  if (epochOf(chain).stage === 'seeding') {
    chain.produce()
  }
  const txs = plans.flatMap(({ host, finds, forged = 0 }) => {
    if (finds === 0) {
      return []
    }
    const found = lookForFinds(chain, host, finds)
    const wrong = found.wrong.slice(0, forged)
    return [chain.sign(host.device, [commitMessage(chain, host, [...found.right, ...wrong])])]
  })
  requireSuccess(chain.produce(txs).txResults)
}

/** Goes on to the close: every planned verifier posts its roots and opens them as soon as it can. */
export function runChecks(chain: ChainHarness, plans: readonly EpochPlan[], untilHeight?: number): void {
  const { epoch, closeHeight } = epochOf(chain)
  const checked = new Map<string, CheckedRound>()
  while (chain.height < (untilHeight ?? Number(closeHeight))) {
    const txs = plans.flatMap((plan) => dutiesOf(chain, plan, epoch, checked))
    requireSuccess(chain.produce(txs).txResults)
  }
}

/** A whole epoch, to its close. */
export function runEpoch(chain: ChainHarness, plans: readonly EpochPlan[]): void {
  runRace(chain, plans)
  runChecks(chain, plans)
}

function dutiesOf(
  chain: ChainHarness,
  plan: EpochPlan,
  epoch: bigint,
  checked: Map<string, CheckedRound>,
): Uint8Array[] {
  const { host, cheat, silent = false, keepsClosed = false } = plan
  if (silent || recordOf(chain, host).raceVerdict === 'convicted') {
    return []
  }
  return assignmentsOf(chain, host, epoch).flatMap((assignment) => {
    const id = `${host.owner.address}/${assignment.round}`
    const isInTime = BigInt(chain.height) < assignment.rootDeadlineHeight
    if (assignment.state === 'due' && isInTime) {
      const answer = checkRound(chain, host, assignment, cheat)
      checked.set(id, answer)
      return [chain.sign(host.device, [answer.submit])]
    }
    const answer = checked.get(id)
    if (assignment.state === 'opening' && answer !== undefined && !keepsClosed) {
      return [chain.sign(host.device, [openMessage(chain, host, answer, assignment.openingIndices)])]
    }
    return []
  })
}

function requireSuccess(results: readonly { readonly code: number; readonly log: string }[]): void {
  const failed = results.find(({ code }) => code !== 0)
  if (failed !== undefined) {
    throw new Error(`a planned transaction failed: ${failed.log}`)
  }
}
