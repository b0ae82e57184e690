/**
 * Result codes of transactions. Codespace `sdk` carries the Cosmos SDK's numbers, so that existing wallets read them;
 * codespace `tailrace` is ours. The word also opens the log, `<word>: <text>`, for programs that prefer words.
 */
const SDK_CODES = {
  /** Executing the transaction failed in a way that no rule foresees; it changed nothing. */
  internal: 1,
  malformed_tx: 2,
  unauthorized: 4,
  insufficient_funds: 5,
  unknown_message: 6,
  invalid_public_key: 8,
  invalid_coins: 10,
  insufficient_fee: 13,
  message_out_of_bounds: 18,
  malformed_message: 18,
  unsupported_tx: 18,
  tx_too_large: 21,
  timeout_height: 30,
  wrong_sequence: 32,
} as const

const TAILRACE_CODES = {
  /** The signer acts for no host, or not for this one. */
  not_a_host: 2,
  /** The device key does not carry the duty. */
  duty_missing: 3,
  device_expired: 4,
  host_inactive: 5,
  /** Too many transactions of this kind by this host in one block. */
  rate_limited: 6,
  /** Not the running epoch, or its seed is not known yet. */
  wrong_epoch: 7,
  /** Not at this stage of the epoch. */
  wrong_stage: 8,
  /** Nonces must increase over all commits of the race. */
  nonces_not_increasing: 9,
  too_many_finds: 10,
  /** Convicted in this epoch. */
  barred: 11,
  /** The registration's stamp is no find of the current or last race. */
  stamp_invalid: 12,
  /** The block's budget of stamp checks is used up: try again. */
  stamp_budget: 13,
  device_key_taken: 14,
  device_key_invalid: 15,
  /** No duty of this verifier in this round, or the find is not part of it. */
  not_assigned: 16,
  /** The duty is not in the state that this message needs. */
  wrong_duty_state: 17,
  deadline_passed: 18,
  /** Other leaves than the ones drawn. */
  wrong_openings: 19,
  proof_invalid: 20,
  unknown_find: 21,
  /** The find or leaf is judged already, or this host has said the same. */
  already_judged: 22,
  /** One open challenge per accuser. */
  challenge_open: 23,
  queue_full: 24,
  /** A host does not judge itself. */
  own_find: 25,
  /** Neither weight in force nor a verifier of this epoch. */
  not_entitled: 26,
  /** The stamp served a registration already. */
  stamp_used: 27,
  /** Another host has registered this peer id. */
  peer_id_taken: 28,
  /** The registration is not signed by the device key that it names. */
  device_signature_invalid: 29,
  /** The block's budget of signatures inside messages of paid work is used up: try again. */
  work_budget: 30,
  unknown_model: 31,
  /** The network knows no limits for this numeric class. */
  unknown_class: 32,
  unknown_escrow: 33,
  /** The escrow belongs to another account. */
  escrow_taken: 34,
  /** Being withdrawn, closed, or frozen because its payer promised too much. */
  escrow_closed: 35,
  /** An escrow's terms can be widened, not narrowed: executors rely on them. */
  escrow_narrowed: 36,
  /** The escrow cannot pay this. */
  escrow_short: 37,
  escrow_expired: 38,
  /** The escrow does not allow this model or price. */
  not_allowed: 39,
  /** The host never said that it serves the model. */
  not_serving: 40,
  /** The voucher is for another chain, payer or executor, or its signature is wrong. */
  voucher_invalid: 41,
  /** What the voucher promises was taken before: lanes only go forward. */
  lane_behind: 42,
  /** The leaves or lanes do not add up to the sum of the root. */
  sum_mismatch: 43,
  /** A part of a lane beyond its voucher is not covered by receipts without a gap. */
  uncovered: 44,
  /** An order, receipt or leaf that contradicts another, or is not signed by whom it names. */
  receipt_invalid: 45,
  /** A receipt without a voucher has to be older. */
  too_early: 46,
  /** The orders do not prove that the payer promised too much. */
  no_overcommitment: 47,
  unknown_batch: 48,
  unknown_check: 49,
  /** What is shown now is not what was committed to before. */
  commit_mismatch: 60,
  /** The data is not that of order and receipt, or leaves out what would fit. */
  work_data_invalid: 61,
  /** Verdict and numbers of a report or a ruling contradict each other. */
  report_inconsistent: 62,
  unknown_validator: 70,
  /** Another host's key, or one that broke consensus. */
  consensus_key_taken: 71,
  bls_key_taken: 72,
  /** The registration is not signed by the consensus key, or the BLS key is not shown to be held. */
  validator_proof_invalid: 73,
  /** A host registers a consensus key after a race that gave it weight. */
  no_weight: 74,
  /** A host changes its key once an epoch, and only so many times within the time for which a key is answerable. */
  key_change_wait: 75,
  /** No room for more keys. */
  validators_full: 76,
  /** The block's budget of key registrations is used up: try again. */
  validator_budget: 77,
  /** The signer is neither the node account nor the owner of this validator. */
  not_the_validator: 78,
  /** Not the app hash of that height: this node has another state. */
  wrong_app_hash: 79,
  /** The height is too old, or not reached. */
  unknown_height: 80,
  /** This slot has its heartbeat. */
  heartbeat_posted: 81,
  /** The height of an upgrade has to lie ahead, and its version above the one in force. */
  upgrade_invalid: 82,
} as const

export type TxCode = keyof typeof SDK_CODES | keyof typeof TAILRACE_CODES

/** Why a transaction is refused: an expected failure, a value. */
export interface Rejection {
  readonly code: TxCode
  readonly text: string
}

export function reject(code: TxCode, text: string): Rejection {
  return { code, text }
}

export function isTxCode(word: string): word is TxCode {
  return Object.hasOwn(SDK_CODES, word) || Object.hasOwn(TAILRACE_CODES, word)
}

/** Whether a transaction's answer has this code. */
export function isTxCodeOf(word: TxCode, codespace: string, code: number): boolean {
  const number = codeNumber(word)
  return number.codespace === codespace && number.code === code
}

export function codeNumber(code: TxCode): { readonly codespace: string; readonly code: number } {
  if (code in SDK_CODES) {
    return { codespace: 'sdk', code: SDK_CODES[code as keyof typeof SDK_CODES] }
  }
  return { codespace: 'tailrace', code: TAILRACE_CODES[code as keyof typeof TAILRACE_CODES] }
}
