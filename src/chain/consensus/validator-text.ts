import { toHex } from '../../lib/bytes.ts'

/** A consensus address as CometBFT writes it: upper-case hex. */
export function validatorText(address: Uint8Array): string {
  return toHex(address).toUpperCase()
}
