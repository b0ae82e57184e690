/**
 * Whether the money of paid work adds up, asked of the chain as an observer: batches as they come and close (the chain forgets
 * them two epochs later), escrows against the hosts' why-ledgers, lanes, the supply. Sums are read within one block.
 */
import { join } from 'node:path'
import type { SQLOutputValue } from 'node:sqlite'
import { DatabaseSync } from 'node:sqlite'
import type { ChainClient } from '../../../src/chain-client/create-chain-client.ts'
import type { ChainPort } from '../../../src/host/ports.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { sumBigint } from '../../../src/lib/fixed-point.ts'
import type { BatchState } from '../../../src/protocol/gen/tailrace/v1/state.ts'
import { waitFor } from '../wait-for.ts'

const NEVER = new AbortController().signal
const POLL_MS = 500
/** A receipt without a voucher waits 20 blocks, and batches are sent every 6: after so many without a new one, none is to come. */
const QUIET_BLOCKS = 32

export interface BatchWatch {
  /** As last seen, by id. */
  readonly batches: ReadonlyMap<bigint, BatchState>
  /** Resolves when all are closed and none has come for a while. */
  untilAllClosed(sinceHeight: number, deadlineMs: number): Promise<void>
  stop(): void
}

export function watchBatches(chain: ChainClient): BatchWatch {
  const batches = new Map<bigint, BatchState>()
  let height = 0
  const read = async (): Promise<void> => {
    const hosts = await chain.hosts(NEVER)
    const pages = await Promise.all(hosts.map(({ owner }) => chain.work.batches(owner, 0n, NEVER)))
    for (const batch of pages.flat()) {
      batches.set(batch.id, batch)
    }
    height = (await chain.status(NEVER)).height
  }
  let isStopped = false
  const follow = async (): Promise<void> => {
    while (!isStopped) {
      // What fails once is read with the next round.
      await read().catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
  void follow()
  return {
    batches,
    untilAllClosed: (sinceHeight, deadlineMs) => {
      const isClosed = ({ state }: BatchState): boolean => state === 'paid' || state === 'refunded'
      return waitFor(
        'all batches to be closed',
        () => {
          const all = [...batches.values()]
          const newest = all.reduce((most, batch) => Math.max(most, Number(batch.height)), sinceHeight)
          return all.every(isClosed) && height >= newest + QUIET_BLOCKS
        },
        { deadlineMs, everyMs: POLL_MS },
      ).then(() => undefined)
    },
    stop: () => {
      isStopped = true
    },
  }
}

export interface WorkMoney {
  /** Of all escrows of one developer. */
  readonly paid: bigint
  readonly refunded: bigint
  readonly inEscrows: bigint
  readonly frozen: number
  /** What batches took from lanes, over all lanes. */
  readonly accepted: bigint
  /** From the hosts' ledgers. */
  readonly income: bigint
  readonly givenBack: bigint
  readonly held: bigint
  readonly bonds: bigint
  readonly faults: bigint
  readonly supply: Readonly<Record<'issued' | 'placed' | 'held' | 'bonds' | 'escrows', bigint>>
}

const TRIES = 40

/** @throws Error where no block was long enough to read it all. */
export async function readWorkMoney(chain: ChainClient, port: ChainPort, developer: string): Promise<WorkMoney> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const before = (await chain.epoch(NEVER)).height
    const money = await readOnce(chain, port, developer)
    if ((await chain.epoch(NEVER)).height === before) {
      return money
    }
  }
  throw new Error('the chain was never still for as long as reading takes')
}

