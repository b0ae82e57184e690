import { encodeAddress } from '../../protocol/address.ts'
import {
  QueryAssignmentRequest,
  QueryAssignmentResponse,
  QueryFindsRequest,
  QueryFindsResponse,
  QueryOpeningsRequest,
  QueryOpeningsResponse,
} from '../../protocol/gen/tailrace/v1/query.ts'
import { OpenedLeafState } from '../../protocol/gen/tailrace/v1/state.ts'
import { epochHeights } from '../../protocol/params.ts'
import { openedLeafRange } from '../state/keys.ts'
import { readParams } from '../state/params-record.ts'
import { listFinds, readRace } from '../state/races.ts'
import { listVerifications, readSample } from '../state/verifications.ts'
import type { QueryContext, QueryHandler } from './query-handler.ts'
import { decodeRequest, pageSize, requireAddress, requireCount } from './request.ts'

/** Finds, who checks them, and what was opened. */
export const RACE_QUERIES: readonly (readonly [string, QueryHandler])[] = [
  ['/tailrace.v1.Query/Finds', queryFinds],
  ['/tailrace.v1.Query/Assignment', queryAssignment],
  ['/tailrace.v1.Query/Openings', queryOpenings],
]

const MAX_FINDS = 10_000
const MAX_LEAVES = 5_000
/** … ‖ round(1) ‖ verifier(20) ‖ index(4) */
const LEAF_KEY_TAIL = 25

function queryFinds(context: QueryContext, request: Uint8Array): Uint8Array {
  const { epoch, host, fromIndex, limit } = decodeRequest(QueryFindsRequest, request)
  const at = requireCount(epoch)
  const owner = requireAddress(host)
  const size = pageSize(limit, MAX_FINDS, MAX_FINDS)
  const nonces = listFinds(context.store, at, owner, requireCount(fromIndex), size)
  return QueryFindsResponse.encode({ nonces, total: BigInt(readRace(context.store, at, owner)?.count ?? 0) }).finish()
}

function queryAssignment(context: QueryContext, request: Uint8Array): Uint8Array {
  const { store } = context
  const { epoch, verifier } = decodeRequest(QueryAssignmentRequest, request)
  const at = requireCount(epoch)
  const { settleHeight } = epochHeights(readParams(store), at)
  const rounds = listVerifications(store, at, requireAddress(verifier)).map(({ round, duty }) => ({
    round,
    finds: duty.hosts.map((host) => ({
      host: encodeAddress(host),
      nonces: readSample(store, at, round, host)?.nonces ?? [],
    })),
    state: duty.state,
    openingIndices: duty.openingIndices,
    root: duty.root,
    rootDeadlineHeight: duty.rootDeadlineHeight,
    openingDeadlineHeight: BigInt(settleHeight),
  }))
  return QueryAssignmentResponse.encode({ rounds }).finish()
}

function queryOpenings(context: QueryContext, request: Uint8Array): Uint8Array {
  const { epoch, fromIndex, limit } = decodeRequest(QueryOpeningsRequest, request)
  const { from, to } = openedLeafRange(requireCount(epoch))
  const first = requireCount(fromIndex)
  const end = first + pageSize(limit, MAX_LEAVES, MAX_LEAVES)
  const entries = [...context.store.range(from, to, { limit: end })].slice(first)
  const leaves = entries.map(([key, bytes]) => {
    const leaf = OpenedLeafState.decode(bytes)
    const tail = key.slice(key.length - LEAF_KEY_TAIL)
    return {
      round: tail[0] as number,
      verifier: encodeAddress(tail.slice(1, 21)),
      index: new DataView(tail.buffer, tail.byteOffset).getUint32(21),
      host: encodeAddress(leaf.host),
      nonce: leaf.nonce,
      digest: leaf.digest,
    }
  })
  return QueryOpeningsResponse.encode({ leaves }).finish()
}
