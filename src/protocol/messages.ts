/**
 * Every message that a transaction may carry, declared once: type URL, codec, who signs, whether it is a duty (no fee,
 * rate-limited) and its bounds. The chain, the client's registry and the property tests all read this table.
 * Invariant: what `decodeMessage` returns satisfies its bounds and re-encodes to the very bytes that came in.
 */
import { MsgSend } from 'cosmjs-types/cosmos/bank/v1beta1/tx'
import { equalBytes } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { tryDecodeAddress } from './address.ts'
import {
  nameValidatorViolation,
  registerValidatorViolation,
  validatorHeartbeatViolation,
  voteUpgradeViolation,
} from './consensus/validator-violations.ts'
import type { FindRef } from './gen/tailrace/v1/tx.ts'
import {
  Duty,
  MsgChallengeFind,
  MsgChallengeOpening,
  MsgCommitChecks,
  MsgCommitFinds,
  MsgCommitRuling,
  MsgDepositEscrow,
  MsgNameValidator,
  MsgOpenReceipts,
  MsgOpenVerification,
  MsgPostWork,
  MsgProveOvercommit,
  MsgRegisterHost,
  MsgRegisterValidator,
  MsgReportChecks,
  MsgRevealRuling,
  MsgServeModels,
  MsgSetActive,
  MsgSetPayout,
  MsgSubmitBatch,
  MsgSubmitVerification,
  MsgValidatorHeartbeat,
  MsgVoteUpgrade,
  MsgWithdrawEscrow,
} from './gen/tailrace/v1/tx.ts'
import type { ShapeName } from './params.ts'
import { SHAPE_NAMES } from './params.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './signature.ts'
import { MAX_OPENINGS } from './verification.ts'
import {
  batchViolation,
  commitChecksViolation,
  commitRulingViolation,
  depositViolation,
  openReceiptsViolation,
  overcommitViolation,
  postWorkViolation,
  reportChecksViolation,
  revealRulingViolation,
  serveViolation,
  withdrawViolation,
} from './work/violations.ts'

export const MESSAGE_LIMITS = {
  noncesPerCommit: 4_096,
  /** One of each cheat at least, however many cheat at once to hide one behind the others. */
  mismatchesPerReport: 512,
  openingsPerReport: MAX_OPENINGS,
  merklePathLength: 32,
  monikerCharacters: 64,
  attestationCharacters: 128,
  peerIdCharacters: 128,
  verificationRounds: 4,
  coinsPerTransfer: 1,
} as const

/** Bound on any integer that counts epochs or heights: 2^48. */
const MAX_COUNT = 1n << 48n
const DIGEST_BYTES = 32

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array }
  decode(input: Uint8Array): T
  fromPartial(object: Partial<T>): T
}

export interface MessageKind<T> {
  readonly codec: Codec<T>
  /** A duty carries no fee and is rate-limited per host and block. */
  readonly duty: boolean
  readonly signer: (message: T) => string
  /** Undefined when within bounds, else what is wrong, in a few words. */
  readonly violation: (message: T) => string | undefined
}

function kind<T>(definition: MessageKind<T>): MessageKind<T> {
  return definition
}

