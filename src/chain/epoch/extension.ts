import { MESSAGE_LIMITS } from '../../protocol/messages.ts'
import type { EpochHeights } from '../../protocol/params.ts'
import { RANDOMNESS_DELAY } from '../../protocol/params.ts'
import type { EndContext } from '../context.ts'
import { extensionPendingRange } from '../state/keys.ts'
import { listFinds, readEpochState, readRace, writeEpochState, writeRace } from '../state/races.ts'
import { readSample } from '../state/verifications.ts'
import type { DrawnFrom } from './draw-round.ts'
import { drawRound } from './draw-round.ts'

/** Blocks that a verifier has at least for the root of an extension round that counts. */
const ROOT_BLOCKS = 2

/** Last block in which any root is of use: its opening is drawn two blocks later and must fit before the settle. */
function lastRootHeight(epoch: EpochHeights): number {
  return epoch.settleHeight - RANDOMNESS_DELAY - 1
}

/**
 * Whether a round drawn now leaves two blocks for its root and as many for its opening as round 0 does. Only then it counts
 * against who does not answer; else the root is taken as long as it is of any use.
 */
function isInTime(epoch: EpochHeights, height: number): boolean {
  return height + ROOT_BLOCKS <= epoch.rootDeadlineHeight
}

/**
 * Further checks of hosts with one proven wrong find. Drawn in batches, at most three an epoch and evenly spaced, so that a
 * verifier has one duty a round; the first batch follows the first wrong find in the next block.
 */
export function drawExtensions(context: EndContext): void {
  const { store, params, epoch, height } = context
  const state = readEpochState(store, epoch.epoch)
  const isOpen =
    state !== undefined &&
    state.nextRound > 0 &&
    state.nextRound < MESSAGE_LIMITS.verificationRounds &&
    BigInt(height) >= state.nextExtensionHeight &&
    height < lastRootHeight(epoch)
  if (!isOpen) {
    return
  }
  const { from, to } = extensionPendingRange(epoch.epoch)
  const pending = [...store.range(from, to)].map(([key]) => key)
  if (pending.length === 0) {
    return
  }
  for (const key of pending) {
    store.delete(key)
  }
  const pools = pending.flatMap((key) => uncheckedFinds(context, key.slice(-20)))
  const inTime = isInTime(epoch, height)
  drawRound(context, pools, {
    round: state.nextRound,
    size: params.extensionSize,
    rootDeadlineHeight: inTime ? epoch.rootDeadlineHeight : lastRootHeight(epoch),
    optional: !inTime,
  })
  const spacing = BigInt(lastRootHeight(epoch) - epoch.sampleHeight) / BigInt(MESSAGE_LIMITS.verificationRounds)
  writeEpochState(store, {
    ...state,
    nextRound: state.nextRound + 1,
    nextExtensionHeight: BigInt(height) + (spacing > 0n ? spacing : 1n),
  })
}

/** Committed finds that no earlier round drew and that are not proven wrong. None where all were drawn: nothing is left to check. */
function uncheckedFinds(context: EndContext, host: Uint8Array): DrawnFrom[] {
  const { store, epoch } = context
  const race = readRace(store, epoch.epoch, host)
  if (race === undefined) {
    return []
  }
  const drawn = new Set(race.wrongNonces)
  for (const round of race.rounds) {
    for (const nonce of readSample(store, epoch.epoch, round, host)?.nonces ?? []) {
      drawn.add(nonce)
    }
  }
  const nonces = listFinds(store, epoch.epoch, host, 0, race.count).filter((nonce) => !drawn.has(nonce))
  if (nonces.length === 0) {
    writeRace(store, epoch.epoch, host, { ...race, extensionPending: false })
    return []
  }
  return [{ host, nonces }]
}
