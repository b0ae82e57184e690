/**
 * What epochs of earnings come to: by source, over a span of time, by day and by device. Pure, exact, in utail. Invariant: each
 * hold and each debit counts in exactly one source; movements between hold, bond and balance count in none.
 */
import type { EarningEpoch, EarningLine } from '../../../ipc/wires/earnings-wire.ts'

export const SOURCES = ['races', 'orders', 'checks'] as const
export type Source = (typeof SOURCES)[number]

/** `taken`: burned, paid to checkers, given back or taken by a conviction; counted positive. */
export type SourceSums = Readonly<Record<Source | 'taken', bigint>>

export const NO_SOURCES: SourceSums = { races: 0n, orders: 0n, checks: 0n, taken: 0n }

export function sourcesOf(lines: readonly EarningLine[]): SourceSums {
  const sums: Record<Source | 'taken', bigint> = { ...NO_SOURCES }
  for (const { kind, reason, amount } of lines) {
    if (kind === 'hold') {
      sums[sourceOf(reason)] += BigInt(amount)
    } else if (kind === 'debit') {
      sums.taken += BigInt(amount)
    }
  }
  return sums
}

function sourceOf(reason: string): Source {
  switch (reason) {
    case 'emission_share':
      return 'races'
    case 'check_reward':
      return 'checks'
    default:
      return 'orders'
  }
}

/** Earned less taken. */
export function netOf(sums: SourceSums): bigint {
  return sums.races + sums.orders + sums.checks - sums.taken
}

export function addSources(a: SourceSums, b: SourceSums): SourceSums {
  return {
    races: a.races + b.races,
    orders: a.orders + b.orders,
    checks: a.checks + b.checks,
    taken: a.taken + b.taken,
  }
}

export function sumOf(epochs: readonly EarningEpoch[]): SourceSums {
  return epochs.reduce((sum, { lines }) => addSources(sum, sourcesOf(lines)), NO_SOURCES)
}

/** An epoch counts where its last block lies. */
export function since(epochs: readonly EarningEpoch[], fromMs: number): readonly EarningEpoch[] {
  return epochs.filter(({ endedAtMs }) => endedAtMs >= fromMs)
}

/** The person's midnight before (or at) this moment. */
export function startOfDay(atMs: number): number {
  const date = new Date(atMs)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}

/** The person's midnight `days` later; days of a change of clocks have 23 or 25 hours. */
export function addDays(startMs: number, days: number): number {
  const date = new Date(startMs)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime()
}

/** One bar of the chart. */
export interface Slot {
  /** Unique: the day's start or the epoch's number. */
  readonly key: number
  readonly startMs: number
  readonly endMs: number
  /** Undefined where it is a day. */
  readonly epoch: number | undefined
  /** More may come in. */
  readonly isRunning: boolean
  /** Lines of it may be missing. */
  readonly isPartial: boolean
  readonly sums: SourceSums
}

/** Days without gaps to today, oldest first, at most the newest `limit`. */
export function byDay(
  epochs: readonly EarningEpoch[],
  options: { readonly nowMs: number; readonly limit: number; readonly completeFromEpoch: number },
): readonly Slot[] {
  const { nowMs, limit, completeFromEpoch } = options
  const oldest = epochs.at(-1)
  if (oldest === undefined) {
    return []
  }
  const today = startOfDay(nowMs)
  const slots: Slot[] = []
  for (let day = 0; slots.length < limit; day--) {
    const startMs = addDays(today, day)
    const endMs = addDays(today, day + 1)
    const own = epochs.filter(({ endedAtMs }) => endedAtMs >= startMs && endedAtMs < endMs)
    const isPartial = own.some(({ epoch }) => epoch < completeFromEpoch)
    slots.push({ key: startMs, startMs, endMs, epoch: undefined, isRunning: day === 0, isPartial, sums: sumOf(own) })
    if (oldest.endedAtMs >= startMs) {
      break
    }
  }
  return slots.reverse()
}

/** Oldest first, at most the newest `limit`; epochs without an entry are slots of nothing. */
export function byEpoch(
  epochs: readonly EarningEpoch[],
  options: { readonly limit: number; readonly completeFromEpoch: number; readonly epochMs: number },
): readonly Slot[] {
  const newest = epochs[0]
  const oldest = epochs.at(-1)
  if (newest === undefined || oldest === undefined) {
    return []
  }
  const known = new Map(epochs.map((each) => [each.epoch, each]))
  const first = Math.max(oldest.epoch, newest.epoch - options.limit + 1)
  return Array.from({ length: newest.epoch - first + 1 }, (_, index) => {
    const epoch = first + index
    const own = known.get(epoch)
    const startMs = own?.startedAtMs ?? newest.startedAtMs - (newest.epoch - epoch) * options.epochMs
    return {
      key: epoch,
      startMs,
      endMs: own?.endedAtMs ?? startMs + options.epochMs,
      epoch,
      isRunning: own?.isClosed === false,
      isPartial: epoch < options.completeFromEpoch,
      sums: own === undefined ? NO_SOURCES : sourcesOf(own.lines),
    }
  })
}

export interface DeviceSums {
  readonly address: string
  readonly name: string
  readonly epochs: number
  readonly lastMs: number
  readonly sums: SourceSums
}

/** By machine, the one that acted last first. */
export function byDevice(epochs: readonly EarningEpoch[]): readonly DeviceSums[] {
  const devices = new Map<string, DeviceSums>()
  for (const { device, endedAtMs, lines } of epochs) {
    const own = devices.get(device.address)
    devices.set(device.address, {
      address: device.address,
      // Newest first: the name that it had last.
      name: own?.name ?? device.name,
      epochs: (own?.epochs ?? 0) + 1,
      lastMs: Math.max(own?.lastMs ?? 0, endedAtMs),
      sums: addSources(own?.sums ?? NO_SOURCES, sourcesOf(lines)),
    })
  }
  return [...devices.values()].sort((a, b) => b.lastMs - a.lastMs)
}
