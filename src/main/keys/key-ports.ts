/** The host's key ports, and the signers of its transactions, over one Signer. */
import type { TxSigner } from '../../chain-client/tx-signing.ts'
import type { KeyPort } from '../../host/ports.ts'
import type { WorkKeysPort } from '../../host/work/ports.ts'
import { batchAnnouncementBytes, checkRequestBytes, heartbeatBytes, raceChallengeBytes } from '../../protocol/gossip.ts'
import { registrationBytes } from '../../protocol/registration.ts'
import { refusalBytes } from '../../protocol/work/order.ts'
import { receiptBytes } from '../../protocol/work/receipt.ts'
import type { DutyKind, Signer } from './signer.ts'

export function createKeyPort(signer: Signer): KeyPort {
  const { ownerAddress, deviceAddress, devicePublicKey } = signer.identity
  const sign = signedBy(signer)
  return {
    ownerAddress,
    deviceAddress,
    devicePublicKey,
    isOwnerOpen: () => signer.isOwnerOpen(),
    signHeartbeat: (message) => sign('heartbeat', message, heartbeatBytes(message)),
    signRaceChallenge: (message) => sign('race_challenge', message, raceChallengeBytes(message)),
    signRegistration: (chainId, peerId) =>
      signer.signDuty('registration', registrationBytes({ chainId, owner: ownerAddress, peerId })),
  }
}

export function createWorkKeys(signer: Signer): WorkKeysPort {
  const sign = signedBy(signer)
  return {
    signReceipt: async (receipt) => ({ receipt, signature: await signer.signDuty('receipt', receiptBytes(receipt)) }),
    signRefusal: async (refusal) => ({ refusal, signature: await signer.signDuty('refusal', refusalBytes(refusal)) }),
    signBatchAnnouncement: (message) => sign('batch_announcement', message, batchAnnouncementBytes(message)),
    signCheckRequest: (message) => sign('check_request', message, checkRequestBytes(message)),
  }
}

export function createTxSigner(signer: Signer, key: 'owner' | 'device'): TxSigner {
  const { identity } = signer
  return {
    address: key === 'owner' ? identity.ownerAddress : identity.deviceAddress,
    publicKey: key === 'owner' ? identity.ownerPublicKey : identity.devicePublicKey,
    sign: (document) => signer.signTx(key, document),
  }
}

function signedBy(signer: Signer) {
  return async <Message>(
    kind: DutyKind,
    message: Message,
    bytes: Uint8Array,
  ): Promise<Message & { signature: Uint8Array }> => ({ ...message, signature: await signer.signDuty(kind, bytes) })
}
