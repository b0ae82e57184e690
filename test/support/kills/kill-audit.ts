/**
 * What must be true of a network whose processes were killed: the chain's money adds up in one block, the books of gateway and
 * executors say what the chain says, and whatever anybody was told was done stands in the blocks, once. Everything here throws
 * where it is not so.
 */
import { join } from 'node:path'
import { TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import { expect } from 'vitest'
import { z } from 'zod'
import type { ChainClient } from '../../../src/chain-client/create-chain-client.ts'
import type { ChainPort } from '../../../src/host/ports.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { sumBigint } from '../../../src/lib/fixed-point.ts'
import { ledgerMatches } from '../check/watch-network.ts'
import type { WorkMoney } from '../gateway/work-audit.ts'
import { readExecutorBook, readGatewayBook, readWorkMoney } from '../gateway/work-audit.ts'
import { waitFor } from '../wait-for.ts'
import type { Told } from './kill-load.ts'
import type { Replay } from './replay.ts'

const NEVER = new AbortController().signal
const ORDERS = z.object({
  data: z.array(
    z.object({
      order: z.string(),
      price_utail: z.string(),
      state: z.enum(['drawing', 'streaming', 'done', 'failed']),
      batched: z.object({ id: z.string() }).nullable(),
    }),
  ),
})
type OrderLine = z.infer<typeof ORDERS>['data'][number]

/** Batches go out every 6 blocks, receipts without a voucher after 20; a race in between, and executors that were just started. */
const BATCHED_DEADLINE_MS = 180_000

export interface AuditedNetwork {
  readonly chain: ChainClient
  readonly port: ChainPort
  /** `tail1…` that owns the escrow. */
  readonly developer: string
  readonly gateway: { readonly openai: string; readonly apiKey: string }
}

/** Waits until each of the newest orders that ended well stands in a batch on the chain; `auditBooks` looks at all of them. */
async function untilBatched({ gateway }: AuditedNetwork): Promise<void> {
  await waitFor(
    'every order to be in a batch',
    async () => {
      const authorization = `Bearer ${gateway.apiKey}`
      const response = await fetch(`${gateway.openai}/tailrace/orders?limit=500`, { headers: { authorization } })
      const { data } = ORDERS.parse(await response.json())
      const isOver = ({ state, batched }: OrderLine): boolean =>
        state === 'failed' || (state === 'done' && batched !== null)
      const open = data.filter((line) => !isOver(line))
      if (open.length > 0) {
        throw new CodedError('not_batched', JSON.stringify(open))
      }
      return true
    },
    { deadlineMs: BATCHED_DEADLINE_MS, everyMs: 500 },
  )
}

/** While the network runs. */
export async function auditRunning(network: AuditedNetwork): Promise<WorkMoney> {
  await untilBatched(network)
  const money = await readWorkMoney(network.chain, network.port, network.developer)
  expect(money).toMatchObject({ paid: money.income, accepted: money.income, refunded: money.givenBack, frozen: 0 })
  expect(money.faults, 'nobody is convicted for being killed').toBe(0n)
  const { supply } = money
  expect(supply).toEqual({ ...supply, issued: supply.placed, held: money.held, bonds: money.bonds })
  expect(supply.escrows).toBe(money.inEscrows)
  for (const { owner, moniker } of await network.chain.hosts(NEVER)) {
    expect(await ledgerMatches(network.port, owner, NEVER), `the ledger of ${moniker}`).toBe(true)
  }
  return money
}

/** Of a network that has stopped: each receipt in one batch, one after the other in its lane, and every voucher's with them. */
export function auditBooks(
  home: string,
  { paid }: WorkMoney,
  told: Told,
  executorHomes: readonly string[] = ['companion-1', 'companion-2'].map((name) => join(home, name)),
): void {
  const { done } = readGatewayBook(join(home, 'gateway'))
  const known = new Map(done.map(({ orderHash, price }) => [orderHash, price]))
  const missing = [...told.orders].filter(([order, price]) => known.get(order) !== price)
  expect(missing, 'answers that came whole, and that the gateway does not know any more').toEqual([])
  const executors = executorHomes.map(readExecutorBook)
  const receipts = executors.flatMap((book) => book.receipts)
  const batched = executors.flatMap((book) => book.batched)
  expect(new Set(batched).size, 'no receipt is batched twice').toBe(batched.length)
  const lost = receipts.filter(({ state, isCountersigned }) => isCountersigned && state !== 'batched')
  expect(lost, 'receipts with a voucher that are in no batch').toEqual([])
  for (const book of executors) {
    for (const lane of Map.groupBy(book.receipts, ({ payer }) => payer).values()) {
      const intervals = lane.flatMap(({ interval }) => (interval === undefined ? [] : [interval]))
      const inOrder = intervals.sort(([a], [b]) => (a < b ? -1 : 1))
      expect(inOrder.map(([from]) => from)).toEqual([0n, ...inOrder.slice(0, -1).map(([, to]) => to)])
    }
  }
  expect(sumBigint(receipts.map(({ interval: [from, to] = [0n, 0n] }) => to - from))).toBe(paid)
  expect(done.filter(({ orderHash }) => !batched.includes(orderHash))).toEqual([])
}

/** What was told against the blocks themselves. `transferred`: the receiver's balance, which nothing but these transfers made. */
export function auditBlocks(told: Told, replay: Replay, transferred: bigint): void {
  const forked = [...told.blocks].filter(([height, hash]) => height > 0 && replay.blocks.get(height) !== hash)
  expect(forked, 'blocks that somebody heard of').toEqual([])
  const heights = Map.groupBy(replay.txs, ({ hash }) => hash)
  const lost = [...told.transfers].filter(
    ([hash, height]) => heights.get(hash)?.length !== 1 || heights.get(hash)?.[0]?.height !== height,
  )
  expect(lost, 'transfers that somebody was told are in a block').toEqual([])
  const memos = replay.txs.filter(({ code }) => code === 0).flatMap(({ bytes }) => transferMemo(bytes))
  expect(new Set(memos).size, 'no transfer was executed twice').toBe(memos.length)
  expect(transferred).toBe(BigInt(memos.length))
}

function transferMemo(tx: Uint8Array): string[] {
  const { memo } = TxBody.decode(TxRaw.decode(tx).bodyBytes)
  return memo.startsWith('transfer ') ? [memo] : []
}
