/** Reason codes of the why-ledger: each credit, hold, debit and each zero carries one. The screen has one sentence per code. */
export const REASON_CODES = [
  /** hold: share of the epoch's emission, w·r. */
  'emission_share',
  /** credit: held earnings whose hold time is over, to the balance. */
  'hold_released',
  /** bond: the part of a credit that is kept until the bond is full. */
  'bond_kept',
  /** debit: held earnings taken on conviction. */
  'slashed_held',
  /** debit: bond taken on conviction. */
  'slashed_bond',
  /** weight: finds that passed the check at the settle. */
  'race_verified',
  /** zero: registered or active only after the race. */
  'not_in_race',
  /** zero: fewer finds than the least that counts (20). */
  'too_few_finds',
  /** zero or reduced: no drawn verifier answered; the weight is min(last, new). */
  'verifiers_absent',
  /** zero: the shape carries no weight on this network. */
  'shape_without_weight',
  /** zero: convicted in this epoch. */
  'convicted',
  /** zero: drawn duties were not answered. */
  'duties_missed',
  /** zero: left before the close. */
  'inactive',
] as const

export type ReasonCode = (typeof REASON_CODES)[number]

/** Faults proven by re-execution inside the state machine. */
export const FAULT_CODES = ['forged_find', 'false_verification', 'false_accusation'] as const
export type FaultCode = (typeof FAULT_CODES)[number]
