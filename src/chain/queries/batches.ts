import {
  QueryBatchesRequest,
  QueryBatchesResponse,
  QueryBatchRequest,
  QueryBatchResponse,
  QueryWorkDutiesRequest,
  QueryWorkDutiesResponse,
} from '../../protocol/gen/tailrace/v1/query.ts'
import { batchesOfHost, readBatch } from '../state/work/batches.ts'
import { checksDue, listChecks, WORK_DUTIES } from '../state/work/checks.ts'
import type { QueryContext, QueryHandler } from './query-handler.ts'
import { decodeRequest, pageSize, requireAddress } from './request.ts'

/** Batches, their checks, and what a host has to do for them now. */
export const BATCH_QUERIES: readonly (readonly [string, QueryHandler])[] = [
  ['/tailrace.v1.Query/Batch', queryBatch],
  ['/tailrace.v1.Query/Batches', queryBatches],
  ['/tailrace.v1.Query/WorkDuties', queryWorkDuties],
]

const MAX_DUTIES = 64

function queryBatch({ store }: QueryContext, request: Uint8Array): Uint8Array {
  const { id } = decodeRequest(QueryBatchRequest, request)
  return QueryBatchResponse.encode({ batch: readBatch(store, id), checks: listChecks(store, id) }).finish()
}

function queryBatches({ store }: QueryContext, request: Uint8Array): Uint8Array {
  const { host, fromId, limit } = decodeRequest(QueryBatchesRequest, request)
  const batches = batchesOfHost(store, requireAddress(host), fromId, pageSize(limit, 50, 200))
  return QueryBatchesResponse.encode({ batches }).finish()
}

function queryWorkDuties({ store }: QueryContext, request: Uint8Array): Uint8Array {
  const host = requireAddress(decodeRequest(QueryWorkDutiesRequest, request).host)
  return QueryWorkDutiesResponse.encode({
    openings: checksDue(store, host, WORK_DUTIES.open, MAX_DUTIES),
    checks: checksDue(store, host, WORK_DUTIES.check, MAX_DUTIES),
    demands: checksDue(store, host, WORK_DUTIES.post, MAX_DUTIES),
    rulings: checksDue(store, host, WORK_DUTIES.rule, MAX_DUTIES),
  }).finish()
}
