import { describe, expect, it } from 'vitest'
import {
  batchOf,
  createCheckWorld,
  moneyLines,
  moneyWords,
  PASS,
  playBatch,
  playBlock,
  playUntil,
  sendBatch,
  UNAVAILABLE,
  workAndSend,
} from '../../../test/support/chain/chain-checks.ts'
import { hostNamed } from '../../../test/support/chain/chain-harness.ts'
import { escrowOf, ownerOf, serviceOf, sessionNamed } from '../../../test/support/chain/chain-work.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { sumBigint } from '../../lib/fixed-point.ts'
import { openBatches } from '../state/work/batches.ts'

const HOSTS = ['ada', 'bob', 'cleo', 'dan', 'eve'].map(hostNamed)
const [ADA] = HOSTS as [(typeof HOSTS)[number]]
const SHOP = sessionNamed('shop')
const MILL = sessionNamed('mill')
/** 8 prompt tokens at a quarter and 40 output tokens at one utail. */
const PRICE = 42n
/** What stands for the median while no receipt was opened. */
const MEDIAN_WORK = { promptTokens: 256, outputTokens: 128 }
const MEDIAN = 192n

describe('a batch whose checks pass', () => {
  it('is drawn, opened, checked and paid, less burn and fees, and its host is better known', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain } = world
    const sent = workAndSend(world, SHOP, ADA, 8, MEDIAN_WORK)
    expect(playBatch(chain, HOSTS, sent)).toBe('paid')
    const { batch, checks } = batchOf(chain, sent.id)
    expect(batch.points).toBe(checks.length)
    expect(checks.length).toBeGreaterThan(1)
    expect(checks.map(({ state }) => state)).toEqual(checks.map(() => 'passed'))
    expect(checks.every(({ checkers }) => checkers.every(({ host }) => !equalBytes(host, ownerOf(ADA))))).toBe(true)
    const leaves = new Set(checks.map(({ opening }) => opening?.index))
    const fees = BigInt(checks.length) * (MEDIAN / 10n)
    const [income, burn, ...paid] = moneyLines(chain, ADA)
    expect([income, burn].map((line) => line?.amount)).toEqual(['1536', '76'])
    expect(paid.map(({ reason }) => reason)).toEqual(paid.map(() => 'check_fee'))
    expect(sumBigint(paid.map(({ amount }) => BigInt(amount)))).toBe(fees)
    expect(batch.feesDue).toBe(fees)
    const verifiers = HOSTS.slice(1).flatMap((host) => moneyWords(chain, host))
    expect(verifiers.filter((line) => !/^hold check_reward \d+$/.test(line))).toEqual([])
    expect(serviceOf(chain, ADA)).toMatchObject({
      g: BigInt(leaves.size) * 1_000_000n,
      checksPassed: BigInt(checks.length),
      suspicion: 0n,
    })
    expect(openBatches(chain.store, ownerOf(ADA), 0)).toBe(0n)
  })

  it('asks for the fewer points the better the host is known', () => {
    const world = createCheckWorld(HOSTS, [SHOP, MILL])
    const { chain, bench } = world
    const points: number[] = []
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 5; index++) {
        bench.work(SHOP, ADA, MEDIAN_WORK)
        bench.work(MILL, ADA, MEDIAN_WORK)
      }
      const sent = sendBatch(chain, ADA, bench.batch(ADA))
      expect(playBatch(chain, HOSTS, sent)).toBe('paid')
      points.push(batchOf(chain, sent.id).checks.length)
    }
    expect(points[0]).toBeGreaterThan(points[2] as number)
  })

  it('credits one payer ten median receipts an epoch', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const sent = workAndSend(world, SHOP, ADA, 30, MEDIAN_WORK)
    expect(playBatch(world.chain, HOSTS, sent)).toBe('paid')
    const { checks } = batchOf(world.chain, sent.id)
    expect(new Set(checks.map(({ opening }) => opening?.index)).size).toBeGreaterThan(10)
    expect(serviceOf(world.chain, ADA)?.g).toBe(10_000_000n)
  })

  it('pays verifiers a fifth of a small batch at most', () => {
    const world = createCheckWorld(HOSTS, [SHOP], { checkersPerPoint: 4, checkFeePpm: 500_000 })
    const sent = workAndSend(world, SHOP, ADA, 1)
    expect(playBatch(world.chain, HOSTS, sent)).toBe('paid')
    const { batch, checks } = batchOf(world.chain, sent.id)
    const reports = checks.flatMap(({ checkers }) => checkers).length
    expect(reports).toBeGreaterThanOrEqual(4)
    expect(batch.feesDue).toBe(BigInt(reports) * (PRICE / (5n * BigInt(reports))))
    expect(batch.feesDue).toBeLessThanOrEqual(PRICE / 5n)
  })
})

