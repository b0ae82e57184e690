import {
  QueryEscrowRequest,
  QueryEscrowResponse,
  QueryEscrowsRequest,
  QueryEscrowsResponse,
  QueryLaneRequest,
  QueryLaneResponse,
  QueryModelsResponse,
  QueryRosterRequest,
  QueryRosterResponse,
  QueryServicesRequest,
  QueryServicesResponse,
} from '../../protocol/gen/tailrace/v1/query.ts'
import { readParams } from '../state/params-record.ts'
import { availableOf, escrowsOfOwner, readEscrow } from '../state/work/escrows.ts'
import { readLane } from '../state/work/lanes.ts'
import { listModels, medianValue } from '../state/work/models.ts'
import { newestRoster, readRoster } from '../state/work/rosters.ts'
import { listServices } from '../state/work/services.ts'
import { checkShare, reputationOf } from '../work/reputation.ts'
import type { QueryContext, QueryHandler } from './query-handler.ts'
import { decodeRequest, requireAddress, requireCount, requireOwner } from './request.ts'

/** Who serves what for how much, and who pays for it. */
export const WORK_QUERIES: readonly (readonly [string, QueryHandler])[] = [
  ['/tailrace.v1.Query/Models', queryModels],
  ['/tailrace.v1.Query/Escrow', queryEscrow],
  ['/tailrace.v1.Query/Escrows', queryEscrows],
  ['/tailrace.v1.Query/Lane', queryLane],
  ['/tailrace.v1.Query/Roster', queryRoster],
  ['/tailrace.v1.Query/Services', queryServices],
]

const MAX_ESCROWS = 200

function queryModels({ store }: QueryContext): Uint8Array {
  const models = listModels(store).map((model) => ({
    id: model.id,
    manifestHash: model.manifestHash,
    contextTokens: model.contextTokens,
    price: model.price,
    medianValue: medianValue(model),
    hosts: newestRoster(store, model.id)?.entries.length ?? 0,
  }))
  return QueryModelsResponse.encode({ models }).finish()
}

function queryEscrow({ store }: QueryContext, request: Uint8Array): Uint8Array {
  const escrow = readEscrow(store, requireOwner(decodeRequest(QueryEscrowRequest, request).payer))
  return QueryEscrowResponse.encode({ escrow, available: escrow === undefined ? 0n : availableOf(escrow) }).finish()
}

function queryEscrows({ store }: QueryContext, request: Uint8Array): Uint8Array {
  const owner = requireAddress(decodeRequest(QueryEscrowsRequest, request).owner)
  return QueryEscrowsResponse.encode({ escrows: escrowsOfOwner(store, owner, MAX_ESCROWS) }).finish()
}

function queryLane({ store }: QueryContext, request: Uint8Array): Uint8Array {
  const { payer, executor } = decodeRequest(QueryLaneRequest, request)
  const { accepted, sequence } = readLane(store, requireOwner(payer), requireAddress(executor))
  return QueryLaneResponse.encode({ accepted, sequence }).finish()
}

function queryRoster({ store }: QueryContext, request: Uint8Array): Uint8Array {
  const { model, height } = decodeRequest(QueryRosterRequest, request)
  const roster = height === 0n ? newestRoster(store, model) : readRoster(store, model, requireCount(height))
  return QueryRosterResponse.encode({ roster }).finish()
}

function queryServices({ store }: QueryContext, request: Uint8Array): Uint8Array {
  const owner = requireAddress(decodeRequest(QueryServicesRequest, request).host)
  const { serving } = readParams(store)
  const services = listServices(store, owner).map(({ service }) => {
    const reputationPpm = reputationOf(service.g)
    return { service, reputationPpm, checkPpm: checkShare(serving, reputationPpm) }
  })
  return QueryServicesResponse.encode({ services }).finish()
}
