/**
 * The keys of a role without a wallet (companions, developer, observers): owner, device and peer key open in one private file, created
 * together on first use. A damaged file is an error, never a new key; a folder with a wallet is not opened this way.
 */
import { join } from 'node:path'
import { ensureFolder, readTextFile, SECRET_MODE, writeTextFile } from '../chain-node/private-file.ts'
import { toHex } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import type { Rng } from '../lib/runtime.ts'
import { decodeKeyFile, newSecretKey } from './keys/key-file.ts'

export interface HostKeys {
  /** secp256k1, 32 bytes each. */
  readonly ownerKey: Uint8Array
  readonly deviceKey: Uint8Array
  /** Ed25519 seed, 32 bytes. */
  readonly peerKey: Uint8Array
}

const MAX_FILE_BYTES = 64 * 1024

export function hostKeyFile(home: string): string {
  return join(home, 'keys.json')
}

/** @throws CodedError `damaged_file`, `newer_data`, `wallet_needed` where the owner key lies in a wallet beside it */
export function loadOrCreateHostKeys(home: string, rng: Rng): HostKeys {
  const file = hostKeyFile(home)
  const text = readTextFile(file, MAX_FILE_BYTES)
  if (text === undefined) {
    return createHostKeys(home, rng)
  }
  const stored = decodeKeyFile(text, file)
  if (stored.version !== 1) {
    throw new CodedError('wallet_needed', `${home} has a wallet, which this command does not open`, {
      fields: { home },
    })
  }
  const { ownerKey, deviceKey, peerKey } = stored
  return { ownerKey, deviceKey, peerKey }
}

function createHostKeys(home: string, rng: Rng): HostKeys {
  if (readTextFile(join(home, 'wallet.json'), MAX_FILE_BYTES) !== undefined) {
    throw new CodedError('wallet_needed', `${home} has a wallet, which this command does not open`, {
      fields: { home },
    })
  }
  const keys = { ownerKey: newSecretKey(rng), deviceKey: newSecretKey(rng), peerKey: rng.bytes(32) }
  const content = {
    version: 1,
    ownerKey: toHex(keys.ownerKey),
    deviceKey: toHex(keys.deviceKey),
    peerKey: toHex(keys.peerKey),
  }
  ensureFolder(home)
  writeTextFile(hostKeyFile(home), `${JSON.stringify(content, null, 2)}\n`, SECRET_MODE)
  return keys
}
