/** A device key's signatures over what the protocol has it sign. The product signs through `src/main/keys/signer.ts:Signer` alone. */

import type { Receipt, Refusal, SignedReceipt, SignedRefusal } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import type { BatchAnnouncement, CheckRequest, Heartbeat, RaceChallenge } from '../../../src/protocol/gossip.ts'
import {
  batchAnnouncementHash,
  checkRequestHash,
  heartbeatHash,
  raceChallengeHash,
} from '../../../src/protocol/gossip.ts'
import type { DeviceRegistration } from '../../../src/protocol/registration.ts'
import { registrationHash } from '../../../src/protocol/registration.ts'
import { signBytes } from '../../../src/protocol/signature.ts'
import { refusalHash } from '../../../src/protocol/work/order.ts'
import { receiptHash } from '../../../src/protocol/work/receipt.ts'

export function signHeartbeat(message: Omit<Heartbeat, 'signature'>, deviceKey: Uint8Array): Heartbeat {
  return { ...message, signature: signBytes(deviceKey, heartbeatHash(message)) }
}

export function signRaceChallenge(message: Omit<RaceChallenge, 'signature'>, deviceKey: Uint8Array): RaceChallenge {
  return { ...message, signature: signBytes(deviceKey, raceChallengeHash(message)) }
}

export function signBatchAnnouncement(
  message: Omit<BatchAnnouncement, 'signature'>,
  deviceKey: Uint8Array,
): BatchAnnouncement {
  return { ...message, signature: signBytes(deviceKey, batchAnnouncementHash(message)) }
}

export function signCheckRequest(message: Omit<CheckRequest, 'signature'>, deviceKey: Uint8Array): CheckRequest {
  return { ...message, signature: signBytes(deviceKey, checkRequestHash(message)) }
}

/** 64 bytes, r ‖ s: MsgRegisterHost.device_signature. */
export function signRegistration(registration: DeviceRegistration, deviceKey: Uint8Array): Uint8Array {
  return signBytes(deviceKey, registrationHash(registration))
}

export function signReceipt(receipt: Receipt, deviceKey: Uint8Array): SignedReceipt {
  return { receipt, signature: signBytes(deviceKey, receiptHash(receipt)) }
}

export function signRefusal(refusal: Refusal, deviceKey: Uint8Array): SignedRefusal {
  return { refusal, signature: signBytes(deviceKey, refusalHash(refusal)) }
}
