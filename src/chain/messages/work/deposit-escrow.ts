import { equalBytes } from '../../../lib/bytes.ts'
import { mulDiv, PPM } from '../../../lib/fixed-point.ts'
import { addressOfPublicKey, decodeAddress } from '../../../protocol/address.ts'
import type { EscrowState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { MsgDepositEscrow } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgDepositEscrowResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { DENOM } from '../../../protocol/params.ts'
import { isPublicKey } from '../../../protocol/signature.ts'
import { WORK_LIMITS } from '../../../protocol/work/limits.ts'
import type { BlockContext } from '../../context.ts'
import { balanceOf, payIn } from '../../state/bank.ts'
import { ownerText } from '../../state/hosts.ts'
import { readEscrow, writeEscrow } from '../../state/work/escrows.ts'
import { readModel } from '../../state/work/models.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'

export const depositEscrowHandler: MessageHandler<MsgDepositEscrow> = {
  validate: validateDeposit,
  apply: applyDeposit,
}

function validateDeposit(context: BlockContext, message: MsgDepositEscrow): Rejection | undefined {
  const { store } = context
  if (!isPublicKey(message.sessionPubkey)) {
    return reject('invalid_public_key', 'the session key is no point of the curve')
  }
  if (message.models.some((model) => readModel(store, model) === undefined)) {
    return reject('unknown_model', 'the network has no such model')
  }
  if (message.expiryHeight <= BigInt(context.height)) {
    return reject('escrow_expired', 'the escrow would be expired already')
  }
  if (balanceOf(store, decodeAddress(message.owner)) < message.amount) {
    return reject('insufficient_funds', 'the balance is smaller than the deposit')
  }
  const before = readEscrow(store, payerOf(message))
  return before === undefined ? undefined : additionViolation(before, message)
}

function additionViolation(before: EscrowState, message: MsgDepositEscrow): Rejection | undefined {
  if (!equalBytes(before.owner, decodeAddress(message.owner))) {
    return reject('escrow_taken', 'the escrow of this session key belongs to another account')
  }
  if (before.releaseHeight !== 0n || before.frozen) {
    return reject('escrow_closed', 'the escrow is being withdrawn, closed or frozen: use a new session key')
  }
  if (before.deposited + message.amount >= WORK_LIMITS.amount) {
    return reject('message_out_of_bounds', 'the deposits add up to more than an escrow can hold')
  }
  return isWider(before, message)
    ? undefined
    : reject('escrow_narrowed', 'models, max_price, spend_limit and expiry_height can be widened only')
}

/** Executors have worked on the old terms: what these allowed stays allowed. */
function isWider(before: EscrowState, message: MsgDepositEscrow): boolean {
  const isAtLeast = (now: bigint, then: bigint): boolean => now === 0n || (then !== 0n && now >= then)
  return (
    (message.models.length === 0 ||
      (before.models.length > 0 && before.models.every((model) => message.models.includes(model)))) &&
    isAtLeast(message.maxPrice, before.maxPrice) &&
    isAtLeast(message.spendLimit, before.spendLimit) &&
    message.expiryHeight >= before.expiryHeight
  )
}

function applyDeposit(context: BlockContext, message: MsgDepositEscrow): Uint8Array {
  const { store, params } = context
  const owner = decodeAddress(message.owner)
  const payer = payerOf(message)
  const before = readEscrow(store, payer) ?? newEscrow(payer, owner, message.sessionPubkey)
  payIn(store, owner, 'escrows', message.amount)
  writeEscrow(store, {
    ...before,
    models: message.models,
    maxPrice: message.maxPrice,
    spendLimit: message.spendLimit,
    expiryHeight: message.expiryHeight,
    deposited: before.deposited + message.amount,
    guarantee: before.guarantee + mulDiv(message.amount, BigInt(params.serving.guaranteePpm), PPM),
  })
  const amount = `${message.amount}${DENOM}`
  context.emit('coin_spent', { spender: message.owner, amount })
  context.emit('escrow_deposit', { payer: ownerText(payer), owner: message.owner, amount })
  return MsgDepositEscrowResponse.encode({ payer }).finish()
}

function payerOf(message: MsgDepositEscrow): Uint8Array {
  return decodeAddress(addressOfPublicKey(message.sessionPubkey))
}

function newEscrow(payer: Uint8Array, owner: Uint8Array, sessionPubkey: Uint8Array): EscrowState {
  return {
    payer,
    sessionPubkey,
    owner,
    models: [],
    maxPrice: 0n,
    spendLimit: 0n,
    expiryHeight: 0n,
    deposited: 0n,
    guarantee: 0n,
    paid: 0n,
    refunded: 0n,
    releaseHeight: 0n,
    frozen: false,
    totalSeen: 0n,
    released: 0n,
    closed: false,
    vouched: 0n,
  }
}
