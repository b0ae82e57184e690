/**
 * One story of a host that dies at a chosen step and starts again over its store: an honest order, one whose voucher is lost, one
 * that is never countersigned, one whose gateway vanishes, each offered once more where it was lost. What must hold in the end is
 * the same wherever it died.
 */

import type { Job } from '../../../src/host/work/ports.ts'
import { equalBytes, toHex } from '../../../src/lib/bytes.ts'
import { sumBigint } from '../../../src/lib/fixed-point.ts'
import { receiptHash } from '../../../src/protocol/work/receipt.ts'
import type { Death } from './life.ts'
import type { GatewayWish, OrderOutcome } from './work-gateway.ts'
import type { WorkWorld } from './work-world.ts'
import { createWorkWorld } from './work-world.ts'

const WISHES: readonly GatewayWish[] = [
  { prompt: [1, 2, 3, 4], maxTokens: 2 },
  { prompt: [5, 6, 7, 8], maxTokens: 3, conduct: 'voucher_lost' },
  { prompt: [9], maxTokens: 40, conduct: 'vanish', after: 2 },
  { prompt: [1, 1, 1, 1, 1], maxTokens: 1, conduct: 'no_voucher' },
]

export interface CrashStory {
  /** Steps of the life that was to die. */
  readonly steps: readonly string[]
  readonly hasDied: boolean
  /** What is wrong in the end, in words; empty where everything holds. */
  readonly faults: readonly string[]
}

export async function tellCrashStory(death: Death | undefined): Promise<CrashStory> {
  // bea serves no model: she is the custodian of every batch.
  const world = await createWorkWorld({ ada: {}, bea: { options: { models: [] } } })
  try {
    const ada = world.host('ada')
    await ada.stop()
    await ada.start(death)
    const dying = ada.life
    await world.blocks(1)
    const outcomes: OrderOutcome[] = []
    for (const wish of WISHES) {
      outcomes.push(world.gateway.place(wish))
      await liveOn(world, 2)
    }
    outcomes.push(...offerAgain(world, outcomes))
    await liveOn(world, 40)
    const faults = await faultsOf(world, outcomes)
    return { steps: dying.steps, hasDied: death !== undefined && dying.isOver, faults }
  } finally {
    await world.stop()
  }
}

/** A host that died starts again two blocks later. */
async function liveOn(world: WorkWorld, blocks: number): Promise<void> {
  const ada = world.host('ada')
  for (let made = 0; made < blocks; made++) {
    await world.blocks(1)
    if (ada.life.isOver) {
      await ada.stop()
      await world.blocks(2)
      await ada.start()
    }
  }
}

/** A gateway whose executor died asks it again with the same order, while that lives. */
function offerAgain(world: WorkWorld, outcomes: readonly OrderOutcome[]): OrderOutcome[] {
  return outcomes
    .filter(({ end }) => end === 'lost' || end === 'running')
    .map(({ made }) => world.gateway.place({ prompt: made.prompt, maxTokens: made.order.maxTokens, again: made }))
}

async function faultsOf(world: WorkWorld, outcomes: readonly OrderOutcome[]): Promise<string[]> {
  const { chain, gateway } = world
  const ada = world.host('ada')
  const faults: string[] = []
  const say = (holds: boolean, fault: string): void => {
    if (!holds) {
      faults.push(fault)
    }
  }
  const paid = new Map<string, Job>()
  for (const batch of chain.batches) {
    const jobs = await ada.store.jobsOfBatch(toHex(batch.root))
    const prices = jobs.map(({ receipt }) => receipt?.receipt?.price ?? 0n)
    say(jobs.length === batch.leaves && sumBigint(prices) === batch.sum, `batch ${batch.id} is not what the store says`)
    say(batch.state === 'paid', `batch ${batch.id} is ${batch.state}`)
    for (const job of jobs) {
      say(!paid.has(job.orderHash), `${job.orderHash} is paid twice`)
      paid.set(job.orderHash, job)
    }
  }
  const sum = sumBigint([...paid.values()].map(({ receipt }) => receipt?.receipt?.price ?? 0n))
  say(
    chain.escrowOf(world.payer).paid === sum,
    `the escrow paid ${chain.escrowOf(world.payer).paid}, the leaves are ${sum}`,
  )
  for (const [name, receipts] of gateway.receipts) {
    say(receipts.size === 1, `${receipts.size} receipts for ${name}`)
    const stored = (await ada.store.job(name))?.receipt?.receipt
    say(stored !== undefined && receipts.has(toHex(receiptHash(stored))), `the receipt of ${name} is not stored`)
  }
  for (const [name, voucher] of gateway.vouchers) {
    const receipt = paid.get(name)?.receipt?.receipt
    const isSame =
      receipt !== undefined && equalBytes(receiptHash(receipt), voucher.voucher?.receiptHash ?? receipt.orderHash)
    say(isSame, `${name} was countersigned and is not paid`)
  }
  for (const job of await ada.store.openJobs(99)) {
    faults.push(`${job.orderHash} is still ${job.state}`)
  }
  for (const batch of await ada.store.openBatches(99)) {
    faults.push(`batch ${batch.root} is still ${batch.state}`)
  }
  say(
    ada.work.view().notices.every(({ code }) => code !== 'opening_missing'),
    'an opening was missing',
  )
  say(
    outcomes.every(({ end }) => end !== 'running'),
    'a gateway still waits',
  )
  return faults
}
