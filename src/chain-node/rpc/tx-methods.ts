/** Methods about transactions: offering them, waiting for them, finding them again. */
import type { TxResult } from '../../chain/application.ts'
import { equalBytes, fromHex } from '../../lib/bytes.ts'
import { TX_LIMITS } from '../../protocol/tx.ts'
import { toBase64, toUpperHex } from '../base64.ts'
import { hashTx } from '../block.ts'
import { QUERY_LIMITS } from '../limits.ts'
import type { TxSearch } from '../tx-search.ts'
import { resultJson, txJson } from './comet-json.ts'
import type { Condition } from './event-query.ts'
import { parseQuery } from './event-query.ts'
import { RpcError } from './json-rpc.ts'
import { bytes, flag, optionalInteger, optionalText, text } from './parameters.ts'
import type { RpcBackend } from './rpc-method.ts'
import { requirePage, resolvePage, rpcMethod } from './rpc-method.ts'

export const broadcastTxSync = rpcMethod({ tx: bytes }, (backend, { tx }) => {
  const { hash, result } = offer(backend, tx)
  const { code, data, log, codespace } = result
  return { code, data: toBase64(data), log, codespace, hash: toUpperHex(hash) }
})

/** As CometBFT: answers without the verdict. */
export const broadcastTxAsync = rpcMethod({ tx: bytes }, (backend, { tx }) => {
  const { hash } = offer(backend, tx)
  return { code: 0, data: '', log: '', codespace: '', hash: toUpperHex(hash) }
})

/** Waits until the transaction stands in a block, for at most commitTimeoutMs. */
export const broadcastTxCommit = rpcMethod({ tx: bytes }, async (backend, { tx }, signal) => {
  const inclusion = backend.waiter.wait(hashTx(tx), signal)
  try {
    const { hash, result } = offer(backend, tx)
    const found = result.code === 0 ? await inclusion.found : { height: 0, result: NO_RESULT }
    return {
      check_tx: resultJson(result),
      tx_result: resultJson(found.result),
      hash: toUpperHex(hash),
      height: String(found.height),
    }
  } finally {
    inclusion.cancel()
  }
})

export const tx = rpcMethod({ hash: bytes, prove: flag }, (backend, { hash }) => {
  const found = backend.store.tx(hash)
  if (found === undefined) {
    throw new RpcError('internal', `tx (${toUpperHex(hash).slice(0, 128)}) not found`)
  }
  return txJson(found)
})

export const txSearch = rpcMethod(
  {
    query: text,
    prove: flag,
    page: optionalInteger,
    per_page: optionalInteger,
    order_by: optionalText,
  },
  (backend, { query, page, per_page, order_by }) => {
    if (order_by !== undefined && order_by !== 'asc' && order_by !== 'desc') {
      throw new RpcError('internal', 'expected order_by to be either `asc` or `desc` or empty')
    }
    const search = searchOf(parseQuery(query))
    const paging = resolvePage(page, per_page, QUERY_LIMITS.perPage)
    const found =
      search === undefined
        ? { txs: [], total: 0 }
        : backend.store.search({ ...search, ...paging, descending: order_by === 'desc' })
    requirePage(page, paging.limit, found.total)
    return { txs: found.txs.map(txJson), total_count: String(found.total) }
  },
)

export const numUnconfirmedTxs = rpcMethod({}, ({ mempool }) => ({
  n_txs: String(mempool.size),
  total: String(mempool.size),
  total_bytes: String(mempool.sizeBytes),
  txs: null,
}))

const NO_RESULT: TxResult = {
  code: 0,
  codespace: '',
  log: '',
  data: new Uint8Array(0),
  gasWanted: 0n,
  gasUsed: 0n,
  events: [],
}

function offer(backend: RpcBackend, offered: Uint8Array): { hash: Uint8Array; result: TxResult } {
  const outcome = backend.mempool.add(offered)
  switch (outcome.kind) {
    case 'checked':
      return outcome
    case 'duplicate':
      throw new RpcError('internal', 'tx already exists in cache')
    case 'too_large':
      throw new RpcError('internal', `tx too large: at most ${TX_LIMITS.bytes} bytes`)
  }
}

/** Undefined where the conditions contradict each other, so nothing can match. */
function searchOf(
  conditions: readonly Condition[],
): Pick<TxSearch, 'hash' | 'minHeight' | 'maxHeight' | 'attributes'> | undefined {
  let minHeight = 1
  let maxHeight = Number.MAX_SAFE_INTEGER
  let hash: Uint8Array | undefined
  const attributes: { key: string; value: string }[] = []
  for (const condition of conditions) {
    if (condition.key === 'tx.height') {
      const range = heightRange(condition)
      minHeight = Math.max(minHeight, range.min)
      maxHeight = Math.min(maxHeight, range.max)
    } else if (condition.operator !== '=') {
      throw new RpcError('params', `${condition.operator} is offered for tx.height only`)
    } else if (condition.key === 'tx.hash') {
      const wanted = hashOf(condition.operand)
      if (hash !== undefined && !equalBytes(hash, wanted)) {
        return undefined
      }
      hash = wanted
    } else {
      attributes.push({ key: condition.key, value: condition.operand })
    }
  }
  if (minHeight > maxHeight) {
    return undefined
  }
  return { ...(hash === undefined ? {} : { hash }), minHeight, maxHeight, attributes }
}

function heightRange(condition: Condition): { min: number; max: number } {
  const height = Number(condition.operand)
  if (!/^\d{1,15}$/.test(condition.operand)) {
    throw new RpcError('params', 'tx.height needs a height')
  }
  const all = { min: 1, max: Number.MAX_SAFE_INTEGER }
  switch (condition.operator) {
    case '=':
      return { min: height, max: height }
    case '<':
      return { ...all, max: height - 1 }
    case '<=':
      return { ...all, max: height }
    case '>':
      return { ...all, min: height + 1 }
    case '>=':
      return { ...all, min: height }
    case 'EXISTS':
      return all
    case 'CONTAINS':
      throw new RpcError('params', 'CONTAINS is not offered for tx.height')
  }
}

function hashOf(operand: string): Uint8Array {
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(operand)) {
    throw new RpcError('params', 'tx.hash needs 64 hexadecimal digits')
  }
  return fromHex(operand.replace(/^0x/, ''))
}
