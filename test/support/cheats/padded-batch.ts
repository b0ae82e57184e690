/**
 * A host that is paid for receipts which nobody can ever look at: in each batch it replaces the leaf of one receipt by noise of
 * the same sum. The sum of the root still fits the vouchers, the other leaves open. Wraps store and chain port of an unchanged host.
 */

import type { ChainPort } from '../../../src/host/ports.ts'
import type { Job, WorkStore } from '../../../src/host/work/ports.ts'
import { concatBytes, toHex, u64be } from '../../../src/lib/bytes.ts'
import type { SumNode } from '../../../src/lib/merkle-sum.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'
import { sumLeafOf } from '../../../src/protocol/work/batch.ts'
import { receiptHash } from '../../../src/protocol/work/receipt.ts'

interface Padded {
  readonly root: SumNode
  readonly paths: readonly (readonly SumNode[])[]
  /** Index of the leaf that is not there. */
  readonly missing: number
}

export interface PaddedBatches {
  wrapStore(store: WorkStore): WorkStore
  wrapChain<T extends ChainPort>(chain: T): T
}

export function padBatches(): PaddedBatches {
  const byHonestRoot = new Map<string, Padded>()
  const byLeaf = new Map<string, { readonly padded: Padded; readonly index: number }>()

  function remember(root: string, jobs: readonly Job[]): void {
    const leaves = jobs.map(leafNode)
    const missing = jobs.length - 1
    const forged = leaves.map((leaf, index) =>
      index === missing ? { hash: sha256(concatBytes(leaf.hash, Uint8Array.of(0xff))), sum: leaf.sum } : leaf,
    )
    const padded = { ...treeOf(forged), missing }
    byHonestRoot.set(root, padded)
    for (const [index, job] of jobs.entries()) {
      byLeaf.set(job.orderHash, { padded, index })
    }
  }

  function forged(message: TypedMessage): TypedMessage | undefined {
    if (message.typeUrl === '/tailrace.v1.MsgSubmitBatch') {
      const padded = byHonestRoot.get(toHex(message.value.root))
      return padded === undefined ? message : { ...message, value: { ...message.value, root: padded.root.hash } }
    }
    if (message.typeUrl !== '/tailrace.v1.MsgOpenReceipts') {
      return message
    }
    const openings = message.value.openings.flatMap(({ point, opening }) => {
      const known = byLeaf.get(toHex(opening?.leaf?.orderHash ?? new Uint8Array(0)))
      if (opening === undefined || known === undefined || known.index === known.padded.missing) {
        return []
      }
      return [{ point, opening: { ...opening, path: [...(known.padded.paths[known.index] ?? [])] } }]
    })
    return openings.length === 0 ? undefined : { ...message, value: { ...message.value, openings } }
  }

  return {
    wrapStore: (store) => ({
      ...bound(store),
      async putBatch(batch, jobs) {
        const inOrder = batch.leaves.flatMap((orderHash) => jobs.filter((job) => job.orderHash === orderHash))
        if (inOrder.length === batch.leaves.length && !byHonestRoot.has(batch.root)) {
          remember(batch.root, inOrder)
        }
        await store.putBatch(batch, jobs)
      },
    }),
    wrapChain: (chain) => ({
      ...chain,
      submit(messages, key, signal) {
        const sent = messages.flatMap((message) => forged(message) ?? [])
        return sent.length === 0
          ? Promise.reject(new Error('nothing that could be opened'))
          : chain.submit(sent, key, signal)
      },
    }),
  }
}

function leafNode(job: Job): SumNode {
  const order = job.order.order
  const receipt = job.receipt?.receipt
  if (order === undefined || receipt === undefined || job.from === undefined || job.to === undefined) {
    throw new Error('a batched job has order, receipt and interval')
  }
  const leaf = sumLeafOf({
    orderHash: receipt.orderHash,
    payer: order.payer,
    from: job.from,
    to: job.to,
    promptTokens: receipt.promptTokens,
    outputTokens: receipt.outputTokens,
    receiptHash: receiptHash(receipt),
  })
  return { hash: sha256(concatBytes(Uint8Array.of(0), u64be(leaf.sum), leaf.data)), sum: leaf.sum }
}

/** Root and paths over given nodes, by the rule of lib/merkle-sum.ts. */
function treeOf(nodes: readonly SumNode[]): { readonly root: SumNode; readonly paths: SumNode[][] } {
  const [only] = nodes
  if (nodes.length === 1 && only !== undefined) {
    return { root: only, paths: [[]] }
  }
  const middle = 1 << (31 - Math.clz32(nodes.length - 1))
  const left = treeOf(nodes.slice(0, middle))
  const right = treeOf(nodes.slice(middle))
  const data = concatBytes(
    Uint8Array.of(1),
    left.root.hash,
    u64be(left.root.sum),
    right.root.hash,
    u64be(right.root.sum),
  )
  return {
    root: { hash: sha256(data), sum: left.root.sum + right.root.sum },
    paths: [...left.paths.map((path) => [...path, right.root]), ...right.paths.map((path) => [...path, left.root])],
  }
}

/** A store's methods as own properties: a class instance cannot be spread. */
function bound(store: WorkStore): WorkStore {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(store) as object).filter(
    (name) => name !== 'constructor',
  )
  const methods = names.flatMap((name) => {
    const value = (store as unknown as Record<string, unknown>)[name]
    return typeof value === 'function' ? [[name, value.bind(store) as unknown] as const] : []
  })
  return { ...store, ...Object.fromEntries(methods) } as WorkStore
}
