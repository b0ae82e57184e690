import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount, formatShare, formatTailShort } from '../../format/amounts.ts'

export type StepState = 'done' | 'current' | 'ahead' | 'failed'

export interface Step {
  readonly name: string
  /** What it came to; empty while unknown. */
  readonly value: string
  readonly state: StepState
}

const NAMES = ['GPU check', 'Join', 'Race', 'Verify', 'Weight', 'Held', 'Credited'] as const

/** Position of each phase on the way: the step that is under way. */
const CURRENT: Readonly<Record<ScreenSnapshot['phase'], number>> = {
  idle: -1,
  checking_device: 0,
  joining: 1,
  waiting_for_race: 2,
  racing: 2,
  being_verified: 3,
  settled: 5,
  leaving: -1,
  stopped_by_fault: -1,
}

/** The way of one find from the GPU to the balance, as far as this host has come in this race; money stays where it got to. */
export function stepsOf(snapshot: ScreenSnapshot): readonly Step[] {
  const { standing, phase } = snapshot
  const current = CURRENT[phase]
  const isWeightless = phase === 'settled' && (standing?.weightPpm ?? 0) === 0
  const isRefuted = isWeightless && standing?.raceVerdict === 'convicted'
  const values = stepValues(snapshot)
  return NAMES.map((name, index) => ({
    name,
    value: values[index] ?? '',
    state: stepState(index, current, { isWeightless, isRefuted, isReached: isReached(index, snapshot) }),
  }))
}

function stepState(
  index: number,
  current: number,
  flags: { readonly isWeightless: boolean; readonly isRefuted: boolean; readonly isReached: boolean },
): StepState {
  if ((flags.isWeightless && index === 4) || (flags.isRefuted && index === 3)) {
    return 'failed'
  }
  if (flags.isReached && index > current) {
    return 'done'
  }
  if (index < current) {
    return 'done'
  }
  if (index > current || flags.isWeightless) {
    return 'ahead'
  }
  return flags.isReached && index >= 5 ? 'done' : 'current'
}

/** Steps that an earlier race has completed already. */
function isReached(index: number, { standing, phase, joined }: ScreenSnapshot): boolean {
  if (standing === null || phase === 'stopped_by_fault') {
    return false
  }
  switch (index) {
    case 0:
    case 1:
      return joined
    case 5:
      return standing.held !== '0' || standing.credited !== '0'
    case 6:
      return standing.credited !== '0'
    default:
      return false
  }
}

function stepValues(snapshot: ScreenSnapshot): readonly string[] {
  const { standing, race, backend, phase } = snapshot
  const isAfterRace = phase === 'being_verified' || phase === 'settled'
  const device = backend === null ? '' : backend.kind === 'cpu' ? 'Processor' : 'WebGPU'
  const finds = isAfterRace ? (standing?.finds ?? 0) : (race?.finds ?? 0)
  const showsFinds = isAfterRace || phase === 'racing'
  return [
    device,
    standing === null ? '' : `Block ${formatCount(standing.registeredHeight)}`,
    showsFinds ? `${formatCount(finds)} finds` : '',
    phase === 'settled' && standing !== null ? `${formatCount(standing.findsVerified)} passed` : '',
    phase === 'settled' && standing !== null ? formatShare(standing.weightPpm) : '',
    standing === null || standing.held === '0' ? '' : formatTailShort(standing.held),
    standing === null || standing.credited === '0' ? '' : formatTailShort(standing.credited),
  ]
}
