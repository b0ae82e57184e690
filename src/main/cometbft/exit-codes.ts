/** How `tailrace node app` says to whoever supervises it that a restart would not help: an upgrade is due, or its data needs a person. */
export const FINAL_EXIT_CODE = 3

/** Codes of the failures that end it so. */
export const FINAL_FAULTS: readonly string[] = [
  'upgrade_needed',
  'upgrade_too_early',
  'upgrade_too_early',
  'app_hash_mismatch',
  'genesis_mismatch',
  'invalid_genesis',
  'validator_key_damaged',
  'damaged_file',
  'newer_data',
]
