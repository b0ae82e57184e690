/**
 * When held earnings are credited, by the chain's rule (chain/epoch/close.ts): what was held in epoch e is paid at the close of
 * e + holdEpochs, or later while a batch of it is open. Pure, in utail.
 */
import type { EarningEpoch } from '../../../ipc/wires/earnings-wire.ts'

export interface Release {
  /** At whose close it falls due. */
  readonly dueEpoch: number
  /** Its hold is over, but checks of its batches are still open: the next close may pay it. */
  readonly isWaiting: boolean
  readonly amount: bigint
}

export interface ReleaseOptions {
  readonly runningEpoch: number
  readonly holdEpochs: number
  /** What the chain says is held. */
  readonly held: bigint
}

/** Soonest first. Together never more than what is held. */
export function releasesOf(epochs: readonly EarningEpoch[], options: ReleaseOptions): readonly Release[] {
  const { runningEpoch, holdEpochs } = options
  const due = new Map<number, Release>()
  // From the newest back: a conviction takes what was held of all epochs and stands in the ledger of one.
  let left = options.held
  for (const { epoch, lines } of [...epochs].sort((a, b) => b.epoch - a.epoch)) {
    const open = lines.reduce((sum, line) => sum + heldChange(line), 0n)
    const amount = open > left ? left : open
    if (amount <= 0n) {
      continue
    }
    left -= amount
    const dueEpoch = Math.max(epoch + holdEpochs, runningEpoch)
    const before = due.get(dueEpoch)
    due.set(dueEpoch, {
      dueEpoch,
      isWaiting: (before?.isWaiting ?? false) || epoch + holdEpochs < runningEpoch,
      amount: (before?.amount ?? 0n) + amount,
    })
  }
  return [...due.values()].sort((a, b) => a.dueEpoch - b.dueEpoch)
}

function heldChange({ kind, reason, amount }: EarningEpoch['lines'][number]): bigint {
  switch (kind) {
    case 'hold':
      return BigInt(amount)
    case 'credit':
    case 'bond':
      return -BigInt(amount)
    case 'debit':
      return reason === 'slashed_bond' ? 0n : -BigInt(amount)
    case 'zero':
      return 0n
  }
}
