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
  /** hold: a batch of receipts was taken; its checks are still open. */
  'order_income',
  /** debit: the part of a batch's value that is burned when its checks are closed. */
  'order_burn',
  /** debit: what the verifiers of a batch are paid. */
  'check_fee',
  /** hold: pay for a check that one did. */
  'check_reward',
  /** debit: a receipt on which no decision was reached goes back to its payer. */
  'receipt_void',
  /** debit: a drawn receipt was not opened: the batch goes back to its payers. */
  'opening_withheld',
  /** debit: the same sum once more, because a drawn receipt was not opened. */
  'withheld_penalty',
] as const

export type ReasonCode = (typeof REASON_CODES)[number]

/**
 * Faults: of the race, proven by re-execution inside the state machine; of paid work, by the receipt itself or by arbiters with
 * the reference engine.
 */
export const FAULT_CODES = [
  'forged_find',
  'false_verification',
  'false_accusation',
  /** A receipt whose tokens or scores are not those of the model. */
  'false_inference',
  /** A verifier's report that the arbiters' ruling contradicts clearly. */
  'false_report',
  /** A signed receipt that contradicts its order, its leaf or the draw. */
  'false_receipt',
  /** Its consensus key signed two blocks of one height, or a false header for light clients. */
  'double_sign',
] as const
export type FaultCode = (typeof FAULT_CODES)[number]
