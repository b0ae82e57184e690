/**
 * What a transaction has to pass before any of its messages is looked at: key, sequence, timeout, right to be free of a fee,
 * rate limits, signatures, stamp, fee. Invariant: where `checkAnte` refuses, nothing was written, the sequence included.
 * Cheap checks come first; the signatures (1.3 ms each) and the stamp (an attempt) last.
 */
import { equalBytes } from '../../lib/bytes.ts'
import { addressOfPublicKey, decodeAddress } from '../../protocol/address.ts'
import { ACCOUNT_NUMBER } from '../../protocol/cosmos.ts'
import { Duty } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { TypedMessage } from '../../protocol/messages.ts'
import { isDuty, isShapeName } from '../../protocol/messages.ts'
import { registrationHash } from '../../protocol/registration.ts'
import { isPublicKey } from '../../protocol/signature.ts'
import type { DecodedTx } from '../../protocol/tx.ts'
import { signDocBytes } from '../../protocol/tx.ts'
import { isFind } from '../../race/find.ts'
import type { BlockContext } from '../context.ts'
import { balanceOf, payPool } from '../state/bank.ts'
import { incrementSequence, sequenceOf } from '../state/chain-status.ts'
import { dutyViolation, hostOfDevice, readHost } from '../state/hosts.ts'
import { stampKey } from '../state/keys.ts'
import { readEpochState, readTarget } from '../state/races.ts'
import { readBatch } from '../state/work/batches.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'
import type { BlockBudget, BudgetSlot } from './block-budget.ts'
import { createKeyMemo } from './key-memo.ts'
import { keyProofViolation, nodeViolation, voterViolation } from './validator-ante.ts'
import { workSignatures } from './work-signatures.ts'

const isKnownKey = createKeyMemo()

/** `recheck`: this very transaction passed a check before, so its signatures are known to be good. */
export type TxMode = 'deliver' | 'check' | 'recheck' | 'simulate'

/** Reads only, but for the budget. Undefined where the transaction may run. */
export function checkAnte(
  context: BlockContext,
  tx: DecodedTx,
  budget: BlockBudget,
  mode: TxMode,
): Rejection | undefined {
  const signer = decodeAddress(tx.signer)
  const slots = tx.messages.map((message) => slotOf(context, signer, message, mode))
  const rejection =
    timeoutViolation(context, tx) ??
    (mode === 'simulate' ? undefined : (keyViolation(tx) ?? sequenceViolation(context, tx, signer))) ??
    firstRejection(tx.messages, (message) => authorityViolation(context, signer, message)) ??
    budget.violation(slots) ??
    feeViolation(context, tx, signer, mode) ??
    (mode === 'simulate' || mode === 'recheck' ? undefined : signatureViolation(context, tx)) ??
    (mode === 'recheck' ? undefined : firstRejection(tx.messages, (message) => deviceKeyViolation(context, message))) ??
    firstRejection(tx.messages, (message) => stampViolation(context, message, budget)) ??
    (mode === 'recheck' ? undefined : firstRejection(tx.messages, (message) => keyProof(context, message, budget)))
  if (rejection !== undefined) {
    return rejection
  }
  budget.spendSignatures(slots)
  if (mode !== 'simulate') {
    budget.spend(slots)
  }
  return undefined
}

/** What stays of a transaction even where its messages fail. */
export function applyAnte(context: BlockContext, tx: DecodedTx): void {
  const signer = decodeAddress(tx.signer)
  incrementSequence(context.store, signer)
  if (tx.feeAmount > 0n) {
    payPool(context.store, signer, tx.feeAmount)
  }
}

/**
 * The host whose share of the block a message uses up: the one that it names or, where it names none, the one that the signer's
 * device key acts for. An owner's key may stand as the device key of somebody else's host; its own messages are not that host's.
 */
function slotOf(context: BlockContext, signer: Uint8Array, message: TypedMessage, mode: TxMode): BudgetSlot {
  const kind = message.typeUrl
  const signatures = mode === 'recheck' ? 0 : workSignatures(message)
  switch (kind) {
    case '/cosmos.bank.v1beta1.MsgSend':
    case '/tailrace.v1.MsgRegisterHost':
    case '/tailrace.v1.MsgDepositEscrow':
    case '/tailrace.v1.MsgWithdrawEscrow':
    case '/tailrace.v1.MsgSetPayout':
    case '/tailrace.v1.MsgRegisterValidator':
    case '/tailrace.v1.MsgNameValidator':
      return { host: signer, kind, signatures }
    case '/tailrace.v1.MsgValidatorHeartbeat':
    case '/tailrace.v1.MsgVoteUpgrade':
      return { host: message.value.validator, kind, signatures }
    case '/tailrace.v1.MsgSetActive':
      return { host: decodeAddress(message.value.host), kind, signatures }
    default:
      return { host: hostOfDevice(context.store, signer)?.owner ?? signer, kind, signatures }
  }
}

