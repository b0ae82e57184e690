import { equalBytes } from '../../../lib/bytes.ts'
import { decodeAddress } from '../../../protocol/address.ts'
import type { ServiceState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { MsgServeModels, ServiceOffer } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgServeModelsResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { isNumericClass } from '../../../protocol/work/classes.ts'
import type { BlockContext } from '../../context.ts'
import { hostOfDevice } from '../../state/hosts.ts'
import { readModel } from '../../state/work/models.ts'
import { listServices, readService, writeService } from '../../state/work/services.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'
import { requireOwner } from '../acting-host.ts'

export const serveModelsHandler: MessageHandler<MsgServeModels> = { validate: validateServe, apply: applyServe }

function validateServe(context: BlockContext, message: MsgServeModels): Rejection | undefined {
  const host = hostOfDevice(context.store, decodeAddress(message.signer))
  if (host === undefined || !equalBytes(host.owner, decodeAddress(message.host))) {
    return reject('not_a_host', 'the signer is not the device key of this host')
  }
  if (message.offers.some(({ model }) => readModel(context.store, model) === undefined)) {
    return reject('unknown_model', 'the network has no such model')
  }
  return message.offers.every(({ numericClass }) => isNumericClass(numericClass))
    ? undefined
    : reject('unknown_class', 'the network knows no limits for this numeric class')
}

/** What is no longer offered keeps its record: its receipts may be on their way, and its reputation is not shed by leaving. */
function applyServe(context: BlockContext, message: MsgServeModels): Uint8Array {
  const { store } = context
  const owner = requireOwner(context, message.signer)
  const offered = new Set(message.offers.map(({ model }) => model))
  for (const { service } of listServices(store, owner)) {
    if (service.sinceHeight !== 0n && !offered.has(service.model)) {
      writeService(store, owner, { ...service, sinceHeight: 0n })
    }
  }
  for (const offer of message.offers) {
    const before = readService(store, owner, offer.model) ?? newService(offer.model)
    writeService(store, owner, { ...before, ...termsOf(offer), sinceHeight: sinceOf(context, before, offer) })
  }
  context.emit('serve_models', { host: message.host, models: [...offered].join(' ') })
  return MsgServeModelsResponse.encode({}).finish()
}

function termsOf({
  numericClass,
  tokensPerSecond,
}: ServiceOffer): Pick<ServiceState, 'numericClass' | 'tokensPerSecond'> {
  return { numericClass, tokensPerSecond }
}

function sinceOf(context: BlockContext, before: ServiceState, offer: ServiceOffer): bigint {
  const goesOn = before.sinceHeight !== 0n && before.numericClass === offer.numericClass
  return goesOn ? before.sinceHeight : BigInt(context.height)
}

function newService(model: string): ServiceState {
  return {
    model,
    numericClass: '',
    tokensPerSecond: 0,
    sinceHeight: 0n,
    g: 0n,
    suspicion: 0n,
    receipts: 0n,
    value: 0n,
    checksPassed: 0n,
    checksFailed: 0n,
    withheld: 0n,
    epoch: 0n,
    epochValue: 0n,
    epochPoints: 0n,
    listedHeight: 0n,
  }
}
