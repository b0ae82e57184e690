/** What the owner key is needed for and cannot do while it is locked, and a device key that runs out. */
import type { HostView } from '../../host/view.ts'
import type { TroubleSource } from './trouble-source.ts'

export interface WalletTroublePorts {
  readonly view: () => Pick<HostView, 'joined' | 'ownerNeededFor' | 'record' | 'deviceAddress' | 'epoch'>
  readonly isLocked: () => boolean
  /** Blocks of an epoch; undefined until the chain said so. */
  readonly epochLength: () => number | undefined
}

/** A host renews two epochs before (host/joining.ts): when one is left it did not succeed. */
const LAST_EPOCHS = 1

export function walletTroubles(ports: WalletTroublePorts): readonly TroubleSource[] {
  return [
    {
      code: 'wallet_locked',
      level: 'error',
      afterMs: 2_000,
      endAfterMs: 1_000,
      read() {
        const { ownerNeededFor } = ports.view()
        // The host says it from one block to the next; whether the wallet is still locked is known at once.
        return ports.isLocked() && ownerNeededFor !== undefined ? { action: ownerNeededFor } : undefined
      },
    },
    {
      code: 'device_key_expiring',
      level: 'warning',
      afterMs: 5_000,
      endAfterMs: 1_000,
      read: () => (isExpiring(ports) ? { blocks: blocksLeft(ports) ?? 0 } : undefined),
    },
  ]
}

function isExpiring(ports: WalletTroublePorts): boolean {
  const blocks = blocksLeft(ports)
  const length = ports.epochLength()
  return ports.view().joined && blocks !== undefined && length !== undefined && blocks <= LAST_EPOCHS * length
}

function blocksLeft({ view }: WalletTroublePorts): number | undefined {
  const { record, deviceAddress, epoch } = view()
  if (record === undefined || epoch === undefined || record.deviceAddress !== deviceAddress) {
    return undefined
  }
  return Math.max(0, Number(record.deviceExpiryHeight) - epoch.height)
}
