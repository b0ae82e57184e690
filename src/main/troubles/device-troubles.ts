/** The device and the page that lends it. */
import type { DeviceFaults } from './device-watch.ts'
import type { TroubleSource } from './trouble-source.ts'

export interface DeviceTroublePorts {
  readonly faults: () => DeviceFaults
  readonly isJoined: () => boolean
  readonly isPageHere: () => boolean
}

export function deviceTroubles({ faults, isJoined, isPageHere }: DeviceTroublePorts): readonly TroubleSource[] {
  return [
    {
      code: 'device_lost',
      level: 'warning',
      // A device that is replaced at once is told by a notice alone.
      afterMs: 3_000,
      endAfterMs: 1_000,
      read() {
        const { lost } = faults()
        return lost === undefined ? undefined : { backend: lost }
      },
    },
    {
      code: 'page_closed',
      level: 'warning',
      // A reload is no closing.
      afterMs: 6_000,
      endAfterMs: 0,
      // Without the page this process's own CPU goes on, slowly.
      read: () => (isJoined() && !isPageHere() ? { backend: 'cpu' } : undefined),
    },
    {
      code: 'out_of_memory',
      level: 'error',
      afterMs: 0,
      endAfterMs: 1_000,
      read() {
        const { memory } = faults()
        return memory === undefined ? undefined : { model: memory }
      },
    },
    {
      code: 'model_damaged',
      level: 'error',
      afterMs: 0,
      endAfterMs: 1_000,
      read() {
        const { damaged } = faults()
        return damaged === undefined ? undefined : { ...damaged }
      },
    },
  ]
}
