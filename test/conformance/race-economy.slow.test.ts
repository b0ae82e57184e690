/** Weight and target on the chain itself: real finds of real attempts, committed, drawn, verified and settled by the shipped state machine. */
import { describe, expect, it } from 'vitest'
import { bytesToBigint } from '../../src/lib/bytes.ts'
import { decodeAddress } from '../../src/protocol/address.ts'
import { isFind, MIN_FINDS, retarget, weightPerFind } from '../../src/race/find.ts'
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import type { EpochPlan } from '../support/chain/chain-duties.ts'
import {
  attempt,
  commitMessage,
  devTarget,
  epochOf,
  recordOf,
  runChecks,
  runEpoch,
} from '../support/chain/chain-duties.ts'
import type { ChainHarness, HostActor } from '../support/chain/chain-harness.ts'
import { createChainHarness, hostNamed } from '../support/chain/chain-harness.ts'

const TIMEOUT_MS = 300_000
const WEIGHT_PER_FIND = weightPerFind(1n << 255n, RACE_SHAPES.dev.macs)

interface Racer {
  readonly host: HostActor
  /** Attempts that it makes in each race. */
  readonly attempts: number
}

function racers(names: string, count: number, attempts: number): Racer[] {
  return Array.from({ length: count }, (_, i) => ({ host: hostNamed(`${names} ${i}`), attempts }))
}

const plansOf = (all: readonly Racer[]): EpochPlan[] => all.map(({ host }) => ({ host, finds: 0 }))

/** Everybody makes its attempts and commits what it found; the epoch then goes to its close with all duties done. Finds by racer. */
function race(chain: ChainHarness, all: readonly Racer[]): number[] {
  if (epochOf(chain).stage === 'seeding') {
    chain.produce()
  }
  const target = devTarget(chain)
  const found = all.map(({ host, attempts }) => {
    const address = decodeAddress(host.owner.address)
    const nonces = Array.from({ length: attempts }, (_, nonce) => BigInt(nonce))
    return nonces.filter((nonce) => isFind(attempt(chain, address, nonce), target))
  })
  const txs = all.flatMap(({ host }, i) => {
    const nonces = found[i] ?? []
    return nonces.length === 0 ? [] : [chain.sign(host.device, [commitMessage(chain, host, nonces)])]
  })
  expect(chain.produce(txs).txResults.every(({ code }) => code === 0)).toBe(true)
  runChecks(chain, plansOf(all))
  return found.map((nonces) => nonces.length)
}

const findsOf = (chain: ChainHarness, { host }: Racer): number =>
  Number(BigInt(recordOf(chain, host).weight) / WEIGHT_PER_FIND)

describe('weight on the chain', () => {
  it(
    'is 1 : 2 : 5 for throughput 1 : 2 : 5, within 3σ of the finds, in every race',
    () => {
      // Three hosts of each speed: the fastest has 5/24 of the weight, under the cap of a quarter.
      const speeds = [1, 2, 5]
      const unit = 80
      const all = speeds.flatMap((speed) => racers(`speed ${speed}`, 3, speed * unit))
      const chain = createChainHarness({ hosts: all.map(({ host }) => host) })
      const sums = [0, 0, 0]
      const races = 2
      for (let number = 0; number < races; number++) {
        const found = race(chain, all)
        for (const [i, racer] of all.entries()) {
          // What is found is what is weighed: nothing is lost or added on the way.
          expect(findsOf(chain, racer)).toBe(found[i])
          const sigma = Math.sqrt(racer.attempts / 4)
          expect(Math.abs((found[i] as number) - racer.attempts / 2)).toBeLessThan(3.5 * sigma)
          sums[Math.floor(i / 3)] = (sums[Math.floor(i / 3)] as number) + findsOf(chain, racer)
        }
      }
      for (const [i, speed] of speeds.entries()) {
        const attempts = 3 * races * unit
        // a : b as a · (finds of b) − b · (finds of a) = 0, with the variance of two binomials at one half.
        const difference = speed * (sums[0] as number) - (sums[i] as number)
        const sigma = Math.sqrt(speed * speed * (attempts / 4) + (speed * attempts) / 4)
        expect(Math.abs(difference)).toBeLessThanOrEqual(3 * sigma)
      }
    },
    TIMEOUT_MS,
  )
})

