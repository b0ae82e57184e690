/** Weight and target over many races, with the shipped arithmetic: finds are drawn as the target makes them, a Poisson number for each host. */
import { describe, expect, test } from 'vitest'
import { philox4x32 } from '../lib/philox.ts'
import { MAX_TARGET, MIN_FINDS, retarget, weightPerFind } from './find.ts'
import { RACE_SHAPES } from './shapes.ts'

const MACS = RACE_SHAPES.std.macs
const RANGE = 2 ** 256
/** What a network of equal hosts is steered to. */
const FINDS_PER_HOST = 500

type Random = () => number

function createRandom(seed: number): Random {
  const words = new Int32Array(4)
  let counter = 0
  return () => {
    philox4x32(words, 0, counter++, seed, 0, 0, 0x5eed, 0)
    return ((words[0] as number) >>> 0) / 2 ** 32
  }
}

/** A Poisson number: exact below 60, by the normal distribution above, where it differs by less than a find. */
function poisson(mean: number, random: Random): number {
  if (mean > 60) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal))
  }
  let finds = 0
  for (let left = Math.exp(-mean), product = random(); product > left; product *= random()) {
    finds++
  }
  return finds
}

const meanFinds = (target: bigint, attempts: number): number => (attempts * Number(target)) / RANGE

interface Race {
  readonly finds: readonly number[]
  readonly next: bigint
}

/** One race of honest hosts that all get verified: who has fewer than MIN_FINDS counts nothing, as in chain/epoch/settle.ts. */
function race(target: bigint, attempts: readonly number[], random: Random): Race {
  const finds = attempts.map((count) => poisson(meanFinds(target, count), random))
  const qualifying = finds.filter((count) => count >= MIN_FINDS)
  const sum = qualifying.reduce((total, count) => total + count, 0)
  return { finds, next: retarget({ target, finds: sum, qualifyingHosts: qualifying.length }) }
}

/** Targets of a network from race to race while its hosts make `attempts(race)` attempts. */
function targetsOf(
  races: number,
  first: bigint,
  attempts: (race: number) => readonly number[],
  seed: number,
): bigint[] {
  const random = createRandom(seed)
  const targets = [first]
  for (let number = 0; number < races; number++) {
    targets.push(race(targets[number] as bigint, attempts(number), random).next)
  }
  return targets
}

const log4 = (ratio: number): number => Math.log(ratio) / Math.log(4)

function expectStepsWithinFour(targets: readonly bigint[]): void {
  for (const [index, target] of targets.entries()) {
    const before = targets[index - 1] ?? target
    expect(target <= before * 4n && target >= before / 4n && target <= MAX_TARGET && target >= 1n).toBe(true)
  }
}

describe('weight', () => {
  test('follows throughput 1 : 2 : 5 within 3σ of Poisson finds, over 400 seeds, whatever the target of the day', () => {
    const speeds = [1, 2, 5]
    const attempts = speeds.map((speed) => speed * 2_000_000)
    let target = 2n ** 242n
    const sums = [0, 0, 0]
    const beyond: number[] = []
    const seeds = 400
    let expectedFinds = 0
    for (let seed = 0; seed < seeds; seed++) {
      const { finds, next } = race(target, attempts, createRandom(seed))
      const perFind = weightPerFind(target, MACS)
      for (const [host, count] of finds.entries()) {
        const work = Number(MACS) * (attempts[host] as number)
        const sigma = 1 / Math.sqrt(meanFinds(target, attempts[host] as number))
        const weight = Number(BigInt(count) * perFind) / work
        if (Math.abs(weight - 1) > 3 * sigma) {
          beyond.push(seed)
        }
        sums[host] = (sums[host] as number) + weight / seeds
      }
      expectedFinds += meanFinds(target, attempts[0] as number) / seeds
      target = next
    }
    // 1,200 weights, each beyond 3σ once in 370: 3.2 expected, 9 is another 3σ.
    expect(beyond.length).toBeLessThanOrEqual(9)
    // The mean over all seeds: no host is favoured by its size, to a twentieth of one race's σ.
    for (const [host, mean] of sums.entries()) {
      const sigma = 1 / Math.sqrt(expectedFinds * (speeds[host] as number) * seeds)
      expect(Math.abs(mean - 1)).toBeLessThan(3 * sigma)
    }
    // Three hosts steered to 1,500 finds: the slowest has an eighth of them.
    expect(expectedFinds).toBeGreaterThan(160)
    expect(expectedFinds).toBeLessThan(215)
  })

  test('is the same for one card under one name and under five', () => {
    const random = createRandom(77)
    const target = 2n ** 242n
    const whole = { sum: 0, squares: 0 }
    const split = { sum: 0, squares: 0 }
    const add = (to: typeof whole, finds: number): void => {
      to.sum += finds
      to.squares += finds * finds
    }
    const races = 2_000
    for (let number = 0; number < races; number++) {
      add(whole, race(target, [5_000_000], random).finds[0] as number)
      add(
        split,
        race(target, new Array<number>(5).fill(1_000_000), random).finds.reduce((sum, count) => sum + count, 0),
      )
    }
    const mean = meanFinds(target, 5_000_000)
    const sigma = Math.sqrt(mean / races)
    expect(Math.abs(whole.sum / races - mean)).toBeLessThan(3 * sigma)
    expect(Math.abs(split.sum / races - mean)).toBeLessThan(3 * sigma)
    const variance = ({ sum, squares }: typeof whole): number => squares / races - (sum / races) ** 2
    expect(variance(split) / variance(whole)).toBeGreaterThan(0.8)
    expect(variance(split) / variance(whole)).toBeLessThan(1.25)
  })
})

