/** Methods about committed blocks. */
import { toBase64 } from '../base64.ts'
import { QUERY_LIMITS } from '../limits.ts'
import { blockIdJson, blockJson, blockMetaJson, commitJson, eventsJson, headerJson, resultJson } from './comet-json.ts'
import { RpcError } from './json-rpc.ts'
import { optionalInteger } from './parameters.ts'
import type { RpcBackend } from './rpc-method.ts'
import { resolveHeight, rpcMethod } from './rpc-method.ts'

export const block = rpcMethod({ height: optionalInteger }, (backend, { height }) => {
  const found = blockAt(backend, height)
  return { block_id: blockIdJson(found.hash), block: blockJson(found) }
})

export const blockResults = rpcMethod({ height: optionalInteger }, (backend, { height }) => {
  const found = blockAt(backend, height)
  return {
    height: String(found.header.height),
    txs_results: found.results.map(resultJson),
    // Go's empty lists are null here.
    finalize_block_events: found.events.length === 0 ? null : eventsJson(found.events),
    validator_updates: null,
    consensus_param_updates: null,
    app_hash: toBase64(found.appHash),
  }
})

export const header = rpcMethod({ height: optionalInteger }, (backend, { height }) => ({
  header: headerJson(metaAt(backend, resolveHeight(backend, height)).header),
}))

export const commit = rpcMethod({ height: optionalInteger }, (backend, { height }) => {
  const meta = metaAt(backend, resolveHeight(backend, height))
  return {
    signed_header: { header: headerJson(meta.header), commit: commitJson(meta.header.height, meta.hash) },
    canonical: true,
  }
})

/** Metas of minHeight … maxHeight, newest first, at most 20: CometBFT's rule. */
export const blockchain = rpcMethod(
  { minHeight: optionalInteger, maxHeight: optionalInteger },
  (backend, { minHeight, maxHeight }) => {
    const newest = backend.store.height()
    if ((minHeight ?? 0) < 0 || (maxHeight ?? 0) < 0) {
      throw new RpcError('params', 'heights must not be negative')
    }
    const to = maxHeight === undefined || maxHeight === 0 ? newest : Math.min(maxHeight, newest)
    const from = Math.max(minHeight ?? 1, to - QUERY_LIMITS.blockMetas + 1, 1)
    if (newest > 0 && from > to) {
      throw new RpcError('internal', `min height ${from} can't be greater than max height ${to}`)
    }
    const metas = backend.store.blockMetas(from, to, QUERY_LIMITS.blockMetas)
    return { last_height: String(newest), block_metas: metas.map(blockMetaJson) }
  },
)

function blockAt(backend: RpcBackend, height: number | undefined) {
  const found = backend.store.block(resolveHeight(backend, height))
  if (found === undefined) {
    throw new RpcError('internal', 'the block is not kept')
  }
  return found
}

function metaAt(backend: RpcBackend, height: number) {
  const [meta] = backend.store.blockMetas(height, height, 1)
  if (meta === undefined) {
    throw new RpcError('internal', 'the block is not kept')
  }
  return meta
}
