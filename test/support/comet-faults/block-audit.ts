/**
 * What must be true of the blocks of a network that was hurt: every node has the same block and the same app hash at each height,
 * and whatever somebody was told stands in them, once. Throws where it is not so.
 */
import { createHash } from 'node:crypto'
import { TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import type { Told } from '../kills/kill-load.ts'
import type { Header } from './block-book.ts'
import { readBody, readCodes, readHeaders } from './block-book.ts'

/** A node, and the first block that it has: one that began from a snapshot lacks those before. */
export interface AuditedNode {
  readonly rpcUrl: string
  readonly firstHeight: number
}

/** No fork: each node's headers from where it began. @returns blocks compared, over all nodes */
export async function auditHeaders(nodes: readonly AuditedNode[], height: number): Promise<number> {
  const chains = await Promise.all(nodes.map(({ rpcUrl, firstHeight }) => readHeaders(rpcUrl, firstHeight, height)))
  const agreed = new Map<number, Header>()
  let compared = 0
  for (const [node, headers] of chains.entries()) {
    if (headers.at(-1)?.height !== height) {
      throw new Error(`node ${node} has no block ${height}`)
    }
    for (const header of headers) {
      const known = agreed.get(header.height) ?? header
      agreed.set(header.height, known)
      compared += 1
      if (known.hash !== header.hash || known.appHash !== header.appHash) {
        throw new Error(
          `fork at ${header.height}: ${JSON.stringify(known)} and node ${node} has ${JSON.stringify(header)}`,
        )
      }
    }
  }
  return compared
}

/** `transferred`: balance of the receiver, which nothing but these transfers made. */
export async function auditTold(rpcUrl: string, height: number, told: Told, transferred: bigint): Promise<number> {
  const headers = new Map((await readHeaders(rpcUrl, 1, height)).map((header) => [header.height, header.hash]))
  for (const [at, hash] of told.blocks) {
    if (at > 0 && headers.get(at)?.toLowerCase() !== hash.toLowerCase()) {
      throw new Error(`somebody was told that block ${at} is ${hash}; it is ${headers.get(at)}`)
    }
  }
  const places = new Map<string, number[]>()
  const memos: string[] = []
  for (let at = 1; at <= height; at++) {
    const [{ txs }, codes] = [await readBody(rpcUrl, at), await readCodes(rpcUrl, at)]
    for (const [index, tx] of txs.entries()) {
      const hash = createHash('sha256').update(tx).digest('hex').toUpperCase()
      places.set(hash, [...(places.get(hash) ?? []), at])
      memos.push(...(index > 0 && codes[index] === 0 ? transferMemo(tx) : []))
    }
  }
  const lost = [...told.transfers].filter(([hash, at]) => places.get(hash)?.join() !== String(at))
  if (lost.length > 0) {
    throw new Error(`transfers that somebody was told are in a block: ${JSON.stringify(lost)}`)
  }
  if (new Set(memos).size !== memos.length || BigInt(memos.length) !== transferred) {
    throw new Error(
      `${memos.length} transfers in blocks, ${new Set(memos).size} different, ${transferred} utail arrived`,
    )
  }
  return memos.length
}

function transferMemo(tx: Uint8Array): string[] {
  const { memo } = TxBody.decode(TxRaw.decode(tx).bodyBytes)
  return memo.startsWith('transfer ') ? [memo] : []
}
