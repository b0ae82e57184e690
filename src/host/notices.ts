import type { Notice } from './view.ts'

/** What a host tells its owner, as codes; the screen has one sentence for each. Fields are named in brackets. */
export const NOTICE_CODES = [
  // Device
  /** Racing on the CPU because … [reason: a reason of device-choice.ts, adapter]. */
  'racing_on_cpu',
  /** No backend computes the race exactly as the network does [stage]. */
  'no_conformant_backend',
  /** The device was lost; the race goes on or falls back. */
  'device_lost',
  /** Nothing computes at the moment, e.g. the page that owns the GPU is closed [error]. */
  'compute_unavailable',
  /** Finds that the oracle did not confirm: faulty memory or overclocking [count]. */
  'faulty_finds',
  /** Any other word from the compute side [detail]. */
  'compute_notice',
  // Joining and leaving
  'joined',
  'registered',
  'left',
  /** The owner key is locked and is needed [action: register, or renew]. */
  'wallet_locked',
  /** Another machine registered for this owner: this one stops. */
  'device_replaced',
  // Race
  'race_started',
  'finds_committed',
  /** The race is over and nothing of this host was committed [epoch]. */
  'race_missed',
  /** Finds that could not be committed in time, or exceeded the queue [count]. */
  'finds_lost',
  // Duties
  'duty_drawn',
  'duty_answered',
  'duty_missed',
  'challenge_sent',
  // Consequences
  'convicted',
  'weight_set',
  'earning_held',
  'earning_bonded',
  'earning_credited',
  'earning_zero',
  'earning_taken',
  // Chain
  'chain_unreachable',
  'chain_reachable',
  /** A transaction was not executed [action, code, log]. */
  'tx_failed',
  /** Something failed that should not [task, error]: a defect. */
  'internal_fault',
] as const
export type NoticeCode = (typeof NOTICE_CODES)[number]

export const MAX_NOTICES = 100
const MAX_FIELD_CHARACTERS = 200

export type NoticeFields = Notice['fields']

/** Appends to a bounded list: the oldest fall out, long texts are cut. */
export function appendNotice(
  notices: readonly Notice[],
  atMs: number,
  level: Notice['level'],
  code: NoticeCode,
  fields: NoticeFields,
): readonly Notice[] {
  const sequence = (notices.at(-1)?.sequence ?? 0) + 1
  return [...notices.slice(1 - MAX_NOTICES), { sequence, atMs, level, code, fields: cut(fields) }]
}

function cut(fields: NoticeFields): NoticeFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.slice(0, MAX_FIELD_CHARACTERS) : value,
    ]),
  )
}
