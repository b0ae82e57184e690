import type { HostContext } from './context.ts'

/** When a message leaves, as others will judge it: by the chain's time where this computer's clock is far off. */
export function sentAtMs({ clock, networkTimeMs }: Pick<HostContext, 'clock' | 'networkTimeMs'>): bigint {
  const timeMs = networkTimeMs?.() ?? clock.nowMs()
  return BigInt(Math.max(0, Math.trunc(timeMs)))
}
