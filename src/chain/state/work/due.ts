import type { StateStore } from '../../application.ts'
import { dueKey, dueUntil } from './work-keys.ts'

/** The queue of what happens to batches and checks by itself: events at heights, in order of height, batch and point. */
export interface DueEvent {
  readonly height: number
  readonly batch: bigint
  readonly point: number
}

/** In place of a point: the batch's custodian, or its points, are to be drawn. */
export const CUSTODIAN_EVENT = 0xffff_fffe
export const POINTS_EVENT = 0xffff_ffff
/** The epoch of the batch closes: the points that its host lacks are to be drawn. */
export const FLOOR_EVENT = 0xffff_fffd
/** The batch and its checks are to be forgotten. */
export const PRUNE_EVENT = 0xffff_fffc

const KEY_TAIL = 20

export function scheduleEvent(store: StateStore, event: DueEvent): void {
  store.set(dueKey(event.height, event.batch, event.point), Uint8Array.of(1))
}

export function removeEvent(store: StateStore, event: DueEvent): void {
  store.delete(dueKey(event.height, event.batch, event.point))
}

/** Events of this height and those that earlier blocks had no room for, the oldest first, at most `limit`. */
export function dueEvents(store: StateStore, height: number, limit: number): DueEvent[] {
  const { from, to } = dueUntil(height)
  return [...store.range(from, to, { limit })].map(([key]) => {
    const view = new DataView(key.buffer, key.byteOffset + key.length - KEY_TAIL)
    return { height: Number(view.getBigUint64(0)), batch: view.getBigUint64(8), point: view.getUint32(16) }
  })
}
