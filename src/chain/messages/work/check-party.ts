import { decodeAddress } from '../../../protocol/address.ts'
import type { BatchState, CheckState, HostState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { BlockContext } from '../../context.ts'
import { hostOfDevice, isBarred } from '../../state/hosts.ts'
import { readBatch } from '../../state/work/batches.ts'
import type { CheckStateName } from '../../state/work/checks.ts'
import { readCheck } from '../../state/work/checks.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'

/** The host behind a device key that takes part in judging others. */
export function judgingHost(context: BlockContext, signer: string): HostState | Rejection {
  const host = hostOfDevice(context.store, decodeAddress(signer))
  if (host === undefined) {
    return reject('not_a_host', 'the signer is no device key of a registered host')
  }
  return isBarred(host, context.epoch.epoch) ? reject('barred', 'convicted in this epoch') : host
}

export interface CheckAt {
  readonly batch: BatchState
  readonly check: CheckState
}

/** A check that waits for what the message brings, in one of these states and before its deadline. */
export function waitingCheck(
  context: BlockContext,
  id: bigint,
  point: number,
  ...states: readonly CheckStateName[]
): CheckAt | Rejection {
  const batch = readBatch(context.store, id)
  if (batch === undefined) {
    return reject('unknown_batch', 'no such batch, or no more')
  }
  const check = readCheck(context.store, id, point)
  if (check === undefined) {
    return reject('unknown_check', 'the batch has no such point')
  }
  if (!states.includes(check.state as CheckStateName)) {
    return reject('wrong_duty_state', `the check is ${check.state}`)
  }
  return BigInt(context.height) > check.deadlineHeight
    ? reject('deadline_passed', `this was due until height ${check.deadlineHeight}`)
    : { batch, check }
}

export function isRefused<T extends object>(result: T | Rejection): result is Rejection {
  return 'code' in result
}