describe('the target', () => {
  const SPEEDS = Array.from({ length: 200 }, (_, i) => 200_000 * 2 ** ((i % 40) / 10))
  const total = SPEEDS.reduce((sum, speed) => sum + speed, 0)
  /** Where the average host has 500 finds. */
  const settled = BigInt(Math.round((FINDS_PER_HOST * SPEEDS.length * 2 ** 52) / total)) << 204n
  const error = (target: bigint, wanted: bigint): number => Math.abs(Math.log2(Number(target) / Number(wanted)))

  test('stays where it is while nothing changes, to the noise of the finds', () => {
    const targets = targetsOf(50, settled, () => SPEEDS, 1)
    expectStepsWithinFour(targets)
    // 100,000 finds a race: σ is 0.3 %.
    for (const target of targets) {
      expect(error(target, settled)).toBeLessThan(0.02)
    }
  })

  test.each([
    ['×10', 10],
    ['÷10', 1 / 10],
    ['×100', 100],
    ['÷100', 1 / 100],
  ])(
    'after a jump %s of all throughput it is there again in as few races as ×4 a race allows, or one more',
    (_name, factor) => {
      const jumped = SPEEDS.map((speed) => speed * factor)
      const wanted = BigInt(Math.round(Number(settled >> 128n) / factor)) << 128n
      const targets = targetsOf(12, settled, () => jumped, 2)
      expectStepsWithinFour(targets)
      const races = targets.findIndex((target) => error(target, wanted) < 0.1)
      expect(races).toBeGreaterThanOrEqual(Math.ceil(log4(Math.max(factor, 1 / factor)) - 0.1))
      expect(races).toBeLessThanOrEqual(Math.ceil(log4(Math.max(factor, 1 / factor))) + 1)
      expect(targets.slice(races).every((target) => error(target, wanted) < 0.1)).toBe(true)
    },
  )

  test('eases by four a race while nobody is there, and is back as many races after all return', () => {
    const away = 3
    const targets = targetsOf(12, settled, (number) => (number < away ? [] : SPEEDS), 3)
    expectStepsWithinFour(targets)
    expect(targets[away]).toBe(settled * 64n)
    expect(error(targets[2 * away] as bigint, settled)).toBeLessThan(0.1)
    const gone = targetsOf(40, settled, () => [], 4)
    expect(gone.at(-1)).toBe(MAX_TARGET)
  })

  test('a host of a twenty-fifth of the average is at the edge: half of its races count', () => {
    const random = createRandom(5)
    const speeds = [...new Array<number>(99).fill(1_000_000), 40_000]
    const target = BigInt(Math.round((FINDS_PER_HOST * 2 ** 52) / 1_000_000)) << 204n
    const races = 400
    let counted = 0
    for (let number = 0; number < races; number++) {
      counted += (race(target, speeds, random).finds.at(-1) as number) >= MIN_FINDS ? 1 : 0
    }
    // P(Poisson(20) ≥ 20) = 0.53.
    expect(counted / races).toBeGreaterThan(0.45)
    expect(counted / races).toBeLessThan(0.61)
  })

  test('hosts that barely count can ease it for all, but no further than 500,000 finds of the whole network', () => {
    // 100 hosts of 500 finds, and 2,000 that have 25 each: F is 500,000 where 100,000 finds come.
    const speeds = [...new Array<number>(100).fill(1_000_000), ...new Array<number>(2_000).fill(50_000)]
    const first = BigInt(Math.round((FINDS_PER_HOST * 2 ** 52) / 1_000_000)) << 204n
    const targets = targetsOf(8, first, () => speeds, 6)
    expectStepsWithinFour(targets)
    const work = speeds.reduce((sum, speed) => sum + speed, 0)
    expect(meanFinds(targets.at(-1) as bigint, work)).toBeGreaterThan(490_000)
    expect(meanFinds(targets.at(-1) as bigint, work)).toBeLessThan(510_000)
    // What a find weighs falls as their number grows (the division rounds down alike for all): the shares stay.
    const eased = Number(targets.at(-1)) / Number(first)
    const lighter = Number(weightPerFind(first, MACS)) / Number(weightPerFind(targets.at(-1) as bigint, MACS))
    expect(lighter / eased).toBeCloseTo(1, 2)
  })
})
