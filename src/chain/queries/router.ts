/**
 * Answers of the chain, by path: `/tailrace.v1.Query/<Name>`, the few Cosmos queries that wallets use, and `/store/<name>` for
 * one raw key with its proof. Invariant: no path and no bytes throw; a query that cannot be answered has a code and a reason.
 */
import { errorCode, errorMessage } from '../../lib/coded-error.ts'
import type { QueryResult } from '../application.ts'
import { findStatus } from '../state/chain-status.ts'
import { BATCH_QUERIES } from './batches.ts'
import { COSMOS_QUERIES } from './cosmos.ts'
import { EPOCH_QUERIES } from './epoch.ts'
import { HOST_QUERIES } from './hosts.ts'
import type { QueryContext, QueryHandler } from './query-handler.ts'
import { RACE_QUERIES } from './races.ts'
import { VALIDATOR_QUERIES } from './validators.ts'
import { WORK_QUERIES } from './work.ts'

const HANDLERS: ReadonlyMap<string, QueryHandler> = new Map([
  ...COSMOS_QUERIES,
  ...EPOCH_QUERIES,
  ...HOST_QUERIES,
  ...RACE_QUERIES,
  ...WORK_QUERIES,
  ...BATCH_QUERIES,
  ...VALIDATOR_QUERIES,
])

const STORE_PATH = '/store/'
const MAX_KEY_BYTES = 256
/** The Cosmos SDK's numbers: unknown request, and invalid request. */
const UNKNOWN_QUERY = 6
const INVALID_QUERY = 18

export function answerQuery(
  context: QueryContext,
  path: string,
  data: Uint8Array,
  options: { readonly prove?: boolean },
): QueryResult {
  const height = findStatus(context.store)?.height ?? 0n
  if (path.startsWith(STORE_PATH)) {
    return answerStore(context, data, height, options.prove === true)
  }
  const handler = HANDLERS.get(path)
  if (handler === undefined) {
    return failure(UNKNOWN_QUERY, 'unknown_query: no such query', height)
  }
  try {
    return { code: 0, log: '', value: handler(context, data), height }
  } catch (error) {
    return failure(INVALID_QUERY, `${errorCode(error)}: ${errorMessage(error)}`, height)
  }
}

function answerStore(context: QueryContext, key: Uint8Array, height: bigint, prove: boolean): QueryResult {
  if (key.length > MAX_KEY_BYTES) {
    return failure(INVALID_QUERY, 'malformed_query: key too long', height)
  }
  const value = context.store.get(key)
  const answer = { code: 0, log: '', value: value ?? new Uint8Array(0), height }
  return prove ? { ...answer, proof: context.tree.prove(key, value) } : answer
}

function failure(code: number, log: string, height: bigint): QueryResult {
  return { code, log, value: new Uint8Array(0), height }
}
