/**
 * The gateway dies at every step that it takes towards the world (a write, a frame), before the step or after it, and starts
 * again over its store. What was signed before and after must fit together, and nothing may be owed that was not promised.
 */
import { expect } from 'vitest'
import { toHex } from '../../../src/lib/bytes.ts'
import type { SignedVoucher } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { orderHash } from '../../../src/protocol/work/order.ts'
import type { DeskWorld } from './desk-world.ts'
import { createDeskWorld, GATEWAY_PEER } from './desk-world.ts'
import type { Death } from './life.ts'
import { contradictionAmong } from './scripted-executor.ts'

const NEVER = new AbortController().signal

/** Three orders at once, one of them given up half-way; then one more. */
async function load(world: DeskWorld): Promise<void> {
  const leaving = new AbortController()
  world.follow()
  world.follow({ signal: leaving.signal })
  world.follow({ maxTokens: 5 })
  await world.advance(100)
  leaving.abort()
  await world.advance(300)
  world.follow()
  await world.advance(300)
}

async function dyingWorld(): Promise<DeskWorld> {
  return createDeskWorld({
    hosts: { ada: { stepMs: 40 }, bea: { stepMs: 60 }, cyn: { answer: 'refuse' } },
    options: { orderBlocks: 20, acceptTimeoutMs: 500, receiptTimeoutMs: 500 },
  })
}

/** Executors ask for what their streams did not bring. */
async function askForVouchers(world: DeskWorld): Promise<SignedVoucher[]> {
  const given: SignedVoucher[] = []
  for (const executor of world.executors) {
    for (const seen of executor.orders.filter(({ receipt }) => receipt !== undefined)) {
      const port = world.peers.port(executor.peerId)
      const voucher = seen.receipt && (await port.requestVoucher(GATEWAY_PEER, seen.receipt, NEVER))
      if (voucher !== undefined) {
        given.push(voucher)
      }
      if (seen.voucher !== undefined) {
        // What was sent stands in the store.
        expect(voucher).toEqual(seen.voucher)
      }
    }
  }
  return given
}

function checkPromises(world: DeskWorld): void {
  const seen = world.executors.flatMap(({ orders }) => orders)
  const bySequence = new Map<bigint, string>()
  for (const { order } of seen) {
    const hash = toHex(orderHash(order))
    expect(bySequence.get(order.sequence) ?? hash).toBe(hash)
    bySequence.set(order.sequence, hash)
  }
  // Whatever an executor signed it may bring to the chain, with a voucher or without.
  const ordered = [...seen].sort((a, b) => Number(a.order.sequence - b.order.sequence))
  let owed = 0n
  for (const { order, receipt } of ordered) {
    owed += receipt?.receipt?.price ?? 0n
    expect(order.total).toBeGreaterThanOrEqual(owed)
  }
}

async function checkBook(world: DeskWorld, vouchers: readonly SignedVoucher[]): Promise<void> {
  const book = await world.store.payer(world.payer.address)
  const heads = await Promise.all(
    world.executors.map(({ owner }) => world.store.lane(world.payer.address, owner.address)),
  )
  expect(book.owed).toBe(heads.reduce((sum, { cumulative }) => sum + cumulative, 0n))
  for (const [index, executor] of world.executors.entries()) {
    const lane = vouchers.filter(
      ({ voucher }) => toHex(voucher?.executor ?? new Uint8Array(0)) === toHex(executor.owner.bytes),
    )
    const furthest = lane.reduce(
      (most, { voucher }) => (voucher && voucher.cumulative > most ? voucher.cumulative : most),
      0n,
    )
    expect(furthest).toBe(heads[index]?.cumulative)
  }
}

/** A life that dies so, the next one, and what must hold after both. */
export async function dieAndGoOn(death: Death): Promise<DeskWorld> {
  const world = await dyingWorld()
  await world.restart(death)
  await load(world)
  await world.restart()
  await load(world)
  const asked = await askForVouchers(world)
  const sent = world.executors.flatMap((executor) => executor.vouchers())
  expect(contradictionAmong([...asked, ...sent])).toBeUndefined()
  checkPromises(world)
  await checkBook(world, [...asked, ...sent])
  // Everything expires: nothing stays reserved, nothing stays open.
  await world.blocks(80)
  const book = await world.store.payer(world.payer.address)
  expect(book.reserved).toBe(0n)
  expect(await world.store.unfinished()).toEqual([])
  await world.desk.idle()
  return world
}

/** Steps of a life that does not die. */
export async function stepsOfLife(): Promise<readonly string[]> {
  const world = await dyingWorld()
  await world.restart({ step: Number.MAX_SAFE_INTEGER, when: 'before' })
  await load(world)
  return world.life.steps
}
