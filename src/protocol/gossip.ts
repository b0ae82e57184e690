/** Gossip messages: bounds, and the bytes that a device key signs (SHA-256 of `…Bytes`). Topics are named `/tailrace/<name>/<version>`. */
import { equalBytes, u32be, u64be, utf8 } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { tryDecodeAddress } from './address.ts'
import { BatchAnnouncement, CheckRequest, Heartbeat, RaceChallenge } from './gen/tailrace/v1/gossip.ts'
import { sha256, taggedBytes } from './hash.ts'
import { SIGNATURE_BYTES, verifyBytes } from './signature.ts'
import { WORK_LIMITS } from './work/limits.ts'
import { isAmount, isHeight } from './work/violations.ts'

export { BatchAnnouncement, CheckRequest, Heartbeat, RaceChallenge }

export const GOSSIP_TOPICS = {
  heartbeat: '/tailrace/heartbeat/1',
  raceChallenge: '/tailrace/race-challenge/1',
  batch: '/tailrace/batch/1',
  checkRequest: '/tailrace/check-request/1',
} as const

export const GOSSIP_LIMITS = {
  messageBytes: 4_096,
  phaseCharacters: 32,
  /** A message older or newer than this, by the receiver's clock, is ignored. */
  clockToleranceMs: 60_000,
} as const

/** @throws CodedError `malformed_gossip` */
export function decodeHeartbeat(bytes: Uint8Array): Heartbeat {
  const message = decodeCanonical(Heartbeat, bytes)
  const valid =
    tryDecodeAddress(message.host) !== undefined &&
    message.appHash.length === 32 &&
    /^[a-z_]*$/.test(message.phase) &&
    message.phase.length <= GOSSIP_LIMITS.phaseCharacters &&
    message.signature.length === SIGNATURE_BYTES
  if (!valid) {
    throw new CodedError('malformed_gossip', 'heartbeat out of bounds')
  }
  return message
}

/** @throws CodedError `malformed_gossip` */
export function decodeRaceChallenge(bytes: Uint8Array): RaceChallenge {
  const message = decodeCanonical(RaceChallenge, bytes)
  const valid =
    tryDecodeAddress(message.challenger) !== undefined &&
    tryDecodeAddress(message.host) !== undefined &&
    message.digest.length === 32 &&
    message.signature.length === SIGNATURE_BYTES
  if (!valid) {
    throw new CodedError('malformed_gossip', 'race challenge out of bounds')
  }
  return message
}

/** @throws CodedError `malformed_gossip` */
export function decodeBatchAnnouncement(bytes: Uint8Array): BatchAnnouncement {
  const message = decodeCanonical(BatchAnnouncement, bytes)
  const valid =
    tryDecodeAddress(message.host) !== undefined &&
    isHeight(message.batch) &&
    message.root.length === 32 &&
    isAmount(message.sum) &&
    message.leaves > 0 &&
    message.leaves <= WORK_LIMITS.leavesPerBatch &&
    isHeight(message.height) &&
    message.signature.length === SIGNATURE_BYTES
  if (!valid) {
    throw new CodedError('malformed_gossip', 'batch announcement out of bounds')
  }
  return message
}

/** @throws CodedError `malformed_gossip` */
export function decodeCheckRequest(bytes: Uint8Array): CheckRequest {
  const message = decodeCanonical(CheckRequest, bytes)
  const valid =
    tryDecodeAddress(message.host) !== undefined &&
    isHeight(message.batch) &&
    message.orderHash.length === 32 &&
    message.signature.length === SIGNATURE_BYTES
  if (!valid) {
    throw new CodedError('malformed_gossip', 'check request out of bounds')
  }
  return message
}

export function heartbeatHash(message: Omit<Heartbeat, 'signature'>): Uint8Array {
  return sha256(heartbeatBytes(message))
}

export function heartbeatBytes(message: Omit<Heartbeat, 'signature'>): Uint8Array {
  return taggedBytes(
    'tailrace/gossip/heartbeat/1',
    utf8(message.host),
    u64be(message.epoch),
    u64be(message.height),
    message.appHash,
    utf8(message.phase),
    u64be(message.sentAtMs),
  )
}

export function raceChallengeHash(message: Omit<RaceChallenge, 'signature'>): Uint8Array {
  return sha256(raceChallengeBytes(message))
}

export function raceChallengeBytes(message: Omit<RaceChallenge, 'signature'>): Uint8Array {
  return taggedBytes(
    'tailrace/gossip/race-challenge/1',
    utf8(message.challenger),
    utf8(message.host),
    u64be(message.epoch),
    u64be(message.nonce),
    message.digest,
    u64be(message.sentAtMs),
  )
}

export function batchAnnouncementHash(message: Omit<BatchAnnouncement, 'signature'>): Uint8Array {
  return sha256(batchAnnouncementBytes(message))
}

export function batchAnnouncementBytes(message: Omit<BatchAnnouncement, 'signature'>): Uint8Array {
  return taggedBytes(
    'tailrace/gossip/batch/1',
    utf8(message.host),
    u64be(message.epoch),
    u64be(message.sentAtMs),
    u64be(message.batch),
    message.root,
    u64be(message.sum),
    u32be(message.leaves),
    u64be(message.height),
  )
}

export function checkRequestHash(message: Omit<CheckRequest, 'signature'>): Uint8Array {
  return sha256(checkRequestBytes(message))
}

export function checkRequestBytes(message: Omit<CheckRequest, 'signature'>): Uint8Array {
  return taggedBytes(
    'tailrace/gossip/check-request/1',
    utf8(message.host),
    u64be(message.epoch),
    u64be(message.sentAtMs),
    u64be(message.batch),
    u32be(message.point),
    message.orderHash,
  )
}

export function verifyHeartbeat(message: Heartbeat, devicePublicKey: Uint8Array): boolean {
  return verifyBytes(devicePublicKey, heartbeatHash(message), message.signature)
}

export function verifyRaceChallenge(message: RaceChallenge, devicePublicKey: Uint8Array): boolean {
  return verifyBytes(devicePublicKey, raceChallengeHash(message), message.signature)
}

export function verifyBatchAnnouncement(message: BatchAnnouncement, devicePublicKey: Uint8Array): boolean {
  return verifyBytes(devicePublicKey, batchAnnouncementHash(message), message.signature)
}

export function verifyCheckRequest(message: CheckRequest, devicePublicKey: Uint8Array): boolean {
  return verifyBytes(devicePublicKey, checkRequestHash(message), message.signature)
}

interface GossipCodec<T> {
  encode(message: T): { finish(): Uint8Array }
  decode(bytes: Uint8Array): T
}

function decodeCanonical<T>(codec: GossipCodec<T>, bytes: Uint8Array): T {
  if (bytes.length > GOSSIP_LIMITS.messageBytes) {
    throw new CodedError('malformed_gossip', 'gossip message too large')
  }
  let message: T
  try {
    message = codec.decode(bytes)
  } catch (cause) {
    throw new CodedError('malformed_gossip', 'gossip message cannot be decoded', { cause })
  }
  if (!equalBytes(codec.encode(message).finish(), bytes)) {
    throw new CodedError('malformed_gossip', 'gossip message is not in canonical form')
  }
  return message
}
