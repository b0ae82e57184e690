import { equalBytes } from '../../lib/bytes.ts'
import { minBigint } from '../../lib/fixed-point.ts'
import type { HostState, RaceState, VerificationState } from '../../protocol/gen/tailrace/v1/state.ts'
import { isShapeName } from '../../protocol/messages.ts'
import type { ReasonCode } from '../../protocol/reasons.ts'
import { MIN_FINDS, targetFromBytes, weightPerFind } from '../../race/find.ts'
import { RACE_SHAPES } from '../../race/shapes.ts'
import type { BlockContext } from '../context.ts'
import { isBarred, readHost } from '../state/hosts.ts'
import { readTarget } from '../state/races.ts'
import { readSample, readVerification } from '../state/verifications.ts'

export type RaceVerdict = 'pending' | 'verified' | 'too_few_finds' | 'unverified' | 'convicted' | 'none'

export interface RaceOutcome {
  readonly verdict: RaceVerdict
  readonly reason: ReasonCode
  /** Finds that count. */
  readonly finds: number
  /** Before the cap. */
  readonly rawWeight: bigint
}

/** What one host's race is worth at the settle. */
export function raceOutcome(context: BlockContext, host: HostState, race: RaceState | undefined): RaceOutcome {
  const epoch = context.epoch.epoch
  if (isBarred(host, epoch)) {
    return { verdict: 'convicted', reason: 'convicted', finds: 0, rawWeight: 0n }
  }
  if (race === undefined || !isShapeName(race.shape)) {
    return { verdict: 'none', reason: 'not_in_race', finds: 0, rawWeight: 0n }
  }
  const finds = race.count - race.wrongNonces.length
  if (finds < MIN_FINDS) {
    return { verdict: 'too_few_finds', reason: 'too_few_finds', finds: 0, rawWeight: 0n }
  }
  if (race.rounds.length === 0) {
    return { verdict: 'unverified', reason: notDrawnReason(host), finds, rawWeight: 0n }
  }
  const isVerified =
    !race.extensionPending && !isAccused(context, host.owner, race) && isAnswered(context, host.owner, race)
  const verdict = isVerified ? 'verified' : 'unverified'
  if (!context.params.weightedShapes.includes(race.shape)) {
    return { verdict, reason: 'shape_without_weight', finds, rawWeight: 0n }
  }
  const target = readTarget(context.store, epoch, race.shape)
  const perFind = target === undefined ? 0n : weightPerFind(targetFromBytes(target), RACE_SHAPES[race.shape].macs)
  const weight = BigInt(finds) * perFind
  return isVerified
    ? { verdict, reason: 'race_verified', finds, rawWeight: weight }
    : { verdict, reason: 'verifiers_absent', finds, rawWeight: minBigint(BigInt(host.weight), weight) }
}

/** The finds were not checked at all: the host could not be drawn for duties itself, or was no newcomer that was drawn. */
function notDrawnReason(host: HostState): ReasonCode {
  return host.weight === '0' ? 'verifiers_absent' : 'inactive'
}

/** Every round in which finds of this host were drawn, round 0 among them, has at least one honest answer. */
export function isAnswered(context: BlockContext, host: Uint8Array, race: RaceState): boolean {
  return race.rounds.every((round) => honestReports(context, host, round).some((report) => report.state === 'answered'))
}

/**
 * Whether a report names a find of this host that nobody has re-executed yet: with enough cheats at once the queue reaches
 * some of them only after the settle. A report that named a right find has convicted its verifier and is not asked.
 */
function isAccused(context: BlockContext, host: Uint8Array, race: RaceState): boolean {
  return race.rounds.some((round) =>
    honestReports(context, host, round).some(({ mismatches }) =>
      mismatches.some((find) => equalBytes(find.host, host) && !race.wrongNonces.includes(find.nonce)),
    ),
  )
}

/** Reports of this host's verifiers who are not convicted. */
function honestReports(context: BlockContext, host: Uint8Array, round: number): VerificationState[] {
  const { store } = context
  const epoch = context.epoch.epoch
  const verifiers = readSample(store, epoch, round, host)?.verifiers ?? []
  return verifiers.flatMap((verifier) => {
    const record = readHost(store, verifier)
    const report = readVerification(store, epoch, round, verifier)
    return record === undefined || isBarred(record, epoch) || report === undefined ? [] : [report]
  })
}
