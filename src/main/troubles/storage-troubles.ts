/** The disk that the data folder lies on. */
import type { StorageWatch } from './storage-watch.ts'
import type { TroubleSource } from './trouble-source.ts'

export function storageTroubles(watch: Pick<StorageWatch, 'state'>, folder: string): readonly TroubleSource[] {
  const fields = () => ({ freeBytes: Math.max(0, Math.floor(watch.state().freeBytes)), folder: folder.slice(0, 512) })
  return [
    {
      code: 'disk_full',
      level: 'error',
      afterMs: 0,
      endAfterMs: 0,
      read: () => (watch.state().isFull ? fields() : undefined),
    },
    {
      code: 'disk_low',
      level: 'warning',
      afterMs: 0,
      endAfterMs: 0,
      // Full says it already.
      read: () => (watch.state().isLow && !watch.state().isFull ? fields() : undefined),
    },
  ]
}
