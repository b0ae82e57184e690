import { decodeAddress } from '../../protocol/address.ts'
import type { MsgSend } from '../../protocol/cosmos.ts'
import { DENOM } from '../../protocol/params.ts'
import type { BlockContext } from '../context.ts'
import { balanceOf, transfer } from '../state/bank.ts'
import type { MessageHandler } from '../tx/handler.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'

export const sendHandler: MessageHandler<MsgSend> = { validate: validateSend, apply: applySend }

function validateSend(context: BlockContext, message: MsgSend): Rejection | undefined {
  if (message.amount.some((coin) => coin.denom !== DENOM)) {
    return reject('invalid_coins', `the only coin is ${DENOM}`)
  }
  return balanceOf(context.store, decodeAddress(message.fromAddress)) < amountOf(message)
    ? reject('insufficient_funds', 'the balance is smaller than the amount')
    : undefined
}

function applySend(context: BlockContext, message: MsgSend): Uint8Array {
  const { fromAddress, toAddress } = message
  transfer(context.store, decodeAddress(fromAddress), decodeAddress(toAddress), amountOf(message))
  const amount = `${amountOf(message)}${DENOM}`
  context.emit('coin_spent', { spender: fromAddress, amount })
  context.emit('coin_received', { receiver: toAddress, amount })
  context.emit('transfer', { recipient: toAddress, sender: fromAddress, amount })
  return new Uint8Array(0)
}

function amountOf(message: MsgSend): bigint {
  return BigInt(message.amount[0]?.amount ?? '0')
}