export const MESSAGE_KINDS = {
  '/cosmos.bank.v1beta1.MsgSend': kind<MsgSend>({
    codec: MsgSend,
    duty: false,
    signer: (message) => message.fromAddress,
    violation: (message) =>
      firstOf(
        isAddress(message.fromAddress) || 'from_address is no address',
        isAddress(message.toAddress) || 'to_address is no address',
        message.amount.length === MESSAGE_LIMITS.coinsPerTransfer || 'amount must be one coin',
        message.amount.every((coin) => coin.denom.length <= 16 && /^[1-9][0-9]{0,29}$/.test(coin.amount)) ||
          'amount must be a positive integer',
      ),
  }),
  '/tailrace.v1.MsgRegisterHost': kind<MsgRegisterHost>({
    codec: MsgRegisterHost,
    duty: true,
    signer: (message) => message.owner,
    violation: registerViolation,
  }),
  '/tailrace.v1.MsgSetActive': kind<MsgSetActive>({
    codec: MsgSetActive,
    duty: true,
    signer: (message) => message.signer,
    violation: (message) =>
      firstOf(isAddress(message.signer) || 'signer is no address', isAddress(message.host) || 'host is no address'),
  }),
  '/tailrace.v1.MsgSetPayout': kind<MsgSetPayout>({
    codec: MsgSetPayout,
    duty: true,
    signer: (message) => message.owner,
    violation: (message) =>
      firstOf(
        isAddress(message.owner) || 'owner is no address',
        message.payout === '' || isAddress(message.payout) || 'payout is neither empty nor an address',
      ),
  }),
  '/tailrace.v1.MsgCommitFinds': kind<MsgCommitFinds>({
    codec: MsgCommitFinds,
    duty: true,
    signer: (message) => message.signer,
    violation: (message) =>
      firstOf(
        isAddress(message.signer) || 'signer is no address',
        isCount(message.epoch) || 'epoch out of range',
        message.nonces.length > 0 || 'no nonces',
        message.nonces.length <= MESSAGE_LIMITS.noncesPerCommit || 'too many nonces',
        isStrictlyIncreasing(message.nonces) || 'nonces must be strictly increasing',
      ),
  }),
  '/tailrace.v1.MsgSubmitVerification': kind<MsgSubmitVerification>({
    codec: MsgSubmitVerification,
    duty: true,
    signer: (message) => message.signer,
    violation: (message) =>
      firstOf(
        roundViolation(message),
        message.root.length === DIGEST_BYTES || 'root must be 32 bytes',
        message.mismatches.length <= MESSAGE_LIMITS.mismatchesPerReport || 'too many mismatches',
        message.mismatches.every(isFindRef) || 'mismatch is no find reference',
      ),
  }),
  '/tailrace.v1.MsgOpenVerification': kind<MsgOpenVerification>({
    codec: MsgOpenVerification,
    duty: true,
    signer: (message) => message.signer,
    violation: (message) =>
      firstOf(
        roundViolation(message),
        message.openings.length > 0 || 'no openings',
        message.openings.length <= MESSAGE_LIMITS.openingsPerReport || 'too many openings',
        message.openings.every((opening) => opening.digest.length === DIGEST_BYTES) || 'digest must be 32 bytes',
        message.openings.every((opening) => opening.path.length <= MESSAGE_LIMITS.merklePathLength) || 'path too long',
        message.openings.every((opening) => opening.path.every((node) => node.length === DIGEST_BYTES)) ||
          'path node must be 32 bytes',
      ),
  }),
  '/tailrace.v1.MsgChallengeFind': kind<MsgChallengeFind>({
    codec: MsgChallengeFind,
    duty: true,
    signer: (message) => message.signer,
    violation: (message) =>
      firstOf(
        isAddress(message.signer) || 'signer is no address',
        isCount(message.epoch) || 'epoch out of range',
        (message.find !== undefined && isFindRef(message.find)) || 'find is missing or no find reference',
      ),
  }),
  '/tailrace.v1.MsgChallengeOpening': kind<MsgChallengeOpening>({
    codec: MsgChallengeOpening,
    duty: true,
    signer: (message) => message.signer,
    violation: (message) => firstOf(roundViolation(message), isAddress(message.verifier) || 'verifier is no address'),
  }),
  '/tailrace.v1.MsgDepositEscrow': kind<MsgDepositEscrow>({
    codec: MsgDepositEscrow,
    duty: false,
    signer: (message) => message.owner,
    violation: depositViolation,
  }),
  '/tailrace.v1.MsgWithdrawEscrow': kind<MsgWithdrawEscrow>({
    codec: MsgWithdrawEscrow,
    duty: false,
    signer: (message) => message.owner,
    violation: withdrawViolation,
  }),
  '/tailrace.v1.MsgServeModels': kind<MsgServeModels>({
    codec: MsgServeModels,
    duty: true,
    signer: (message) => message.signer,
    violation: serveViolation,
  }),
  '/tailrace.v1.MsgSubmitBatch': kind<MsgSubmitBatch>({
    codec: MsgSubmitBatch,
    duty: true,
    signer: (message) => message.signer,
    violation: batchViolation,
  }),
  '/tailrace.v1.MsgOpenReceipts': kind<MsgOpenReceipts>({
    codec: MsgOpenReceipts,
    duty: true,
    signer: (message) => message.signer,
    violation: openReceiptsViolation,
  }),
  '/tailrace.v1.MsgCommitChecks': kind<MsgCommitChecks>({
    codec: MsgCommitChecks,
    duty: true,
    signer: (message) => message.signer,
    violation: commitChecksViolation,
  }),
  '/tailrace.v1.MsgReportChecks': kind<MsgReportChecks>({
    codec: MsgReportChecks,
    duty: true,
    signer: (message) => message.signer,
    violation: reportChecksViolation,
  }),
  '/tailrace.v1.MsgPostWork': kind<MsgPostWork>({
    codec: MsgPostWork,
    duty: true,
    signer: (message) => message.signer,
    violation: postWorkViolation,
  }),
  '/tailrace.v1.MsgCommitRuling': kind<MsgCommitRuling>({
    codec: MsgCommitRuling,
    duty: true,
    signer: (message) => message.signer,
    violation: commitRulingViolation,
  }),
  '/tailrace.v1.MsgRevealRuling': kind<MsgRevealRuling>({
    codec: MsgRevealRuling,
    duty: true,
    signer: (message) => message.signer,
    violation: revealRulingViolation,
  }),
  '/tailrace.v1.MsgProveOvercommit': kind<MsgProveOvercommit>({
    codec: MsgProveOvercommit,
    duty: true,
    signer: (message) => message.signer,
    violation: overcommitViolation,
  }),
  '/tailrace.v1.MsgRegisterValidator': kind<MsgRegisterValidator>({
    codec: MsgRegisterValidator,
    duty: true,
    signer: (message) => message.owner,
    violation: registerValidatorViolation,
  }),
  '/tailrace.v1.MsgNameValidator': kind<MsgNameValidator>({
    codec: MsgNameValidator,
    duty: true,
    signer: (message) => message.owner,
    violation: nameValidatorViolation,
  }),
  '/tailrace.v1.MsgValidatorHeartbeat': kind<MsgValidatorHeartbeat>({
    codec: MsgValidatorHeartbeat,
    duty: true,
    signer: (message) => message.signer,
    violation: validatorHeartbeatViolation,
  }),
  '/tailrace.v1.MsgVoteUpgrade': kind<MsgVoteUpgrade>({
    codec: MsgVoteUpgrade,
    duty: true,
    signer: (message) => message.signer,
    violation: voteUpgradeViolation,
  }),
} as const

