import { compareBytes, equalBytes, toHex } from '../../lib/bytes.ts'
import type { HostState, RosterEntry } from '../../protocol/gen/tailrace/v1/state.ts'
import { RosterState } from '../../protocol/gen/tailrace/v1/state.ts'
import { Duty } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { BlockContext } from '../context.ts'
import { RANDOMNESS_KEPT } from '../state/chain-status.ts'
import { dutyViolation, isBarred, listHosts } from '../state/hosts.ts'
import { listModels } from '../state/work/models.ts'
import { newestRoster, pruneRosters, writeRoster } from '../state/work/rosters.ts'
import { listServices, writeService } from '../state/work/services.ts'
import { reputationOf } from './reputation.ts'

/**
 * End of every `rosterBlocks`-th block: who can be drawn for each model from now on, written where it changed. A roster is
 * forgotten with the randomness of the heights that it was used for: a draw needs both.
 */
export function writeRosters(context: BlockContext): void {
  const { store, height, params } = context
  if (height % params.serving.rosterBlocks !== 0) {
    return
  }
  const entries = rosterEntries(context)
  for (const { id } of listModels(store)) {
    const now = entries.get(id) ?? []
    if (!isSameRoster(newestRoster(store, id)?.entries ?? [], now)) {
      writeRoster(store, id, { height: BigInt(height), entries: now })
    }
    if (height > RANDOMNESS_KEPT) {
      pruneRosters(store, id, height - RANDOMNESS_KEPT)
    }
  }
}

/** By model, in address order. Notes in each service when it was named first. */
function rosterEntries(context: BlockContext): Map<string, RosterEntry[]> {
  const eligible = new Map(
    listHosts(context.store)
      .filter((host) => isEligible(context, host))
      .map((host) => [toHex(host.owner), host]),
  )
  const byModel = new Map<string, RosterEntry[]>()
  for (const { owner, service } of listServices(context.store)) {
    const host = eligible.get(toHex(owner))
    if (host === undefined || service.sinceHeight === 0n) {
      continue
    }
    const { numericClass, model } = service
    if (service.listedHeight === 0n) {
      writeService(context.store, owner, { ...service, listedHeight: BigInt(context.height) })
    }
    const entry = { host: owner, weight: host.weight, numericClass, reputationPpm: reputationOf(service.g) }
    const list = byModel.get(model)
    if (list === undefined) {
      byModel.set(model, [entry])
    } else {
      list.push(entry)
    }
  }
  for (const list of byModel.values()) {
    list.sort((a, b) => compareBytes(a.host, b.host))
  }
  return byModel
}

function isEligible({ height, epoch }: BlockContext, host: HostState): boolean {
  return (
    host.active &&
    BigInt(host.weight) > 0n &&
    !isBarred(host, epoch.epoch) &&
    dutyViolation(host, Duty.DUTY_SERVE, height + 1) === undefined
  )
}

function isSameRoster(before: RosterEntry[], now: RosterEntry[]): boolean {
  const bytes = (entries: RosterEntry[]): Uint8Array => RosterState.encode({ height: 0n, entries }).finish()
  return equalBytes(bytes(before), bytes(now))
}