function timeoutViolation(context: BlockContext, tx: DecodedTx): Rejection | undefined {
  const isLate = tx.timeoutHeight > 0n && BigInt(context.height) > tx.timeoutHeight
  return isLate ? reject('timeout_height', 'the timeout height has passed') : undefined
}

function keyViolation(tx: DecodedTx): Rejection | undefined {
  if (tx.publicKey === undefined || !isKnownKey(tx.publicKey)) {
    return reject('invalid_public_key', 'the public key is missing or no curve point')
  }
  return addressOfPublicKey(tx.publicKey) === tx.signer
    ? undefined
    : reject('unauthorized', 'the key is not the one of the signer')
}

function sequenceViolation(context: BlockContext, tx: DecodedTx, signer: Uint8Array): Rejection | undefined {
  const expected = sequenceOf(context.store, signer)
  return tx.sequence === expected
    ? undefined
    : reject('wrong_sequence', `account sequence mismatch, expected ${expected}, got ${tx.sequence}`)
}

function feeViolation(context: BlockContext, tx: DecodedTx, signer: Uint8Array, mode: TxMode): Rejection | undefined {
  const priced = tx.messages.filter((message) => !isDuty(message)).length
  const leastFee = BigInt(priced) * context.params.feePerMessage
  // A simulation asks what a transaction would do, before its fee is known.
  if (mode !== 'simulate' && tx.feeAmount < leastFee) {
    return reject('insufficient_fee', `these messages cost at least ${leastFee} utail`)
  }
  const isPaid = tx.feeAmount === 0n || balanceOf(context.store, signer) >= tx.feeAmount
  return isPaid ? undefined : reject('insufficient_funds', 'the balance does not cover the fee')
}

function signatureViolation(context: BlockContext, tx: DecodedTx): Rejection | undefined {
  const isValid =
    tx.publicKey !== undefined &&
    context.signatures.verify(tx.publicKey, signDocBytes(tx, context.chainId, ACCOUNT_NUMBER), tx.signature)
  return isValid
    ? undefined
    : reject('unauthorized', `signature verification failed; chain id ${context.chainId}, account number 0`)
}

/** Whether the signer may send this duty at all. */
function authorityViolation(context: BlockContext, signer: Uint8Array, message: TypedMessage): Rejection | undefined {
  switch (message.typeUrl) {
    case '/cosmos.bank.v1beta1.MsgSend':
    case '/tailrace.v1.MsgRegisterHost':
    case '/tailrace.v1.MsgDepositEscrow':
    case '/tailrace.v1.MsgWithdrawEscrow':
      return undefined
    case '/tailrace.v1.MsgSetActive':
      return switchViolation(context, signer, decodeAddress(message.value.host))
    case '/tailrace.v1.MsgSetPayout':
    case '/tailrace.v1.MsgNameValidator':
    case '/tailrace.v1.MsgRegisterValidator':
      // A message without a fee is for registered hosts alone: else anybody's empty account could fill blocks.
      return readHost(context.store, signer) === undefined ? reject('not_a_host', 'the signer owns no host') : undefined
    case '/tailrace.v1.MsgValidatorHeartbeat':
      return nodeViolation(context, signer, message.value.validator)
    case '/tailrace.v1.MsgVoteUpgrade':
      return voterViolation(context, signer, message.value.validator)
    case '/tailrace.v1.MsgCommitFinds':
      return deviceViolation(context, signer, Duty.DUTY_RACE)
    case '/tailrace.v1.MsgSubmitVerification':
    case '/tailrace.v1.MsgOpenVerification':
    case '/tailrace.v1.MsgChallengeFind':
    case '/tailrace.v1.MsgChallengeOpening':
    case '/tailrace.v1.MsgCommitChecks':
    case '/tailrace.v1.MsgReportChecks':
    case '/tailrace.v1.MsgCommitRuling':
    case '/tailrace.v1.MsgRevealRuling':
      return deviceViolation(context, signer, Duty.DUTY_VERIFY)
    case '/tailrace.v1.MsgServeModels':
    case '/tailrace.v1.MsgSubmitBatch':
    case '/tailrace.v1.MsgProveOvercommit':
      return deviceViolation(context, signer, Duty.DUTY_SERVE)
    case '/tailrace.v1.MsgOpenReceipts':
    case '/tailrace.v1.MsgPostWork':
      return openerViolation(context, signer, message.value.batch)
  }
}

