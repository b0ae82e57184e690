/** The signer over keys in this process's memory. The owner key is asked for at each signature: a locked wallet has none to give. */
import { CodedError } from '../../lib/coded-error.ts'
import { addressOfPublicKey } from '../../protocol/address.ts'
import { sha256 } from '../../protocol/hash.ts'
import { publicKeyOf, signBytes } from '../../protocol/signature.ts'
import type { SignDocument } from '../../protocol/tx.ts'
import { decodeSignDocument } from '../../protocol/tx.ts'
import type { HostKeys } from '../host-keys.ts'
import type { Approvals } from './approvals.ts'
import { isKeyOf, isOwnerRoutine, refused, requireDeviceTx, requireDuty } from './sign-policy.ts'
import type { HostIdentity, Signer } from './signer.ts'

export interface LocalKeys {
  /** Compressed, 33 bytes: known while the wallet is locked. */
  readonly ownerPublicKey: Uint8Array
  /** 32 bytes, or undefined while the wallet is locked. */
  readonly ownerKey: () => Uint8Array | undefined
  readonly deviceKey: Uint8Array
  /** What a person confirmed; without it the owner key signs what keeps the host registered and nothing else. */
  readonly approvals?: Pick<Approvals, 'take'>
}

export function createLocalSigner(keys: LocalKeys): Signer {
  const { approvals } = keys
  const identity = identityOf(keys.ownerPublicKey, keys.deviceKey)
  return {
    identity,
    isOwnerOpen: async () => keys.ownerKey() !== undefined,
    async signTx(key, document) {
      const content = readDocument(document)
      if (key === 'device') {
        requireDeviceTx(content, identity)
        return signBytes(keys.deviceKey, document)
      }
      const ownerKey = keys.ownerKey()
      if (ownerKey === undefined) {
        throw new CodedError('wallet_locked', 'the owner key is locked')
      }
      const isOwn = isKeyOf(content, identity.ownerPublicKey)
      if (!isOwn || !(isOwnerRoutine(content, identity) || approvals?.take(document, content) === true)) {
        throw refused(content)
      }
      return signBytes(ownerKey, document)
    },
    async signDuty(kind, message) {
      requireDuty(kind, message, identity)
      return signBytes(keys.deviceKey, sha256(message))
    },
  }
}

/** The signer of a role without a wallet: both keys lie open in its folder. */
export function signerOfHostKeys({ ownerKey, deviceKey }: Pick<HostKeys, 'ownerKey' | 'deviceKey'>): Signer {
  return createLocalSigner({ ownerPublicKey: publicKeyOf(ownerKey), ownerKey: () => ownerKey, deviceKey })
}

export function identityOf(ownerPublicKey: Uint8Array, deviceKey: Uint8Array): HostIdentity {
  const devicePublicKey = publicKeyOf(deviceKey)
  return {
    ownerAddress: addressOfPublicKey(ownerPublicKey),
    ownerPublicKey,
    deviceAddress: addressOfPublicKey(devicePublicKey),
    devicePublicKey,
  }
}

function readDocument(document: Uint8Array): SignDocument {
  try {
    return decodeSignDocument(document)
  } catch (cause) {
    throw new CodedError('signing_refused', 'not a document that this network knows', {
      fields: { messages: '' },
      cause,
    })
  }
}
