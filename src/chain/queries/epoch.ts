import { CodedError } from '../../lib/coded-error.ts'
import {
  QueryEpochResponse,
  QueryParamsResponse,
  QueryRandomnessRequest,
  QueryRandomnessResponse,
  QuerySupplyResponse,
} from '../../protocol/gen/tailrace/v1/query.ts'
import { encodeParams, epochHeights, epochOfHeight, SHAPE_NAMES, stageOfHeight } from '../../protocol/params.ts'
import { targetFromBytes, weightPerFind } from '../../race/find.ts'
import { RACE_SHAPES } from '../../race/shapes.ts'
import { readSupply } from '../state/bank.ts'
import { readStatus } from '../state/chain-status.ts'
import { randomnessKey } from '../state/keys.ts'
import { readParams } from '../state/params-record.ts'
import { readEpochState, readTarget } from '../state/races.ts'
import type { QueryContext, QueryHandler } from './query-handler.ts'
import { decodeRequest, requireCount } from './request.ts'

/** Time, randomness, parameters and money of the whole network. */
export const EPOCH_QUERIES: readonly (readonly [string, QueryHandler])[] = [
  ['/tailrace.v1.Query/Params', queryParams],
  ['/tailrace.v1.Query/Epoch', queryEpoch],
  ['/tailrace.v1.Query/Randomness', queryRandomness],
  ['/tailrace.v1.Query/Supply', querySupply],
]

function queryParams(context: QueryContext): Uint8Array {
  const paramsJson = encodeParams(readParams(context.store))
  return QueryParamsResponse.encode({ chainId: readStatus(context.store).chainId, paramsJson }).finish()
}

/** The epoch and the stage of the next block. */
function queryEpoch(context: QueryContext): Uint8Array {
  const { store } = context
  const status = readStatus(store)
  const params = readParams(store)
  const next = Number(status.height) + 1
  const heights = epochHeights(params, epochOfHeight(params, next))
  const races = SHAPE_NAMES.flatMap((shape) => {
    const target = readTarget(store, heights.epoch, shape)
    if (target === undefined) {
      return []
    }
    return [
      { shape, target, weightPerFind: weightPerFind(targetFromBytes(target), RACE_SHAPES[shape].macs).toString() },
    ]
  })
  return QueryEpochResponse.encode({
    height: status.height,
    epoch: BigInt(heights.epoch),
    stage: stageOfHeight(params, next),
    startHeight: BigInt(heights.startHeight),
    raceEndHeight: BigInt(heights.raceEndHeight),
    settleHeight: BigInt(heights.settleHeight),
    closeHeight: BigInt(heights.closeHeight),
    seed: readEpochState(store, heights.epoch)?.seed ?? new Uint8Array(0),
    races,
    sampleHeight: BigInt(heights.sampleHeight),
    rootDeadlineHeight: BigInt(heights.rootDeadlineHeight),
    blockTimeMs: status.timeMs,
  }).finish()
}

function queryRandomness(context: QueryContext, request: Uint8Array): Uint8Array {
  const height = requireCount(decodeRequest(QueryRandomnessRequest, request).height)
  const randomness = context.store.get(randomnessKey(height))
  if (randomness === undefined) {
    throw new CodedError('not_found', 'the randomness of this height is not known, or no more')
  }
  return QueryRandomnessResponse.encode({ randomness }).finish()
}

function querySupply(context: QueryContext): Uint8Array {
  const { genesis, minted, burned, balances, held, bonds, pool, escrows } = readSupply(context.store)
  return QuerySupplyResponse.encode({
    genesis: genesis.toString(),
    minted: minted.toString(),
    burned: burned.toString(),
    balances: balances.toString(),
    held: held.toString(),
    bonds: bonds.toString(),
    pool: pool.toString(),
    escrows: escrows.toString(),
  }).finish()
}
