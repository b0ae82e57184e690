import type { BlockContext } from '../context.ts'
import { deleteRange } from '../state/records.ts'
import { listServices, writeService } from '../state/work/services.ts'
import { payerCreditRange } from '../state/work/work-keys.ts'
import { idleG } from '../work/reputation.ts'

/** End of the close height: g of services without a batch in this epoch falls, and what payers added in the last one is forgotten. */
export function ageReputations(context: BlockContext): void {
  const { store, epoch } = context
  for (const { owner, service } of listServices(store)) {
    const isIdle = service.epoch !== BigInt(epoch.epoch) || service.epochValue === 0n
    if (isIdle && service.g > 0n) {
      writeService(store, owner, { ...service, g: idleG(service.g) })
    }
  }
  if (epoch.epoch > 0) {
    deleteRange(store, payerCreditRange(epoch.epoch - 1))
  }
}