async function readOnce(chain: ChainClient, port: ChainPort, developer: string): Promise<WorkMoney> {
  const [escrows, hosts, supply] = await Promise.all([
    chain.work.escrows(developer, NEVER),
    chain.hosts(NEVER),
    chain.supply(NEVER),
  ])
  const ledgers = await Promise.all(hosts.map(({ owner }) => readSums(port, owner)))
  const lanes = await Promise.all(
    escrows.flatMap(({ payer }) => hosts.map(({ owner }) => chain.work.lane(payer, owner, NEVER))),
  )
  const amount = (text: string): bigint => BigInt(text || '0')
  const { genesis, minted, burned, balances, held, bonds, pool, escrows: inEscrows } = supply
  return {
    paid: sumBigint(escrows.map((escrow) => escrow.paid)),
    refunded: sumBigint(escrows.map((escrow) => escrow.refunded)),
    inEscrows: sumBigint(escrows.map((each) => each.deposited + each.refunded - each.paid - each.released)),
    frozen: escrows.filter((escrow) => escrow.frozen).length,
    accepted: sumBigint(lanes),
    income: sumBigint(ledgers.map((sums) => sums.income)),
    givenBack: sumBigint(ledgers.map((sums) => sums.givenBack)),
    held: sumBigint(hosts.map((host) => amount(host.held))),
    bonds: sumBigint(hosts.map((host) => amount(host.bond))),
    faults: sumBigint(hosts.map((host) => host.faults)),
    supply: {
      issued: amount(genesis) + amount(minted) - amount(burned),
      placed: sumBigint([balances, held, bonds, pool, inEscrows].map(amount)),
      held: amount(held),
      bonds: amount(bonds),
      escrows: amount(inEscrows),
    },
  }
}

async function readSums(port: ChainPort, owner: string): Promise<{ income: bigint; givenBack: bigint }> {
  const sums = { income: 0n, givenBack: 0n }
  let next = 1n
  let last = 0n
  do {
    const page = await port.ledger(owner, next, NEVER)
    for (const { kind, reason, amount } of page.entries) {
      if (kind === 'hold' && reason === 'order_income') {
        sums.income += BigInt(amount)
      }
      if (kind === 'debit' && (reason === 'receipt_void' || reason === 'opening_withheld')) {
        sums.givenBack += BigInt(amount)
      }
    }
    last = page.lastSequence
    next += BigInt(page.entries.length)
  } while (next <= last)
  return sums
}

/** One receipt as its executor keeps it. */
export interface KeptReceipt {
  readonly orderHash: string
  readonly payer: string
  readonly state: string
  readonly isCountersigned: boolean
  /** Lane interval; absent where no batch has it. */
  readonly interval: readonly [from: bigint, to: bigint] | undefined
}

export interface ExecutorBook {
  readonly receipts: readonly KeptReceipt[]
  /** Order hashes of all batches that the chain took, one batch after the other. */
  readonly batched: readonly string[]
}

const HASH_BYTES = 32

/** The book of a companion that has stopped. */
export function readExecutorBook(home: string): ExecutorBook {
  const rows = openBook(join(home, 'work.sqlite'))
  const jobs = rows('SELECT order_hash, payer, state, voucher, lane_from, lane_to FROM jobs WHERE receipt IS NOT NULL')
  const batches = rows(`SELECT leaves FROM batches WHERE state IN ('taken', 'paid', 'refunded')`)
  return {
    receipts: jobs.map((row) => ({
      orderHash: String(row.order_hash),
      payer: toHex(row.payer as Uint8Array),
      state: String(row.state),
      isCountersigned: row.voucher !== null,
      interval: row.lane_to === null ? undefined : [row.lane_from as bigint, row.lane_to as bigint],
    })),
    batched: batches.flatMap(({ leaves }) => hashesOf(leaves as Uint8Array)),
  }
}

function openBook(path: string): (sql: string) => Record<string, SQLOutputValue>[] {
  return (sql) => {
    const file = new DatabaseSync(path)
    try {
      const statement = file.prepare(sql)
      statement.setReadBigInts(true)
      return statement.all()
    } finally {
      file.close()
    }
  }
}

function hashesOf(all: Uint8Array): string[] {
  return Array.from({ length: all.length / HASH_BYTES }, (_, index) =>
    toHex(all.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)),
  )
}

export interface GatewayBook {
  readonly owed: bigint
  readonly reserved: bigint
  /** Orders with a voucher of this gateway, and what they cost. */
  readonly done: readonly { readonly orderHash: string; readonly price: bigint }[]
}

/** The book of a gateway that has stopped, all payers together. */
export function readGatewayBook(home: string): GatewayBook {
  const rows = openBook(join(home, 'orders.sqlite'))
  const [sums] = rows('SELECT coalesce(sum(owed), 0) AS owed, coalesce(sum(reserved), 0) AS reserved FROM payers')
  const done = rows(`SELECT order_hash, price FROM orders WHERE state = 'done'`)
  return {
    owed: sums?.owed as bigint,
    reserved: sums?.reserved as bigint,
    done: done.map((row) => ({ orderHash: String(row.order_hash), price: row.price as bigint })),
  }
}
