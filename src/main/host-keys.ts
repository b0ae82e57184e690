/**
 * The keys of one host on this machine: owner (holds the money), device (acts for this machine), peer (libp2p identity).
 * Kept in one private file each, created together on first use. A damaged file is an error, never a new key.
 */
import { join } from 'node:path'
import { z } from 'zod'
import type { KeyPort } from '../host/ports.ts'
import type { WorkKeysPort } from '../host/work/ports.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import type { Rng } from '../lib/runtime.ts'
import { addressOfPublicKey } from '../protocol/address.ts'
import { signBatchAnnouncement, signCheckRequest, signHeartbeat, signRaceChallenge } from '../protocol/gossip.ts'
import { signRegistration } from '../protocol/registration.ts'
import { isSecretKey, publicKeyOf } from '../protocol/signature.ts'
import { signRefusal } from '../protocol/work/order.ts'
import { signReceipt } from '../protocol/work/receipt.ts'
import { readPrivateJson, writePrivateJson } from './private-file.ts'

export interface HostKeys {
  /** secp256k1, 32 bytes each. */
  readonly ownerKey: Uint8Array
  readonly deviceKey: Uint8Array
  /** Ed25519 seed, 32 bytes. */
  readonly peerKey: Uint8Array
}

const HEX_KEY = z.string().regex(/^[0-9a-f]{64}$/, { abort: true })
const SECP256K1_KEY = HEX_KEY.refine((text) => isSecretKey(fromHex(text)))
const KEY_FILE = z.strictObject({
  version: z.literal(1),
  ownerKey: SECP256K1_KEY,
  deviceKey: SECP256K1_KEY,
  peerKey: HEX_KEY,
})

export function hostKeyFile(home: string): string {
  return join(home, 'keys.json')
}

/** @throws CodedError `damaged_file` */
export function loadOrCreateHostKeys(home: string, rng: Rng): HostKeys {
  const file = hostKeyFile(home)
  const stored = readPrivateJson(file, KEY_FILE)
  if (stored !== undefined) {
    return {
      ownerKey: fromHex(stored.ownerKey),
      deviceKey: fromHex(stored.deviceKey),
      peerKey: fromHex(stored.peerKey),
    }
  }
  const keys = { ownerKey: newSecretKey(rng), deviceKey: newSecretKey(rng), peerKey: rng.bytes(32) }
  writePrivateJson(file, {
    version: 1,
    ownerKey: toHex(keys.ownerKey),
    deviceKey: toHex(keys.deviceKey),
    peerKey: toHex(keys.peerKey),
  })
  return keys
}

export function createKeyPort(keys: HostKeys): KeyPort {
  const devicePublicKey = publicKeyOf(keys.deviceKey)
  const ownerAddress = addressOfPublicKey(publicKeyOf(keys.ownerKey))
  return {
    ownerAddress,
    deviceAddress: addressOfPublicKey(devicePublicKey),
    devicePublicKey,
    signHeartbeat: (message) => signHeartbeat(message, keys.deviceKey),
    signRaceChallenge: (message) => signRaceChallenge(message, keys.deviceKey),
    signRegistration: (chainId, peerId) => signRegistration({ chainId, owner: ownerAddress, peerId }, keys.deviceKey),
  }
}

export function createWorkKeys({ deviceKey }: HostKeys): WorkKeysPort {
  return {
    signReceipt: (receipt) => signReceipt(receipt, deviceKey),
    signRefusal: (refusal) => signRefusal(refusal, deviceKey),
    signBatchAnnouncement: (message) => signBatchAnnouncement(message, deviceKey),
    signCheckRequest: (message) => signCheckRequest(message, deviceKey),
  }
}

function newSecretKey(rng: Rng): Uint8Array {
  for (;;) {
    const candidate = rng.bytes(32)
    if (isSecretKey(candidate)) {
      return candidate
    }
  }
}