export type TypeUrl = keyof typeof MESSAGE_KINDS
type MessageOf<U extends TypeUrl> = (typeof MESSAGE_KINDS)[U] extends MessageKind<infer T> ? T : never
/** A decoded message with its type URL: a union that narrows on `typeUrl`. */
export type TypedMessage = { [U in TypeUrl]: { readonly typeUrl: U; readonly value: MessageOf<U> } }[TypeUrl]

export function isTypeUrl(typeUrl: string): typeUrl is TypeUrl {
  return Object.hasOwn(MESSAGE_KINDS, typeUrl)
}

/** @throws CodedError `unknown_message`, `malformed_message` (not decodable or not canonical) or `message_out_of_bounds`. */
export function decodeMessage(typeUrl: string, bytes: Uint8Array): TypedMessage {
  if (!isTypeUrl(typeUrl)) {
    throw new CodedError('unknown_message', 'unknown message type')
  }
  const definition = MESSAGE_KINDS[typeUrl] as MessageKind<unknown>
  let value: unknown
  try {
    value = definition.codec.decode(bytes)
  } catch (cause) {
    throw new CodedError('malformed_message', `${typeUrl} cannot be decoded`, { cause })
  }
  if (!equalBytes(definition.codec.encode(value).finish(), bytes)) {
    throw new CodedError('malformed_message', `${typeUrl} is not in canonical form`)
  }
  const violation = definition.violation(value)
  if (violation !== undefined) {
    throw new CodedError('message_out_of_bounds', `${typeUrl}: ${violation}`)
  }
  return { typeUrl, value } as TypedMessage
}

