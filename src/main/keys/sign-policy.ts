/**
 * What each key may sign. Invariant: the device key can't move money nor name another device, and by itself the owner key can do no
 * more than keep this very host registered: what a process that was taken over may have signed costs the owner nothing.
 */
import { equalBytes } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { encodeAddress } from '../../protocol/address.ts'
import { Receipt, Refusal } from '../../protocol/gen/tailrace/v1/work.ts'
import type { Domain } from '../../protocol/hash.ts'
import { readTaggedBytes } from '../../protocol/hash.ts'
import type { TypedMessage } from '../../protocol/messages.ts'
import { isDuty, signerOf } from '../../protocol/messages.ts'
import type { SignDocument } from '../../protocol/tx.ts'
import type { DutyKind, HostIdentity } from './signer.ts'

/** Bytes of the longest duty: a receipt. */
export const MAX_DUTY_BYTES = 16 * 1_024

/** @throws CodedError `signing_refused` [messages] */
export function requireDeviceTx(content: SignDocument, identity: HostIdentity): void {
  const isAllowed =
    isKeyOf(content, identity.devicePublicKey) &&
    content.feeAmount === 0n &&
    content.messages.every((message) => isDeviceDuty(message, identity))
  if (!isAllowed) {
    throw refused(content)
  }
}

/** Whether the owner key signs it without asking anybody. */
export function isOwnerRoutine(content: SignDocument, identity: HostIdentity): boolean {
  return (
    isKeyOf(content, identity.ownerPublicKey) &&
    content.feeAmount === 0n &&
    content.messages.every((message) => isOwnRegistration(message, identity))
  )
}

/** Whether the document would be taken under this key at all. */
export function isKeyOf(content: SignDocument, publicKey: Uint8Array): boolean {
  return content.publicKey !== undefined && equalBytes(content.publicKey, publicKey)
}

export function refused(content: Pick<SignDocument, 'messages'> | undefined): CodedError {
  const messages = content?.messages.map(({ typeUrl }) => typeUrl.slice(typeUrl.lastIndexOf('.') + 1)).join() ?? ''
  return new CodedError('signing_refused', 'this key does not sign such a document', { fields: { messages } })
}

function isDeviceDuty(message: TypedMessage, { deviceAddress, ownerAddress }: HostIdentity): boolean {
  switch (message.typeUrl) {
    case '/cosmos.bank.v1beta1.MsgSend':
    case '/tailrace.v1.MsgDepositEscrow':
    case '/tailrace.v1.MsgWithdrawEscrow':
    case '/tailrace.v1.MsgRegisterHost':
    case '/tailrace.v1.MsgSetPayout':
    case '/tailrace.v1.MsgRegisterValidator':
    case '/tailrace.v1.MsgNameValidator':
    case '/tailrace.v1.MsgValidatorHeartbeat':
    case '/tailrace.v1.MsgVoteUpgrade':
      return false
    case '/tailrace.v1.MsgSetActive':
    case '/tailrace.v1.MsgServeModels':
      return message.value.signer === deviceAddress && message.value.host === ownerAddress
    default:
      return isDuty(message) && signerOf(message) === deviceAddress
  }
}

function isOwnRegistration(message: TypedMessage, identity: HostIdentity): boolean {
  switch (message.typeUrl) {
    case '/tailrace.v1.MsgRegisterHost':
      return (
        message.value.owner === identity.ownerAddress &&
        equalBytes(message.value.devicePubkey, identity.devicePublicKey)
      )
    case '/tailrace.v1.MsgSetActive':
      return message.value.signer === identity.ownerAddress && message.value.host === identity.ownerAddress
    default:
      return false
  }
}

interface DutyForm {
  readonly domain: Domain
  readonly parts: number
  /** The owner address in whose name it speaks. */
  readonly speaker: (parts: readonly Uint8Array[]) => string
}

const DUTY_FORMS: Readonly<Record<DutyKind, DutyForm>> = {
  registration: { domain: 'tailrace/register-device/1', parts: 3, speaker: textPart(1) },
  heartbeat: { domain: 'tailrace/gossip/heartbeat/1', parts: 6, speaker: textPart(0) },
  race_challenge: { domain: 'tailrace/gossip/race-challenge/1', parts: 6, speaker: textPart(0) },
  batch_announcement: { domain: 'tailrace/gossip/batch/1', parts: 8, speaker: textPart(0) },
  check_request: { domain: 'tailrace/gossip/check-request/1', parts: 6, speaker: textPart(0) },
  receipt: {
    domain: 'tailrace/work/receipt/1',
    parts: 1,
    speaker: ([receipt]) => encodeAddress(Receipt.decode(receipt ?? new Uint8Array(0)).executor),
  },
  refusal: {
    domain: 'tailrace/work/refusal/1',
    parts: 1,
    speaker: ([refusal]) => encodeAddress(Refusal.decode(refusal ?? new Uint8Array(0)).host),
  },
}

/** @throws CodedError `signing_refused` */
export function requireDuty(kind: DutyKind, message: Uint8Array, identity: HostIdentity): void {
  if (!isOwnDuty(kind, message, identity)) {
    throw new CodedError('signing_refused', `no ${kind} of this host`, { fields: { messages: kind } })
  }
}

function isOwnDuty(kind: DutyKind, message: Uint8Array, { ownerAddress }: HostIdentity): boolean {
  const form = Object.hasOwn(DUTY_FORMS, kind) ? DUTY_FORMS[kind] : undefined
  const read = message.length > MAX_DUTY_BYTES ? undefined : readTaggedBytes(message, 8)
  if (form === undefined || read?.domain !== form.domain || read.parts.length !== form.parts) {
    return false
  }
  try {
    return form.speaker(read.parts) === ownerAddress
  } catch {
    // Bytes that are no receipt and no refusal speak for nobody.
    return false
  }
}

function textPart(index: number): (parts: readonly Uint8Array[]) => string {
  return (parts) => String.fromCharCode(...(parts[index] ?? new Uint8Array(0)).slice(0, 64))
}