describe('a check that nobody can make', () => {
  it('is unchecked where no other host serves the model: paid, but it earns no reputation', () => {
    const world = createCheckWorld([ADA], [SHOP])
    const sent = workAndSend(world, SHOP, ADA, 3)
    expect(playBatch(world.chain, [ADA], sent)).toBe('paid')
    const { batch, checks } = batchOf(world.chain, sent.id)
    expect(checks.map(({ state }) => state)).toEqual(checks.map(() => 'unchecked'))
    expect(batch.custodian).toHaveLength(0)
    expect(serviceOf(world.chain, ADA)?.g).toBe(0n)
  })

  it('goes to other verifiers where the first are silent, and then is unchecked', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const sent = workAndSend(world, SHOP, ADA, 1)
    const [first] = playUntil(world.chain, HOSTS, sent, ['opened'], { report: () => undefined })
    const asked = first?.checkers.map(({ host }) => host) ?? []
    expect(playBatch(world.chain, HOSTS, sent, { report: () => undefined })).toBe('paid')
    const [check] = batchOf(world.chain, sent.id).checks
    expect(check).toMatchObject({ state: 'unchecked', round: 1 })
    expect(check?.checkers.some(({ host }) => asked.some((one) => equalBytes(one, host)))).toBe(false)
  })

  it('passes where the second verifiers answer', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const sent = workAndSend(world, SHOP, ADA, 1)
    const roles = { report: (_: unknown, { round }: { round: number }) => (round === 0 ? undefined : PASS) }
    expect(playBatch(world.chain, HOSTS, sent, roles)).toBe('paid')
    expect(batchOf(world.chain, sent.id).checks.map(({ state }) => state)).toEqual(['passed'])
  })

  it('is void where its data is too long to be posted and no verifier got it', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain, bench } = world
    bench.work(SHOP, ADA, { promptTokens: 30_000, outputTokens: 1 })
    const sent = sendBatch(chain, ADA, bench.batch(ADA))
    const before = escrowOf(chain, SHOP).available
    expect(playBatch(chain, HOSTS, sent, { report: () => UNAVAILABLE })).toBe('paid')
    const { batch, checks } = batchOf(chain, sent.id)
    expect(checks.map(({ state }) => state)).toEqual(checks.map(() => 'void'))
    expect(batch.refunded).toBe(batch.sum)
    expect(escrowOf(chain, SHOP).available).toBe(before + batch.sum)
  })
})

describe('the floor', () => {
  // The settle at height 39 takes the weights of hosts that did not race; rosters are written at even heights.
  const EPOCH = { epochLength: 41, raceLength: 31, verifyLength: 8 }

  it('keeps a small batch open until its epoch closes, where the missing points are drawn', () => {
    const world = createCheckWorld(HOSTS, [SHOP], { checkFloor: 5 }, EPOCH)
    const { chain } = world
    const sent = workAndSend(world, SHOP, ADA, 2)
    playUntil(chain, HOSTS, sent, ['passed'])
    expect(batchOf(chain, sent.id).batch).toMatchObject({ state: 'checking', openChecks: 0 })
    expect(openBatches(chain.store, ownerOf(ADA), 0)).toBe(1n)
    chain.produceUntil(39)
    const before = batchOf(chain, sent.id).checks.length
    expect(before).toBeLessThan(5)
    chain.produce()
    expect(batchOf(chain, sent.id).checks).toHaveLength(5)
    expect(playBatch(chain, HOSTS, sent)).toBe('paid')
    expect(openBatches(chain.store, ownerOf(ADA), 0)).toBe(0n)
  })

  it('spreads the missing points over the batches of the epoch by their sums', () => {
    const world = createCheckWorld(HOSTS, [SHOP], { checkFloor: 40 }, EPOCH)
    const { chain } = world
    const small = workAndSend(world, SHOP, ADA, 1)
    const large = workAndSend(world, SHOP, ADA, 12)
    playUntil(chain, HOSTS, small, ['passed'])
    playUntil(chain, HOSTS, large, ['passed'])
    chain.produceUntil(40)
    const points = [small, large].map(({ id }) => batchOf(chain, id).batch.points)
    expect((points[0] as number) + (points[1] as number)).toBe(40)
    expect(points[1]).toBeGreaterThan(5 * (points[0] as number))
    while (chain.height < 60) {
      playBlock(chain, HOSTS, [small, large])
    }
    expect([small, large].map(({ id }) => batchOf(chain, id).batch.state)).toEqual(['paid', 'paid'])
  })

  it('lets earlier batches go as soon as a later one reaches it', () => {
    const world = createCheckWorld(HOSTS, [SHOP], { checkFloor: 4 })
    const { chain } = world
    const first = workAndSend(world, SHOP, ADA, 1)
    playUntil(chain, HOSTS, first, ['passed'])
    expect(batchOf(chain, first.id).batch.state).toBe('checking')
    const second = workAndSend(world, SHOP, ADA, 12)
    playUntil(chain, HOSTS, second, ['passed'])
    expect([first, second].map(({ id }) => batchOf(chain, id).batch.state)).toEqual(['paid', 'paid'])
  })
})

describe('after its end', () => {
  it('a batch is kept for two epochs, then forgotten with its checks', () => {
    const world = createCheckWorld(HOSTS, [SHOP], {}, { epochLength: 14, raceLength: 4, verifyLength: 8 })
    const { chain } = world
    const sent = workAndSend(world, SHOP, ADA, 1)
    expect(playBatch(chain, HOSTS, sent)).toBe('paid')
    const end = chain.height
    chain.produceUntil(end + 27)
    expect(batchOf(chain, sent.id).batch.state).toBe('paid')
    chain.produceUntil(end + 28)
    expect(() => batchOf(chain, sent.id)).toThrow('no batch')
    expect(
      [...chain.store.entries()].filter(([key]) => [0x71, 0x72, 0x75, 0x78, 0x79, 0x7a].includes(key[0] ?? 0)),
    ).toEqual([])
  })
})
