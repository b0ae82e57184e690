import { epochSeed } from '../../protocol/randomness.ts'
import type { EndContext } from '../context.ts'
import { writeEpochState } from '../state/races.ts'

/** End of block P: R_P gives the seed, and with it the race's weights and inputs. */
export function seedEpoch(context: EndContext): void {
  const epoch = BigInt(context.epoch.epoch)
  writeEpochState(context.store, {
    epoch,
    seed: epochSeed(epoch, context.randomness),
    nextRound: 0,
    nextExtensionHeight: 0n,
    unaudited: 0,
    settled: false,
  })
  context.emit('epoch_seeded', { epoch })
}
