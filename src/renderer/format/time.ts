import type { EpochClock } from '../../ipc/snapshot.ts'

/** `0:07`, `12:30`, `1:05:00`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.ceil(durationMs / 1_000))
  const two = (value: number) => String(value).padStart(2, '0')
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) {
    return `${minutes}:${two(seconds % 60)}`
  }
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`
}

/** `840 ms`, `3.2 s`, `2 min 5 s`. */
export function formatSpan(durationMs: number): string {
  if (durationMs < 1_000) {
    return `${Math.round(durationMs)} ms`
  }
  if (durationMs < 60_000) {
    return `${(durationMs / 1_000).toFixed(1)} s`
  }
  const seconds = Math.round(durationMs / 1_000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** `14:03:09` in the person's time zone. */
export function formatClock(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB', { hour12: false })
}

/** Time until the block of this height is expected, from the last one's arrival. */
export function msUntilHeight(epoch: EpochClock, height: number, nowMs: number): number {
  const sinceLastMs = Math.min(Math.max(0, nowMs - epoch.lastBlockAtMs), epoch.blockTimeMs)
  return Math.max(0, (height - epoch.height) * epoch.blockTimeMs - sinceLastMs)
}

/** How far the epoch has come, 0 to 1. */
export function epochFraction(epoch: EpochClock, nowMs: number): number {
  const length = epoch.closeHeight - epoch.startHeight + 1
  const left = msUntilHeight(epoch, epoch.closeHeight + 1, nowMs) / epoch.blockTimeMs
  return Math.min(1, Math.max(0, 1 - left / length))
}
