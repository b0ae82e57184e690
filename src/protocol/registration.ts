/** What a device key signs when a host is registered with it: nobody can name a key that it does not hold. */
import { utf8 } from '../lib/bytes.ts'
import { sha256, taggedBytes } from './hash.ts'
import { verifyBytes } from './signature.ts'

export interface DeviceRegistration {
  readonly chainId: string
  /** Owner address, text. */
  readonly owner: string
  readonly peerId: string
}

/** tagged('tailrace/register-device/1', chain id, owner address, peer id), 32 bytes. */
export function registrationHash(registration: DeviceRegistration): Uint8Array {
  return sha256(registrationBytes(registration))
}

export function registrationBytes({ chainId, owner, peerId }: DeviceRegistration): Uint8Array {
  return taggedBytes('tailrace/register-device/1', utf8(chainId), utf8(owner), utf8(peerId))
}

/** False for malformed keys and signatures; never throws. */
export function verifyRegistration(
  registration: DeviceRegistration,
  devicePublicKey: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verifyBytes(devicePublicKey, registrationHash(registration), signature)
}
