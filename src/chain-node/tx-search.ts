/**
 * Search over committed transactions: an index lookup by hash, by `<event>.<key> = value` or by height, narrowed by the other
 * conditions. Every statement reads at most QUERY_LIMITS.scannedRows index rows, in the order that was asked for.
 */
import type { StatementSync } from 'node:sqlite'
import { QUERY_LIMITS } from './limits.ts'

export interface TxPosition {
  readonly height: number
  readonly index: number
}

export interface TxSearch {
  readonly hash?: Uint8Array
  readonly minHeight: number
  readonly maxHeight: number
  /** All must hold; key is `<event type>.<attribute>`. */
  readonly attributes: readonly { readonly key: string; readonly value: string }[]
  readonly descending: boolean
  readonly offset: number
  readonly limit: number
}

export interface TxSearchResult {
  readonly positions: readonly TxPosition[]
  /** All matches, counted up to QUERY_LIMITS.matches. */
  readonly total: number
}

type Parameter = string | number | Uint8Array

export function searchTxs(prepare: (sql: string) => StatementSync, search: TxSearch): TxSearchResult {
  const { sql, parameters } = matchesOf(search)
  const counted = prepare(`SELECT count(*) AS total FROM (${sql} LIMIT ${QUERY_LIMITS.matches})`).get(...parameters)
  const direction = search.descending ? 'DESC' : 'ASC'
  const page = prepare(`${sql} ORDER BY d.height ${direction}, d.tx_index ${direction} LIMIT ? OFFSET ?`)
  const rows = page.all(...parameters, search.limit, search.offset)
  return {
    positions: rows.map((row) => ({ height: Number(row.height), index: Number(row.tx_index) })),
    total: Number(counted?.total ?? 0),
  }
}

/** The driving rows come from the most selective index; each further attribute is a lookup by its whole key. */
function matchesOf(search: TxSearch): { sql: string; parameters: Parameter[] } {
  const range: Parameter[] = [search.minHeight, search.maxHeight]
  const direction = search.descending ? 'DESC' : 'ASC'
  const tail = `AND height BETWEEN ? AND ? ORDER BY height ${direction}, tx_index ${direction} LIMIT ${QUERY_LIMITS.scannedRows}`
  const [first, ...others] = search.attributes
  let driver: string
  let parameters: Parameter[]
  let rest = search.attributes
  if (search.hash !== undefined) {
    driver = `SELECT height, tx_index FROM txs WHERE hash = ? ${tail}`
    parameters = [search.hash, ...range]
  } else if (first !== undefined) {
    driver = `SELECT height, tx_index FROM tx_events WHERE key = ? AND value = ? ${tail}`
    parameters = [first.key, first.value, ...range]
    rest = others
  } else {
    driver = `SELECT height, tx_index FROM txs WHERE TRUE ${tail}`
    parameters = range
  }
  const narrowed = rest.map(() => {
    return 'EXISTS (SELECT 1 FROM tx_events e WHERE e.key = ? AND e.value = ? AND e.height = d.height AND e.tx_index = d.tx_index)'
  })
  const where = narrowed.length === 0 ? '' : ` WHERE ${narrowed.join(' AND ')}`
  return {
    sql: `SELECT d.height AS height, d.tx_index AS tx_index FROM (${driver}) d${where}`,
    parameters: [...parameters, ...rest.flatMap(({ key, value }) => [key, value])],
  }
}
