import { minBigint } from '../../lib/fixed-point.ts'
import type { HostState, RaceState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { BlockContext } from '../context.ts'
import { readHost, writeHost } from '../state/hosts.ts'
import { appendLedger } from '../state/ledger.ts'
import { listRaces } from '../state/races.ts'
import { isAnswered } from './race-outcome.ts'
import { REPUTATION_PER_RACE } from './settle.ts'

/**
 * Before the close pays: verifiers may have been convicted since the settle. Hosts that only such verifiers vouched for are
 * unverified after all, as they would have been at the settle. The next target and the cap stay as they were set then.
 */
export function reviewVerdicts(context: BlockContext): void {
  const epoch = context.epoch.epoch
  for (const { host: owner, race } of listRaces(context.store, epoch)) {
    const host = readHost(context.store, owner)
    const wasVerified = host?.raceEpoch === BigInt(epoch) && host.raceVerdict === 'verified'
    if (host !== undefined && wasVerified && !isAnswered(context, owner, race)) {
      takeBack(context, host, race)
    }
  }
}

function takeBack(context: BlockContext, host: HostState, race: RaceState): void {
  const weight = minBigint(BigInt(host.weight), BigInt(race.weightBefore))
  writeHost(context.store, {
    ...host,
    weight: weight.toString(),
    reputation: host.reputation > REPUTATION_PER_RACE ? host.reputation - REPUTATION_PER_RACE : 0n,
    raceVerdict: 'unverified',
  })
  const epoch = context.epoch.epoch
  appendLedger(context, host.owner, { epoch, kind: 'weight', amount: weight, reason: 'verifiers_absent' })
}