describe('hosts with fewer than 20 finds', () => {
  const honest = [...racers('honest', 2, 1_150)]
  const dust = racers('dust', 12, 0)

  /** The same network with and without dust: the first race, then what it left behind. */
  function settle(dustFinds: number): {
    readonly target: bigint
    readonly before: bigint
    readonly honestFinds: number[]
    readonly honestWeights: string[]
    readonly dustWeights: string[]
  } {
    const chain = createChainHarness({ hosts: [...honest, ...dust].map(({ host }) => host) })
    chain.produce()
    const before = bytesToBigint(devTarget(chain))
    const few = dust.map((racer) => ({ ...racer, attempts: attemptsFor(chain, racer.host, dustFinds) }))
    const found = race(chain, [...honest, ...few])
    const weights = (some: readonly Racer[]): string[] => some.map(({ host }) => recordOf(chain, host).weight)
    // The next race: its target is known once its first block is there.
    chain.produce()
    return {
      before,
      target: bytesToBigint(devTarget(chain)),
      honestFinds: found.slice(0, honest.length),
      honestWeights: weights(honest),
      dustWeights: weights(dust),
    }
  }

  /** So many attempts that exactly `finds` of them are finds. */
  function attemptsFor(chain: ChainHarness, host: HostActor, finds: number): number {
    const address = decodeAddress(host.owner.address)
    const target = devTarget(chain)
    let left = finds
    let nonce = 0n
    for (; left > 0; nonce++) {
      left -= isFind(attempt(chain, address, nonce), target) ? 1 : 0
    }
    return Number(nonce)
  }

  it(
    'weigh nothing and move neither the target nor anybody’s weight, however many they are',
    () => {
      const alone = settle(0)
      const crowded = settle(MIN_FINDS - 1)
      expect(crowded).toEqual(alone)
      expect(crowded.dustWeights.every((weight) => weight === '0')).toBe(true)
      const finds = alone.honestFinds.reduce((sum, count) => sum + count, 0)
      expect(finds).toBeGreaterThan(1_000)
      // The formula with the two honest hosts alone; with the dust it would have been another one.
      expect(alone.target).toBe(retarget({ target: alone.before, finds, qualifyingHosts: 2 }))
      expect(alone.target).toBeLessThan(alone.before)
      const withDust = finds + dust.length * (MIN_FINDS - 1)
      expect(retarget({ target: alone.before, finds: withDust, qualifyingHosts: 2 })).not.toBe(alone.target)
    },
    TIMEOUT_MS,
  )
})

describe('the target on the chain', () => {
  it(
    'eases by four in a race that nobody runs, up to its bound, and is back within the bound after they return',
    () => {
      const [ada, bob] = [hostNamed('ada'), hostNamed('bob')]
      const chain = createChainHarness({ hosts: [ada, bob], params: { initialTargetLog2: { dev: 250, std: 250 } } })
      const targets: bigint[] = []
      for (let epoch = 0; epoch < 4; epoch++) {
        runEpoch(chain, [])
        chain.produce()
        targets.push(bytesToBigint(devTarget(chain)))
      }
      expect(targets).toEqual([1n << 252n, 1n << 254n, 1n << 255n, 1n << 255n])
      runEpoch(chain, [
        { host: ada, finds: 30 },
        { host: bob, finds: 30 },
      ])
      expect(recordOf(chain, ada).raceVerdict).toBe('verified')
      chain.produce()
      expect(bytesToBigint(devTarget(chain))).toBe(1n << 255n)
    },
    TIMEOUT_MS,
  )
})
