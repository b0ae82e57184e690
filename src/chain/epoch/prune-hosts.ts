import type { HostState } from '../../protocol/gen/tailrace/v1/state.ts'
import { epochOfHeight } from '../../protocol/params.ts'
import type { BlockContext } from '../context.ts'
import { listHosts, ownerText, removeHost } from '../state/hosts.ts'
import { openBatchCount } from '../state/work/batches.ts'

/** Epochs after its registration, or its last fault, in which a host has to earn something. */
const EPOCHS_TO_EARN = 3

/**
 * End of the close height: hosts that came to nothing are forgotten, or registrations, which are all but free, would pile up
 * for ever. Whoever ever earned has held earnings or a bond and stays; a convicted host has neither and registers anew.
 */
export function pruneHosts(context: BlockContext): void {
  for (const host of listHosts(context.store)) {
    if (holdsNothing(host) && isOld(context, host) && openBatchCount(context.store, host.owner, 1) === 0) {
      removeHost(context.store, host)
      context.emit('host_removed', { host: ownerText(host.owner) })
    }
  }
}

function holdsNothing(host: HostState): boolean {
  return !host.genesis && host.weight === '0' && host.held === '0' && host.bond === '0'
}

function isOld({ params, epoch }: BlockContext, host: HostState): boolean {
  return [host.registeredHeight, host.lastFaultHeight].every(
    (height) => epochOfHeight(params, Number(height)) + EPOCHS_TO_EARN <= epoch.epoch,
  )
}