function deviceViolation(context: BlockContext, signer: Uint8Array, duty: Duty): Rejection | undefined {
  const host = hostOfDevice(context.store, signer)
  return host === undefined
    ? reject('not_a_host', 'the signer is no device key of a registered host')
    : dutyViolation(host, duty, context.height)
}

/** Whoever has the data may open a batch: any host's device key, whatever duties it has, and the session keys that pay for it. */
function openerViolation(context: BlockContext, signer: Uint8Array, id: bigint): Rejection | undefined {
  const batch = readBatch(context.store, id)
  if (batch === undefined) {
    return reject('unknown_batch', 'no such batch, or no more')
  }
  const host = hostOfDevice(context.store, signer)
  if (host === undefined) {
    return batch.lanes.some(({ payer }) => equalBytes(payer, signer))
      ? undefined
      : reject('not_a_host', 'neither the device key of a host nor a payer of this batch')
  }
  return BigInt(context.height) > host.deviceExpiryHeight
    ? reject('device_expired', 'the device key has expired')
    : undefined
}

/** A host is switched by its owner or by its device key, whatever duties that has. */
function switchViolation(context: BlockContext, signer: Uint8Array, owner: Uint8Array): Rejection | undefined {
  const host = readHost(context.store, owner)
  if (host === undefined) {
    return reject('not_a_host', 'nobody registered this host')
  }
  if (equalBytes(signer, owner)) {
    return undefined
  }
  const acting = hostOfDevice(context.store, signer)
  if (acting === undefined || !equalBytes(acting.owner, owner)) {
    return reject('not_a_host', 'neither the owner nor the device key of this host')
  }
  return BigInt(context.height) > acting.deviceExpiryHeight
    ? reject('device_expired', 'the device key has expired')
    : undefined
}

/** Nobody names a device key that it does not hold: the key itself signs for which owner and peer it acts. */
function deviceKeyViolation(context: BlockContext, message: TypedMessage): Rejection | undefined {
  if (message.typeUrl !== '/tailrace.v1.MsgRegisterHost') {
    return undefined
  }
  const { owner, peerId, devicePubkey, deviceSignature } = message.value
  if (!isPublicKey(devicePubkey)) {
    return reject('device_key_invalid', 'the device key is no point of the curve')
  }
  const hash = registrationHash({ chainId: context.chainId, owner, peerId })
  return context.signatures.verify(devicePubkey, hash, deviceSignature)
    ? undefined
    : reject('device_signature_invalid', 'the device key did not sign chain id, owner and peer id of this registration')
}

/** The stamp of a registration is a find of the running or the last race, for the owner and shape that it names. */
function stampViolation(context: BlockContext, message: TypedMessage, budget: BlockBudget): Rejection | undefined {
  if (message.typeUrl !== '/tailrace.v1.MsgRegisterHost') {
    return undefined
  }
  const { stamp, shape, owner } = message.value
  const epoch = Number(stamp?.epoch ?? 0n)
  const running = context.epoch.epoch
  const isRecent = epoch === running || epoch === running - 1
  const seed = isRecent ? readEpochState(context.store, epoch)?.seed : undefined
  const target = isShapeName(shape) ? readTarget(context.store, epoch, shape) : undefined
  if (stamp === undefined || !isShapeName(shape) || seed === undefined || target === undefined) {
    return reject('stamp_invalid', 'the stamp names neither the running nor the last race')
  }
  if (!context.params.weightedShapes.includes(shape)) {
    return reject('stamp_invalid', 'finds of this shape carry no weight on this network, and are no stamps')
  }
  const address = decodeAddress(owner)
  if (context.store.get(stampKey(epoch, address, stamp.nonce)) !== undefined) {
    return reject('stamp_used', 'this find served a registration already')
  }
  if (!budget.takeStamp(readHost(context.store, address) === undefined)) {
    return reject('stamp_budget', 'too many registrations in this block, try again')
  }
  const digest = context.oracles.attempt(shape, seed, address, stamp.nonce)
  return isFind(digest, target) ? undefined : reject('stamp_invalid', 'the stamp is no find')
}

function keyProof(context: BlockContext, message: TypedMessage, budget: BlockBudget): Rejection | undefined {
  return message.typeUrl === '/tailrace.v1.MsgRegisterValidator'
    ? keyProofViolation(context, message.value, budget)
    : undefined
}

function firstRejection(
  messages: readonly TypedMessage[],
  check: (message: TypedMessage) => Rejection | undefined,
): Rejection | undefined {
  for (const message of messages) {
    const rejection = check(message)
    if (rejection !== undefined) {
      return rejection
    }
  }
  return undefined
}
