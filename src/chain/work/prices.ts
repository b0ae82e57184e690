import { minBigint, mulDiv, sumBigint } from '../../lib/fixed-point.ts'
import type { ModelState } from '../../protocol/gen/tailrace/v1/state.ts'
import { nextPrice } from '../../protocol/work/price.ts'
import type { BlockContext } from '../context.ts'
import { listModels, writeModel } from '../state/work/models.ts'
import { newestRoster } from '../state/work/rosters.ts'
import { readService } from '../state/work/services.ts'

/** A host counts for at most so many medians: nobody lowers a price by a claim. */
const MEDIANS_PER_HOST = 4n
const MS_PER_SECOND = 1_000n

/** End of every `priceBlocks`-th block: each model's price follows what was paid since the last time. */
export function updatePrices(context: BlockContext): void {
  const { store, height, params } = context
  if (height % params.serving.priceBlocks !== 0) {
    return
  }
  for (const model of listModels(store)) {
    const price = nextPrice({
      price: model.price,
      tokens: model.windowTokens,
      capacity: capacityOf(context, model),
    })
    if (price !== model.price || model.windowTokens > 0n) {
      writeModel(store, { ...model, price, priceHeight: BigInt(height), windowTokens: 0n })
    }
  }
}

/** Output tokens that the hosts of the newest roster could have made since the last update. */
function capacityOf(context: BlockContext, model: ModelState): bigint {
  const { blockTimeMs, serving } = context.params
  const speeds = (newestRoster(context.store, model.id)?.entries ?? [])
    .map(({ host }) => BigInt(readService(context.store, host, model.id)?.tokensPerSecond ?? 0))
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  // The lower of two: half of the hosts at least must claim more to raise it.
  const median = speeds[(speeds.length - 1) >> 1] ?? 0n
  const counted = sumBigint(speeds.map((speed) => minBigint(speed, median * MEDIANS_PER_HOST)))
  return mulDiv(counted, BigInt(serving.priceBlocks) * BigInt(blockTimeMs), MS_PER_SECOND)
}
