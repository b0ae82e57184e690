import { decodeAddress } from '../../../protocol/address.ts'
import type { MsgNameValidator } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgNameValidatorResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { validatorText } from '../../consensus/validator-text.ts'
import type { BlockContext } from '../../context.ts'
import { readValidator } from '../../state/chain-status.ts'
import { removeCarrier, writeCarrier } from '../../state/consensus/carriers.ts'
import { isUsable } from '../../state/consensus/validators.ts'
import { readHost } from '../../state/hosts.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'

/** From the next settle on; it waits while the host has a key of its own. */
export const nameValidatorHandler: MessageHandler<MsgNameValidator> = {
  validate: validateNameValidator,
  apply: applyNameValidator,
}

function validateNameValidator({ store }: BlockContext, message: MsgNameValidator): Rejection | undefined {
  if (readHost(store, decodeAddress(message.owner)) === undefined) {
    return reject('not_a_host', 'nobody registered this host')
  }
  const named = message.validator.length === 0 ? undefined : readValidator(store, message.validator)
  const isCarrier = named !== undefined && isUsable(named) && named.owner.length > 0
  return message.validator.length === 0 || isCarrier
    ? undefined
    : reject('unknown_validator', 'no key of a host with this address, or no more')
}

function applyNameValidator(context: BlockContext, message: MsgNameValidator): Uint8Array {
  const host = decodeAddress(message.owner)
  if (message.validator.length === 0) {
    removeCarrier(context.store, host)
  } else {
    writeCarrier(context.store, host, { validator: message.validator, named: true })
  }
  context.emit('name_validator', { host: message.owner, validator: validatorText(message.validator) })
  return MsgNameValidatorResponse.encode({}).finish()
}
