/**
 * Gateway and executors are killed in the middle of streams, at random steps, and start again from their stores. In the end every
 * receipt is paid once at most, lanes, escrow and book agree to the last unit, and nothing that was signed contradicts itself.
 */
import { expect, onTestFinished, test } from 'vitest'
import type { Job } from '../../src/host/work/ports.ts'
import { toHex, utf8 } from '../../src/lib/bytes.ts'
import { createDrawStream } from '../../src/protocol/draw.ts'
import { sha256 } from '../../src/protocol/hash.ts'
import { orderHash } from '../../src/protocol/work/order.ts'
import { contradictionAmong } from '../support/work/scripted-executor.ts'
import type { FollowedOrder, WorkNetwork } from '../support/work-network.ts'
import { createWorkNetwork, NETWORK_PARAMS } from '../support/work-network.ts'

const KILLS = 50
const ORDER_BLOCKS = 60
const MINUTES_MS = 900_000
const MANY = 100_000

function drawOf(name: string): (limit: number) => number {
  const stream = createDrawStream(sha256(utf8(`${name} ${process.env.KILL_SEED ?? '1'}`)))
  return (limit) => Number(stream.below(BigInt(limit)))
}

/** Every batch that the chain ever took, as it stood last: the chain forgets what was closed epochs ago. */
type AllBatches = Map<
  bigint,
  { readonly host: string; readonly state: string; readonly root: Uint8Array; readonly sum: bigint }
>

function watchBatches({ chain, hosts, answers }: WorkNetwork): AllBatches {
  const all: AllBatches = new Map()
  chain.onCommit(() => {
    for (const { owner } of hosts) {
      for (const { id, state, root, sum } of answers.now.batches(owner.address)) {
        all.set(id, { host: owner.address, state, root, sum })
      }
    }
  })
  return all
}

async function start(): Promise<WorkNetwork> {
  // Few races: they cost more than everything else.
  const params = { ...NETWORK_PARAMS, epochLength: 100 }
  const desk = { orderBlocks: ORDER_BLOCKS }
  const network = await createWorkNetwork({ ada: {}, bea: {}, cyn: {} }, { params, desk })
  onTestFinished(() => network.stop())
  return network
}

/** Two or three orders, now and then one that its client gives up. */
async function load(network: WorkNetwork, draw: (limit: number) => number): Promise<FollowedOrder[]> {
  const leaving = new AbortController()
  const orders = [network.order({ maxTokens: 4 + draw(16) }), network.order({ maxTokens: 4 + draw(16) })]
  if (draw(3) === 0) {
    orders.push(network.order({ maxTokens: 20, signal: leaving.signal }))
  }
  await network.advance(100 + 50 * draw(10))
  leaving.abort()
  await network.blocks(1 + draw(2))
  return orders
}

async function jobsOf(network: WorkNetwork): Promise<(Job & { readonly host: string })[]> {
  const lists = await Promise.all(
    network.hosts.map(async ({ store, owner }) =>
      (await store.jobs(MANY)).map((job) => ({ ...job, host: owner.address })),
    ),
  )
  return lists.flat()
}

/** Until every order has expired, every batch is closed, and everybody has seen it. */
async function comeToRest(network: WorkNetwork, all: AllBatches): Promise<void> {
  // Also who has not come to the step at which it was to die.
  for (const host of network.hosts) {
    await host.restart()
  }
  await network.restartGateway()
  const isClosed = ({ state }: { readonly state: string }): boolean => state === 'paid' || state === 'refunded'
  await network.blocks(ORDER_BLOCKS)
  await network.until('every batch to be closed', () => [...all.values()].every(isClosed), 250)
  // Another order shows that all of them go on.
  const last = [network.order(), network.order(), network.order()]
  await network.until('the last orders', () => last.every(({ end }) => end !== 'running'), 30)
  expect(last.map(({ end }) => end)).toEqual(last.map(() => expect.stringMatching(/^(stop|length)$/)))
  await network.blocks(ORDER_BLOCKS + 60)
}

