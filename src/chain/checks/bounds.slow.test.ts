import { describe, expect, it } from 'vitest'
import type { CheckWorld } from '../../../test/support/chain/chain-checks.ts'
import {
  batchOf,
  createCheckWorld,
  playBatch,
  playBlock,
  sendBatch,
  workAndSend,
} from '../../../test/support/chain/chain-checks.ts'
import { recordOf } from '../../../test/support/chain/chain-duties.ts'
import type { HostActor } from '../../../test/support/chain/chain-harness.ts'
import { hostNamed } from '../../../test/support/chain/chain-harness.ts'
import { ownerOf, serviceOf, sessionNamed } from '../../../test/support/chain/chain-work.ts'
import { balanceOf } from '../state/bank.ts'
import { EVENTS_PER_BLOCK } from './due-events.ts'

const HOSTS = ['ada', 'bob', 'cleo', 'dan'].map(hostNamed)
const [ADA] = HOSTS as [HostActor]
const SHOP = sessionNamed('shop')

/** Events of one kind at the end of each block, by height. */
function perBlock({ chain }: CheckWorld, type: string): Map<number, number> {
  const counts = new Map<number, number>()
  for (const event of chain.blockEvents.filter((one) => one.type === type)) {
    counts.set(event.height, (counts.get(event.height) ?? 0) + 1)
  }
  return counts
}

describe('what is due at the end of a block', () => {
  it('is done up to a bound: the rest waits for the next blocks, and nothing is lost', () => {
    // A floor of 64 draws 64 points for each batch: two batches do not fit one block.
    const world = createCheckWorld(
      HOSTS,
      [SHOP],
      { checkFloor: 64, openingBlocks: 60 },
      { epochLength: 41, raceLength: 31, verifyLength: 8 },
    )
    const { chain } = world
    const sent = HOSTS.map((host) => workAndSend(world, SHOP, host, 1))
    while (chain.height < 40) {
      playBlock(chain, HOSTS, sent)
    }
    chain.produceUntil(44)
    const drawn = perBlock(world, 'check_drawn')
    const atClose = [...drawn].filter(([height]) => height >= 40)
    expect(atClose.length).toBeGreaterThan(1)
    expect(atClose.every(([, count]) => count < EVENTS_PER_BLOCK + 64)).toBe(true)
    expect(sent.map(({ id }) => batchOf(chain, id).batch.points)).toEqual([64, 64, 64, 64])
  })
})

describe('earnings of an epoch with an open batch', () => {
  it('are not released before its checks are closed', () => {
    const world = createCheckWorld(
      HOSTS,
      [SHOP],
      { openingBlocks: 6, checkBlocks: 30 },
      { epochLength: 14, raceLength: 4, verifyLength: 8, holdEpochs: 1, emissionPerEpoch: 0n },
    )
    const { chain, bench } = world
    bench.work(SHOP, ADA)
    const sent = sendBatch(chain, ADA, bench.batch(ADA))
    for (let block = 0; block < 4; block++) {
      playBlock(chain, HOSTS, [sent], { report: () => undefined })
    }
    // The close of epoch 1 would pay what was earned in epoch 0.
    chain.produceUntil(28)
    expect(recordOf(chain, ADA).held).toBe('42')
    expect(balanceOf(chain.store, ownerOf(ADA))).toBe(0n)
    expect(playBatch(chain, HOSTS, sent)).toBe('paid')
    const held = BigInt(recordOf(chain, ADA).held)
    expect(held).toBeLessThan(42n)
    chain.produceUntil(42)
    expect(balanceOf(chain.store, ownerOf(ADA)) + BigInt(recordOf(chain, ADA).bond)).toBe(held)
  })
})

describe('g', () => {
  it('falls in an epoch without a batch', () => {
    const world = createCheckWorld(HOSTS, [SHOP], {}, { epochLength: 14, raceLength: 4, verifyLength: 8 })
    const sent = workAndSend(world, SHOP, ADA, 1)
    expect(playBatch(world.chain, HOSTS, sent)).toBe('paid')
    world.chain.produceUntil(14)
    expect(serviceOf(world.chain, ADA)?.g).toBe(1_000_000n)
    world.chain.produceUntil(28)
    expect(serviceOf(world.chain, ADA)?.g).toBe(980_000n)
  })
})
