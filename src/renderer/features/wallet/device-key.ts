import type { EpochClock } from '../../../ipc/snapshot.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** A device key that ends sooner is worth a look. */
const SOON_MS = 3 * DAY_MS

export interface DeviceKeyWords {
  readonly words: string
  readonly isSoon: boolean
}

/** Until when the device key signs, in days of the chain's nominal block time. */
export function deviceKeyWords(
  expiryHeight: number,
  epoch: Pick<EpochClock, 'height' | 'blockTimeMs'> | null,
): DeviceKeyWords {
  if (expiryHeight === 0 || epoch === null) {
    return { words: 'until it is replaced', isSoon: false }
  }
  const leftMs = (expiryHeight - epoch.height) * epoch.blockTimeMs
  if (leftMs <= 0) {
    return { words: 'and has expired: it is renewed at the next join with the wallet open', isSoon: true }
  }
  const isSoon = leftMs < SOON_MS
  if (leftMs < HOUR_MS) {
    return { words: 'for less than an hour', isSoon }
  }
  const hours = Math.floor(leftMs / HOUR_MS)
  const days = Math.floor(leftMs / DAY_MS)
  const span = leftMs < 2 * DAY_MS ? `${hours} ${hours === 1 ? 'hour' : 'hours'}` : `${days} days`
  return { words: `for ${span} more`, isSoon }
}