async function checkMoney(network: WorkNetwork, all: AllBatches): Promise<void> {
  const { answers, payer, hosts, deskStore } = network
  const jobs = await jobsOf(network)
  const entries = await deskStore.orders(MANY)
  const vouchers = [...jobs.flatMap(({ voucher }) => voucher ?? []), ...entries.flatMap(({ voucher }) => voucher ?? [])]
  expect(contradictionAmong(vouchers)).toBeUndefined()

  const bySequence = new Map<bigint, string>()
  for (const { order } of [...jobs, ...entries].map(({ order: signed }) => signed)) {
    const hash = order === undefined ? '' : toHex(orderHash(order))
    const sequence = order?.sequence ?? 0n
    expect(bySequence.get(sequence) ?? hash).toBe(hash)
    bySequence.set(sequence, hash)
  }

  const leaves = new Map<string, bigint>()
  let paid = 0n
  for (const { owner, store } of hosts) {
    const own = [...all.values()].filter(({ host }) => host === owner.address)
    let sum = 0n
    for (const batch of own) {
      const inBatch = await store.jobsOfBatch(toHex(batch.root))
      for (const { orderHash: name, receipt } of inBatch) {
        expect(leaves.has(name)).toBe(false)
        leaves.set(name, receipt?.receipt?.price ?? 0n)
        sum += receipt?.receipt?.price ?? 0n
      }
    }
    expect(own.reduce((total, batch) => total + batch.sum, 0n)).toBe(sum)
    expect(answers.now.lane(payer.bytes, owner.address)).toBe(sum)
    expect(answers.now.host(owner.address)).toMatchObject({ faults: 0n })
    paid += sum
  }
  const { escrow } = answers.now.escrow(payer.bytes)
  expect(escrow).toMatchObject({ paid, frozen: false })

  // What the client was told is what it paid; what the book owes is what the chain took.
  for (const { orderHash: name, price } of entries.filter(({ state }) => state === 'done')) {
    expect(leaves.get(name)).toBe(price)
  }
  expect(await deskStore.payer(payer.address)).toMatchObject({ owed: paid, reserved: 0n })
  expect(await deskStore.unfinished()).toEqual([])
}

test(
  `a gateway that is killed ${KILLS} times in the middle of streams`,
  async () => {
    const network = await start()
    const all = watchBatches(network)
    const draw = drawOf('gateway')
    let kills = 0
    for (let cycle = 0; cycle < KILLS; cycle++) {
      await network.restartGateway({ step: 1 + draw(18), when: draw(2) === 0 ? 'before' : 'after' })
      await network.blocks(1)
      await load(network, draw)
      kills += network.gateway.life.isOver ? 1 : 0
    }
    expect(kills).toBeGreaterThan(KILLS / 2)
    await comeToRest(network, all)
    await checkMoney(network, all)
  },
  MINUTES_MS,
)

test(
  `executors that are killed ${KILLS} times in the middle of streams`,
  async () => {
    const network = await start()
    const all = watchBatches(network)
    const draw = drawOf('executors')
    const orders: FollowedOrder[] = []
    let kills = 0
    for (let cycle = 0; cycle < KILLS; cycle++) {
      const host = network.hosts[draw(network.hosts.length)]
      await host?.restart({ step: 1 + draw(60), when: draw(2) === 0 ? 'before' : 'after' })
      await network.blocks(2)
      orders.push(...(await load(network, draw)))
      kills += network.hosts.some(({ life }) => life.isOver) ? 1 : 0
      for (const dead of network.hosts.filter(({ life }) => life.isOver)) {
        await dead.restart()
      }
    }
    expect(kills).toBeGreaterThan(KILLS / 4)
    await network.until('every client to hear of an end', () => orders.every(({ end }) => end !== 'running'), 80)
    await comeToRest(network, all)
    await checkMoney(network, all)
    const told = orders.flatMap(({ result }) => result ?? [])
    expect(told.length).toBeGreaterThan(KILLS / 2)
  },
  MINUTES_MS,
)
