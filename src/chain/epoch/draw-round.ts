import { toHex } from '../../lib/bytes.ts'
import { sumBigint } from '../../lib/fixed-point.ts'
import type { Candidate } from '../../protocol/draw.ts'
import { createDrawTable } from '../../protocol/draw.ts'
import type { HostState } from '../../protocol/gen/tailrace/v1/state.ts'
import { Duty } from '../../protocol/gen/tailrace/v1/tx.ts'
import { drawFindSample, drawVerifiers } from '../../protocol/verification.ts'
import type { EndContext } from '../context.ts'
import { dutyViolation, isBarred, listHosts } from '../state/hosts.ts'
import { readRace, writeRace } from '../state/races.ts'
import { writeSample, writeVerification } from '../state/verifications.ts'

/** Finds of one host from which a round draws. */
export interface DrawnFrom {
  readonly host: Uint8Array
  readonly nonces: readonly bigint[]
}

export interface RoundOptions {
  readonly round: number
  /** Finds drawn per host. */
  readonly size: number
  readonly rootDeadlineHeight: number
  /** Drawn too late to count against a verifier that does not answer. */
  readonly optional: boolean
}

interface DutyDraft {
  readonly verifier: Uint8Array
  readonly hosts: Uint8Array[]
  leaves: number
}

/** Draws, with this block's R, the finds to check and their verifiers. `pools` in address order. */
export function drawRound(context: EndContext, pools: readonly DrawnFrom[], options: RoundOptions): void {
  const { store, params, randomness } = context
  const epoch = context.epoch.epoch
  const candidates = createDrawTable(verifierCandidates(context))
  const drafts = new Map<string, DutyDraft>()
  for (const { host, nonces } of pools) {
    const indices = drawFindSample(randomness, BigInt(epoch), options.round, host, nonces.length, options.size)
    const sample = indices.map((index) => nonces[index] as bigint)
    const count = params.verifiersPerHost
    const verifiers = drawVerifiers(randomness, BigInt(epoch), options.round, host, candidates, count)
    writeSample(store, epoch, options.round, host, { nonces: sample, verifiers })
    const race = readRace(store, epoch, host)
    if (race !== undefined) {
      writeRace(store, epoch, host, { ...race, rounds: [...race.rounds, options.round], extensionPending: false })
    }
    for (const verifier of verifiers) {
      const draft = drafts.get(toHex(verifier)) ?? { verifier, hosts: [], leaves: 0 }
      draft.hosts.push(host)
      draft.leaves += sample.length
      drafts.set(toHex(verifier), draft)
    }
  }
  for (const { verifier, hosts, leaves } of drafts.values()) {
    writeVerification(store, epoch, options.round, verifier, {
      state: 'due',
      hosts,
      leaves,
      rootDeadlineHeight: BigInt(options.rootDeadlineHeight),
      optional: options.optional,
      root: new Uint8Array(0),
      rootTx: '',
      mismatches: [],
      mismatchesQueued: 0,
      openingIndices: [],
    })
  }
  context.emit('verifiers_drawn', { epoch, round: options.round, hosts: pools.length, verifiers: drafts.size })
}

/**
 * Who may be drawn: active hosts with weight in force whose device key may verify. Where no weight is in force at all, the
 * active hosts of the genesis with one unit each: without them a network that lost all its weight could never regain any.
 */
function verifierCandidates(context: EndContext): Candidate[] {
  const able = listHosts(context.store).filter((host) => canVerify(context, host))
  const weighted = able.map((host) => ({ address: host.owner, weight: BigInt(host.weight) }))
  if (sumBigint(weighted.map((candidate) => candidate.weight)) > 0n) {
    return weighted.filter((candidate) => candidate.weight > 0n)
  }
  return able.filter((host) => host.genesis).map((host) => ({ address: host.owner, weight: 1n }))
}

/** Whether the host can be drawn for duties in this block. */
export function canVerify(context: EndContext, host: HostState): boolean {
  return (
    host.active &&
    !isBarred(host, context.epoch.epoch) &&
    dutyViolation(host, Duty.DUTY_VERIFY, context.height) === undefined
  )
}
