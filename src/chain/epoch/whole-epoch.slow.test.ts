import { describe, expect, it } from 'vitest'
import type { EpochPlan } from '../../../test/support/chain/chain-duties.ts'
import {
  ask,
  assignmentsOf,
  devTarget,
  epochOf,
  lookForFinds,
  recordOf,
  registerMessage,
  runChecks,
  runEpoch,
  runRace,
  setActiveMessage,
} from '../../../test/support/chain/chain-duties.ts'
import type { ChainHarness, HostActor } from '../../../test/support/chain/chain-harness.ts'
import { createChainHarness, hostNamed } from '../../../test/support/chain/chain-harness.ts'
import { bytesToBigint } from '../../lib/bytes.ts'
import type { LedgerEntry } from '../../protocol/gen/tailrace/v1/query.ts'
import { QueryLedgerRequest, QueryLedgerResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import { RACE_SHAPES } from '../../race/shapes.ts'
import { readSupply } from '../state/bank.ts'
import { epochRanges } from '../state/keys.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')
const cleo = hostNamed('cleo')
const TIMEOUT_MS = 120_000
/** MACs of one dev attempt, times two: half of all attempts are finds. */
const WEIGHT_PER_FIND = 2n * RACE_SHAPES.dev.macs

function ledgerOf(chain: ChainHarness, host: HostActor): LedgerEntry[] {
  const request = QueryLedgerRequest.encode({ host: host.owner.address, fromSequence: 0n, limit: 0 }).finish()
  return ask(chain, 'Ledger', request, QueryLedgerResponse).entries
}

function lines(chain: ChainHarness, host: HostActor): string[] {
  return ledgerOf(chain, host).map(({ epoch, kind, amount, reason }) => `${epoch} ${kind} ${amount} ${reason}`)
}

function plan(host: HostActor, finds = 20): EpochPlan {
  return { host, finds }
}

describe('an honest epoch', () => {
  it(
    'turns finds into weight, weight into held earnings, and those into credit and bond',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob] })
      const plans = [plan(ada, 30), plan(bob, 30)]
      runEpoch(chain, plans)
      expect(recordOf(chain, ada)).toMatchObject({
        raceVerdict: 'verified',
        findsVerified: 30n,
        weightPpm: 500_000n,
        held: '50000000',
        reputationPpm: 90_909n,
        weight: (30n * WEIGHT_PER_FIND).toString(),
      })
      expect(epochOf(chain)).toMatchObject({ epoch: 1n, stage: 'seeding', seed: new Uint8Array(0) })
      runEpoch(chain, plans)
      expect(recordOf(chain, ada)).toMatchObject({ held: '50000000', bond: '10000000', credited: '40000000' })
      expect(readSupply(chain.store)).toMatchObject({ minted: 200_000_000n, balances: 80_000_000n, bonds: 20_000_000n })
      // Nobody races: no weight, nothing minted, what is held goes on being paid, a little reputation is lost.
      runEpoch(chain, [])
      expect(recordOf(chain, ada)).toMatchObject({ weight: '0', held: '0', bond: '20000000', reputationPpm: 163_879n })
      expect(lines(chain, ada)).toEqual([
        `0 weight ${30n * WEIGHT_PER_FIND} race_verified`,
        '0 hold 50000000 emission_share',
        `1 weight ${30n * WEIGHT_PER_FIND} race_verified`,
        '1 hold 50000000 emission_share',
        '0 bond 10000000 bond_kept',
        '0 credit 40000000 hold_released',
        '2 weight 0 not_in_race',
        '2 zero 0 not_in_race',
        '1 bond 10000000 bond_kept',
        '1 credit 40000000 hold_released',
      ])
      const request = QueryLedgerRequest.encode({ host: ada.owner.address, fromSequence: 4n, limit: 2 }).finish()
      const page = ask(chain, 'Ledger', request, QueryLedgerResponse)
      expect(page.entries.map(({ sequence }) => sequence)).toEqual([4n, 5n])
      expect(page).toMatchObject({ lastSequence: 10n, totalHeld: '100000000', totalCredited: '80000000' })
      // All weight is gone: the hosts of the genesis are drawn again, and the network comes back.
      runEpoch(chain, plans)
      expect(recordOf(chain, bob)).toMatchObject({ raceVerdict: 'verified', held: '50000000' })
      const leftovers = [0, 1, 2, 3].map((epoch) =>
        epochRanges(epoch).reduce((count, { from, to }) => count + [...chain.store.range(from, to)].length, 0),
      )
      expect(leftovers.slice(0, 3)).toEqual([0, 0, 0])
      expect(leftovers[3]).toBeGreaterThan(0)
    },
    TIMEOUT_MS,
  )
})

