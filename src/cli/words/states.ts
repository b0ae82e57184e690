/** Where the host stands, in words. */
import type { ScreenPhase, ScreenSnapshot } from '../../ipc/snapshot.ts'
import type { FinishingStep, IdleReason } from '../../ipc/work-snapshot.ts'

export const PHASE_WORDS: Readonly<Record<ScreenPhase, string>> = {
  idle: 'not joined',
  checking_device: 'checking the device',
  joining: 'registering',
  waiting_for_race: 'joined, waiting for the next race',
  racing: 'racing',
  being_verified: 'race over, finds are being checked',
  settled: 'weight set, serving until the next race',
  leaving: 'leaving',
  stopped_by_fault: 'stopped by a fault',
}

export const FINISHING_WORDS: Readonly<Record<FinishingStep, string>> = {
  orders: 'ending the orders in work',
  batching: 'sending receipts to the chain',
  draws: 'waiting for the draws of the last batch',
  leaving: 'leaving',
}

export const IDLE_WORDS: Readonly<Record<IdleReason, string>> = {
  not_joined: 'not joined',
  no_weight: 'no weight before the next race is settled',
  model_loading: 'the model is being loaded',
  model_unavailable: 'the model cannot be served here',
  not_registered: 'the service is not registered on the chain yet',
  not_in_roster: 'the next roster will name this host',
  no_orders: 'nobody ordered',
  busy_racing: 'the device races',
  checks_open: 'receipts are being checked',
  convicted: 'convicted',
  low_reputation: 'too little reputation yet',
}

/** Seconds until the next race takes attempts; undefined where the clock is not known. */
export function secondsToRace({ epoch }: Pick<ScreenSnapshot, 'epoch'>): number | undefined {
  return epoch === null ? undefined : (epoch.blocksToNextRace * epoch.blockTimeMs) / 1_000
}