/** What `decodeMessage` reads. */
export function encodeMessage({ typeUrl, value }: TypedMessage): Uint8Array {
  return (MESSAGE_KINDS[typeUrl] as MessageKind<unknown>).codec.encode(value).finish()
}

export function signerOf(message: TypedMessage): string {
  return (MESSAGE_KINDS[message.typeUrl] as MessageKind<unknown>).signer(message.value)
}

export function isDuty(message: TypedMessage): boolean {
  return MESSAGE_KINDS[message.typeUrl].duty
}

export function isShapeName(text: string): text is ShapeName {
  return (SHAPE_NAMES as readonly string[]).includes(text)
}

function registerViolation(message: MsgRegisterHost): string | undefined {
  const attestation = message.attestation
  const texts = attestation === undefined ? [] : [attestation.engine, attestation.backend, attestation.adapter]
  return firstOf(
    isAddress(message.owner) || 'owner is no address',
    message.devicePubkey.length === PUBLIC_KEY_BYTES || 'device_pubkey must be 33 bytes',
    (message.duties.length > 0 && message.duties.length <= 4) || 'one to four duties',
    message.duties.every((duty) => duty >= Duty.DUTY_RACE && duty <= Duty.DUTY_SERVE) || 'unknown duty',
    new Set(message.duties).size === message.duties.length || 'duty named twice',
    isCount(message.deviceExpiryHeight) || 'device_expiry_height out of range',
    (message.peerId.length > 0 && message.peerId.length <= MESSAGE_LIMITS.peerIdCharacters) || 'peer_id length',
    isShapeName(message.shape) || 'unknown shape',
    message.moniker.length <= MESSAGE_LIMITS.monikerCharacters || 'moniker too long',
    attestation !== undefined || 'attestation is missing',
    texts.every((text) => text.length <= MESSAGE_LIMITS.attestationCharacters) || 'attestation text too long',
    attestation === undefined ||
      attestation.conformanceDigest.length === DIGEST_BYTES ||
      'conformance_digest must be 32 bytes',
    (message.stamp !== undefined && isCount(message.stamp.epoch)) || 'stamp is missing or out of range',
    message.deviceSignature.length === SIGNATURE_BYTES || 'device_signature must be 64 bytes',
  )
}

function roundViolation(message: { signer: string; epoch: bigint; round: number }): string | undefined {
  return firstOf(
    isAddress(message.signer) || 'signer is no address',
    isCount(message.epoch) || 'epoch out of range',
    message.round < MESSAGE_LIMITS.verificationRounds || 'round out of range',
  )
}

/** The first entry that is a text; entries that are `true` are conditions that hold. */
function firstOf(...conditions: readonly (true | string | undefined | false)[]): string | undefined {
  return conditions.find((condition): condition is string => typeof condition === 'string')
}

function isAddress(text: string): boolean {
  return tryDecodeAddress(text) !== undefined
}

function isCount(value: bigint): boolean {
  return value >= 0n && value < MAX_COUNT
}

function isFindRef(find: FindRef): boolean {
  return isAddress(find.host)
}

function isStrictlyIncreasing(values: readonly bigint[]): boolean {
  return values.every((value, index) => index === 0 || value > (values[index - 1] as bigint))
}
