/** Earnings as the host would give them: of a host that races, serves and checks, some epochs of which go wrong. */

import type { ScreenSnapshot } from '../../../src/ipc/snapshot.ts'
import type { EarningEpoch, EarningLine, EarningsPage } from '../../../src/ipc/wires/earnings-wire.ts'
import { COMPANION_ONE, COMPANION_TWO } from './sample-snapshot.ts'

const NO_SUMS = { held: '0', credited: '0', bonded: '0', debitedHeld: '0', debitedBond: '0' }

/** A host that has earned nothing yet, on a local network. */
export function emptyEarnings(): EarningsPage {
  return {
    epochs: [],
    hasMore: false,
    epochMs: 40_000,
    totals: NO_SUMS,
    missing: { ...NO_SUMS, entries: '0' },
    completeFromEpoch: 0,
  }
}

export interface SampleEarningsOptions {
  readonly nowMs: number
  /** Closed epochs before the running one. */
  readonly closed: number
  readonly epochMs: number
  readonly holdEpochs: number
  /** Number of the first epoch. */
  readonly firstEpoch?: number
}

export function sampleEarnings(options: SampleEarningsOptions): EarningsPage {
  const { nowMs, closed, epochMs, holdEpochs, firstEpoch = 3 } = options
  const running = firstEpoch + closed
  const runningMs = 0.6 * epochMs
  const epochs = Array.from({ length: closed + 1 }, (_, back): EarningEpoch => {
    const epoch = running - back
    const endedAtMs = back === 0 ? nowMs : nowMs - runningMs - (back - 1) * epochMs
    return {
      epoch,
      startedAtMs: endedAtMs - (back === 0 ? runningMs : epochMs),
      endedAtMs,
      isClosed: back > 0,
      device: deviceAt(epoch, firstEpoch + closed / 3),
      weightPpm: 400_000 + (epoch % 9) * 10_000,
      lines: linesOf(epoch, back > 0, back > holdEpochs),
    }
  })
  const lines = epochs.flatMap((each) => each.lines)
  const sum = (kind: EarningLine['kind']) =>
    lines
      .filter((line) => line.kind === kind)
      .reduce((total, { amount }) => total + BigInt(amount), 0n)
      .toString()
  const totals = {
    held: sum('hold'),
    credited: sum('credit'),
    bonded: sum('bond'),
    debitedHeld: sum('debit'),
    debitedBond: '0',
  }
  return { ...emptyEarnings(), epochs, epochMs, totals }
}

function deviceAt(epoch: number, changedAt: number): EarningEpoch['device'] {
  return epoch < changedAt
    ? { address: COMPANION_TWO, name: 'old laptop' }
    : { address: COMPANION_ONE, name: 'this computer' }
}

/** The same for an epoch in every run; about 60 TAIL. */
function linesOf(epoch: number, isClosed: boolean, isReleased: boolean): EarningLine[] {
  const wave = Math.sin(epoch / 7) + Math.sin(epoch / 2.3) / 2
  const emission = Math.round(42_000_000 + 7_000_000 * wave + ((epoch * 7_919) % 23) * 310_007)
  const income = 6_000_000 + ((epoch * 104_729) % 17) * 910_003
  const line = (kind: EarningLine['kind'], reason: string, amount: number): EarningLine => ({
    kind,
    reason,
    amount: String(amount),
    entries: 1,
  })
  if (epoch % 19 === 5) {
    return [line('zero', 'too_few_finds', 0)]
  }
  const burned = Math.floor(income / 20)
  const orders = [line('hold', 'order_income', income), line('debit', 'order_burn', burned)]
  if (!isClosed) {
    return orders
  }
  const checked = 2_100_000 + (epoch % 5) * 640_001
  const held = income - burned + checked + emission - 310_000
  const kept = Math.floor(held * 0.04)
  return [
    ...orders,
    line('debit', 'check_fee', 310_000),
    line('hold', 'check_reward', checked),
    line('hold', 'emission_share', emission),
    ...(isReleased ? [line('bond', 'bond_kept', kept), line('credit', 'hold_released', held - kept)] : []),
  ]
}

/** The snapshot of the host that earned this: its standing, totals and epoch are those of the page. */
export function withEarnings(snapshot: ScreenSnapshot, page: EarningsPage, holdEpochs: number): ScreenSnapshot {
  const running = page.epochs[0]?.epoch ?? 3
  const { held, credited, bonded, debitedHeld, debitedBond } = page.totals
  const left = BigInt(held) - BigInt(credited) - BigInt(bonded) - BigInt(debitedHeld)
  const blockTimeMs = page.epochMs / 40
  const startHeight = running * 40
  return {
    ...snapshot,
    rules: snapshot.rules && { ...snapshot.rules, holdEpochs, network: page.epochMs > 60_000 ? 'public' : 'local' },
    chain: { ...snapshot.chain, height: startHeight + 24 },
    epoch: snapshot.epoch && {
      ...snapshot.epoch,
      epoch: running,
      stage: 'serve',
      height: startHeight + 24,
      blockTimeMs,
      startHeight,
      raceEndHeight: startHeight + 10,
      settleHeight: startHeight + 23,
      closeHeight: startHeight + 39,
      blocksToNextRace: 16,
    },
    standing: snapshot.standing && {
      ...snapshot.standing,
      held: left.toString(),
      credited,
      bond: (BigInt(bonded) - BigInt(debitedBond)).toString(),
    },
    balance: credited,
    ledgerTotals: { lastSequence: String(page.epochs.length * 8), held, credited, bonded, debitedHeld, debitedBond },
  }
}
