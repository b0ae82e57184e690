import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { CodedError } from '../lib/coded-error.ts'
import type { Rng } from '../lib/runtime.ts'

/** The network identity of a machine: an Ed25519 seed. It signs no money and no duty; the registration names its peer id. */
export const PEER_KEY_BYTES = 32

export function createPeerKey(rng: Rng): Uint8Array {
  return rng.bytes(PEER_KEY_BYTES)
}

/** Peer id (base58 text) of a key. @throws CodedError `invalid_peer_key` */
export async function peerIdOfKey(key: Uint8Array): Promise<string> {
  return peerIdFromPrivateKey(await privateKeyFromSeed(key)).toString()
}

/** @throws CodedError `invalid_peer_key` */
export async function privateKeyFromSeed(key: Uint8Array): Promise<Ed25519PrivateKey> {
  if (key.length !== PEER_KEY_BYTES) {
    throw new CodedError('invalid_peer_key', 'a peer key has 32 bytes', { fields: { bytes: key.length } })
  }
  return generateKeyPairFromSeed('Ed25519', key)
}
