import { decodeAddress } from '../../protocol/address.ts'
import type { EpochState, HostState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { BlockContext } from '../context.ts'
import { hostOfDevice, isBarred } from '../state/hosts.ts'
import { readEpochState } from '../state/races.ts'
import { listVerifications } from '../state/verifications.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'

/** The host that a device key acts for, in the running epoch. */
export interface ActingHost {
  readonly host: HostState
  readonly epochState: EpochState
}

/**
 * The host behind `signer` where it may act in the epoch that the message names, or why not. A transaction's earlier
 * messages may have changed what the ante saw, so the host is looked up again.
 */
export function actingHost(context: BlockContext, signer: string, epoch: bigint): ActingHost | Rejection {
  const host = hostOfDevice(context.store, decodeAddress(signer))
  if (host === undefined) {
    return reject('not_a_host', 'the signer is no device key of a registered host')
  }
  const epochState = readEpochState(context.store, context.epoch.epoch)
  if (epoch !== BigInt(context.epoch.epoch) || epochState === undefined) {
    return reject('wrong_epoch', `the running epoch is ${context.epoch.epoch}`)
  }
  if (isBarred(host, context.epoch.epoch)) {
    return reject('barred', 'convicted in this epoch')
  }
  return { host, epochState }
}

export function isRejection(result: ActingHost | Rejection): result is Rejection {
  return 'code' in result
}

/** For `apply`, after `validate` found nothing wrong. */
export function requireOwner(context: BlockContext, signer: string): Uint8Array {
  return hostOfDevice(context.store, decodeAddress(signer))?.owner ?? new Uint8Array(0)
}

/**
 * Whether a host may ask for a re-execution. They are scarce, one a block: those who bear the network's weight or this
 * epoch's checks may, so that hosts which cost nothing to register cannot fill the queue.
 */
export function isEntitled(context: BlockContext, host: HostState): boolean {
  return BigInt(host.weight) > 0n || listVerifications(context.store, context.epoch.epoch, host.owner).length > 0
}