describe('weights and shares', () => {
  it(
    'cap the big, give nothing to who did not do its duties, and drop what is left over',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob, cleo] })
      runEpoch(chain, [plan(ada, 60), { ...plan(bob), silent: true }, plan(cleo)])
      const raw = 100n * WEIGHT_PER_FIND
      const cap = (raw * 333_334n) / 1_000_000n
      expect([ada, bob, cleo].map((host) => recordOf(chain, host).weight)).toEqual(
        [cap, 20n * WEIGHT_PER_FIND, 20n * WEIGHT_PER_FIND].map(String),
      )
      expect([ada, bob, cleo].map((host) => recordOf(chain, host).raceVerdict)).toEqual([
        'verified',
        'verified',
        'verified',
      ])
      expect(assignmentsOf(chain, bob, 0n).map(({ state }) => state)).toEqual(['missed'])
      const total = cap + 20n * WEIGHT_PER_FIND
      const share = (100_000_000n * cap) / total
      expect(recordOf(chain, ada).held).toBe(share.toString())
      expect(recordOf(chain, bob).held).toBe('0')
      expect(lines(chain, bob)).toEqual([`0 weight ${20n * WEIGHT_PER_FIND} race_verified`, '0 zero 0 duties_missed'])
      expect(readSupply(chain.store).minted).toBe(share + (100_000_000n * 20n * WEIGHT_PER_FIND) / total)
      expect(readSupply(chain.store).minted).toBeLessThanOrEqual(100_000_000n)
    },
    TIMEOUT_MS,
  )

  it(
    'each zero has its reason',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob, cleo] })
      const plans = [plan(ada, 20), plan(bob, 5)]
      runRace(chain, plans)
      runChecks(chain, [plan(bob)], 10)
      chain.deliver(ada.device, [setActiveMessage(ada.device.address, ada, false)])
      expect(lines(chain, ada)).toEqual([`0 weight ${20n * WEIGHT_PER_FIND} race_verified`, '0 zero 0 inactive'])
      expect(lines(chain, bob)).toEqual(['0 weight 0 too_few_finds', '0 zero 0 too_few_finds'])
      expect(lines(chain, cleo)).toEqual(['0 weight 0 not_in_race', '0 zero 0 not_in_race'])
      // Who has left earlier has no line: nothing was to be expected.
      chain.produceUntil(23)
      expect(lines(chain, ada)).toHaveLength(3)
      expect(lines(chain, ada)[2]).toBe('1 weight 0 not_in_race')
    },
    TIMEOUT_MS,
  )

  it(
    'a shape without weight on this network is verified and weighs nothing',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob], params: { weightedShapes: ['std'] } })
      runEpoch(chain, [plan(ada), plan(bob)])
      expect(recordOf(chain, ada)).toMatchObject({ raceVerdict: 'verified', weight: '0' })
      expect(lines(chain, ada)).toEqual(['0 weight 0 shape_without_weight', '0 zero 0 shape_without_weight'])
    },
    TIMEOUT_MS,
  )
})

describe('absent verifiers', () => {
  it(
    'leave a newcomer at zero and others at no more than they had; the target stays',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob], params: { initialTargetLog2: { dev: 254, std: 254 } } })
      const eve = hostNamed('eve')
      const stamp = lookForFinds(chain, eve, 1).right[0] as bigint
      expect(chain.deliver(eve.owner, [registerMessage(chain, eve, stamp)]).code).toBe(0)
      runEpoch(
        chain,
        [plan(ada), plan(bob), plan(eve)].map((one) => ({ ...one, silent: true })),
      )
      expect(lines(chain, eve)).toEqual(['0 weight 0 verifiers_absent', '0 zero 0 verifiers_absent'])
      expect(recordOf(chain, ada)).toMatchObject({
        raceVerdict: 'unverified',
        weight: '1',
        held: '0',
        reputationPpm: 0n,
      })
      expect(lines(chain, ada)).toEqual(['0 weight 1 verifiers_absent', '0 zero 0 duties_missed'])
      expect(bytesToBigint(devTarget(chain))).toBe(1n << 254n)
      runEpoch(chain, [plan(ada), plan(bob)])
      expect(recordOf(chain, ada).raceVerdict).toBe('verified')
      // 40 finds where 1,000 were expected: the target eases by the most that one race may, up to its bound.
      expect(bytesToBigint(devTarget(chain))).toBe(1n << 255n)
    },
    TIMEOUT_MS,
  )
})

describe('hold and bond', () => {
  it(
    'earnings are paid after the hold time; the bond stops growing when it is full',
    () => {
      // Alone, nobody can verify her: she keeps the one unit of the genesis, and all the emission with it.
      const params = { holdEpochs: 2, bondPpm: 500_000, bondEpochs: 1, emissionPerEpoch: 1_000n }
      const chain = createChainHarness({ hosts: [ada], params })
      const states = Array.from({ length: 6 }, () => {
        runEpoch(chain, [plan(ada)])
        const { held, bond, credited } = recordOf(chain, ada)
        return [held, bond, credited]
      })
      expect(states).toEqual([
        ['1000', '0', '0'],
        ['2000', '0', '0'],
        ['2000', '500', '500'],
        ['2000', '1000', '1000'],
        ['2000', '1000', '2000'],
        ['2000', '1000', '3000'],
      ])
      const entries = ledgerOf(chain, ada)
      const sum = (kind: string): bigint =>
        entries.filter((entry) => entry.kind === kind).reduce((total, { amount }) => total + BigInt(amount), 0n)
      expect(sum('hold') - sum('credit') - sum('bond')).toBe(2_000n)
    },
    TIMEOUT_MS,
  )
})
