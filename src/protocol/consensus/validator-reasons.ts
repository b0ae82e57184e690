/**
 * Why a key's power is not the weight behind it: each unit of the difference carries one of these. The sign of the amount says
 * whether it has more or less. Rules: docs/decisions/0020-consensus-power.md.
 */
export const POWER_REASONS = [
  /** More: the genesis gave it, and no race has counted yet. */
  'genesis',
  /** More: a key of the genesis without a host keeps it until enough others qualify. */
  'entitled',
  /** Less: carried above max(10 %, 1.5 / keys) of all weight does not count. */
  'carried_over_cap',
  /** Less: above the cap of one key's share. */
  'share_cap',
  /** Less: the set has no room for more keys. */
  'set_full',
  /** Less: it missed too many blocks, and has not come back yet. */
  'jailed',
  /** Less: it broke consensus. */
  'tombstoned',
  /** Less: its owner replaced it, or its host is gone. */
  'retired',
  /** Less: without enough heartbeats a key gains nothing. */
  'no_heartbeats',
  /** Less: all keys together gain so much at one settle and no more. */
  'churn_limit',
  /** More: a key loses so much at one settle and no more. */
  'fall_limit',
  /** Less: the rest of a power that has fallen to almost nothing. */
  'dust',
  /** More: a chain keeps its last key. */
  'last_validator',
] as const

export type PowerReason = (typeof POWER_REASONS)[number]
