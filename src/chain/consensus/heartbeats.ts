import { PPM } from '../../lib/fixed-point.ts'
import type { Params } from '../../protocol/params.ts'
import type { StateStore } from '../application.ts'
import { readHeartbeats } from '../state/consensus/presence.ts'
import type { Validator } from '../state/consensus/validators.ts'

/** Slots in which a key is to show that its node follows the chain. */
export interface HeartbeatWindow {
  /** First slot that counts, and the present one, which does not count yet. */
  readonly first: bigint
  readonly present: bigint
}

export function slotOf({ consensus }: Params, height: number): bigint {
  return BigInt(height) / BigInt(consensus.heartbeatBlocks)
}

/** The slots of one epoch that are over at `height`; a chain's first slot, which is short, never counts. */
export function heartbeatWindow(params: Params, height: number): HeartbeatWindow {
  const present = slotOf(params, height)
  const length = slotOf(params, params.epochLength)
  const first = present - (length > 0n ? length : 1n)
  return { first: first > 1n ? first : 1n, present: present > 1n ? present : 1n }
}

/** Slots of the window with a heartbeat of this key. */
export function countHeartbeats(store: StateStore, validator: Uint8Array, window: HeartbeatWindow): bigint {
  const slots = readHeartbeats(store, validator)
  return BigInt(slots.filter((slot) => slot >= window.first && slot < window.present).length)
}

/** Whether the key posted what it must to gain power, or to come back. */
export function hasPosted(store: StateStore, params: Params, height: number, validator: Uint8Array): boolean {
  const window = heartbeatWindow(params, height)
  const due = window.present - window.first
  return countHeartbeats(store, validator, window) * PPM >= due * BigInt(params.consensus.heartbeatPpm)
}

/** Whether the key stood in the set in the whole window and signed as large a share of the blocks since the last settle. */
export function hasSigned(params: Params, height: number, settledHeight: bigint, { record }: Validator): boolean {
  const { first } = heartbeatWindow(params, height)
  const isIn = record.power !== '0' && record.inSetSince <= first * BigInt(params.consensus.heartbeatBlocks)
  const blocks = BigInt(height) - settledHeight
  return isIn && record.missedSinceSettle * PPM <= blocks * (PPM - BigInt(params.consensus.heartbeatPpm))
}
