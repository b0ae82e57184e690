import { describe, expect, it } from 'vitest'
import { hostNamed } from '../../../test/support/chain/chain-harness.ts'
import type { ConsensusWorld } from '../../../test/support/chain/consensus-world.ts'
import { createConsensusWorld } from '../../../test/support/chain/consensus-world.ts'
import { nameValidator, registerValidator, validatorNamed } from '../../../test/support/chain/validator-actor.ts'
import { toHex } from '../../lib/bytes.ts'
import { sumBigint } from '../../lib/fixed-point.ts'
import { decodeAddress } from '../../protocol/address.ts'
import { readCarrier } from '../state/consensus/carriers.ts'
import { readConsensus } from '../state/consensus/validators.ts'

const FOUR = ['ada', 'bob', 'cyd', 'dan'] as const
const KEYS = FOUR.map((name) => ({ name, owner: name, power: 25n }))
const M = 1_000_000n

function fourWorld(hosts: readonly string[] = []): ConsensusWorld {
  const world = createConsensusWorld({ validators: KEYS, hosts: [...FOUR, ...hosts] })
  for (const name of FOUR) {
    world.beating.add(name)
  }
  return world
}

function weights(...each: readonly bigint[]): Record<string, bigint> {
  return Object.fromEntries(FOUR.map((name, index) => [name, each[index] ?? 0n]))
}

function powers(world: ConsensusWorld): bigint[] {
  return FOUR.map((name) => world.power(name))
}

describe('the first races', () => {
  it('leave the set as it is while nobody enters, and then give the genesis its unit', () => {
    const world = fourWorld()
    expect(world.settle({})).toEqual([])
    expect(powers(world)).toEqual([25n, 25n, 25n, 25n])
    expect(world.why('ada')).toEqual({ genesis: 25n })
    world.settle(weights(10n * M, 10n * M, 10n * M, 10n * M))
    expect(powers(world)).toEqual([10n * M, 10n * M, 10n * M, 10n * M])
    expect(world.why('ada')).toEqual({})
    expect(sumBigint(world.engine.values())).toBe(40n * M)
  })

  it('move power from then on by five points up and a fifth down', () => {
    const world = fourWorld()
    world.settle(weights(40n * M, 0n, 0n, 0n))
    // The unit makes it 10 each; then 30 fall by a fifth and what is left gains a twentieth.
    expect(powers(world)).toEqual([11_700_000n, 8n * M, 8n * M, 8n * M])
    expect(world.why('ada')).toEqual({ churn_limit: -28_300_000n })
    expect(world.why('bob')).toEqual({ fall_limit: 8n * M })
    expect(world.settle({})).toEqual([])
    expect(powers(world)).toEqual([11_700_000n, 8n * M, 8n * M, 8n * M])
  })

  it('of unverified hosts of the genesis are no unit', () => {
    const world = fourWorld()
    world.settle(weights())
    expect(readConsensus(world.store).scaled).toBe(false)
  })
})

describe('a race that is not the network’s', () => {
  it('with under a quarter of the weight changes nothing; where it stays so the network goes on', () => {
    const world = fourWorld()
    world.settle(weights(100n * M, 100n * M, 100n * M, 100n * M))
    const before = powers(world)
    expect(world.settle(weights(99n * M, 0n, 0n, 0n))).toEqual([])
    expect(powers(world)).toEqual(before)
    world.settle(weights(99n * M, 0n, 0n, 0n))
    expect(world.power('bob')).toBe(80n * M)
  })

  it('however huge it is, gains five points and freezes nobody', () => {
    const world = fourWorld(['mallory'])
    world.settle({ ...weights(100n * M, 100n * M, 100n * M, 100n * M), mallory: 1n })
    expect(world.send(registerValidator(hostNamed('mallory'), validatorNamed('mallory')))).toBe('')
    world.beating.add('mallory')
    world.settle({ ...weights(100n * M, 100n * M, 100n * M, 100n * M), mallory: 1n })
    world.settle({ ...weights(100n * M, 100n * M, 100n * M, 100n * M), mallory: 1n << 200n })
    const total = sumBigint(powers(world)) + world.power('mallory')
    expect(world.power('mallory')).toBe(20n * M + 1n - (world.power('mallory') === 20n * M ? 1n : 0n))
    expect(world.power('mallory') * 20n).toBeLessThanOrEqual(total)
    world.settle({ ...weights(90n * M, 100n * M, 100n * M, 100n * M), mallory: 0n })
    expect(world.power('ada')).toBe(90n * M)
    expect(world.power('mallory')).toBeLessThan(17n * M)
  })

  it('who raced once and came without heartbeats gains nothing', () => {
    const world = fourWorld(['eve'])
    world.settle({ ...weights(M, M, M, M), eve: M })
    expect(world.send(registerValidator(hostNamed('eve'), validatorNamed('eve')))).toBe('')
    world.settle({ ...weights(M, M, M, M), eve: M })
    expect(world.power('eve')).toBe(0n)
    expect(world.why('eve')).toEqual({ no_heartbeats: -M })
    world.beating.add('eve')
    world.settle({ ...weights(M, M, M, M), eve: M })
    expect(world.power('eve')).toBe(200_000n)
  })
})

describe('hosts without a key', () => {
  it('are carried by a key that R draws, and stay with it', () => {
    const world = fourWorld(['x', 'y', 'z'])
    const all = { ...weights(M, M, M, M), x: M, y: M, z: M }
    world.settle(all)
    const carriers = ['x', 'y', 'z'].map((name) => carrierOf(world, name))
    expect(sumBigint(FOUR.map((name) => BigInt(world.record(name).carried)))).toBe(3n * M)
    world.settle(all)
    expect(['x', 'y', 'z'].map((name) => carrierOf(world, name))).toEqual(carriers)
    expect(readConsensus(world.store).uncarried).toBe('0')
  })

  it('may name one, which holds until that key is gone', () => {
    const world = fourWorld(['x', 'eve'])
    const all = { ...weights(M, M, M, M), x: M, eve: M }
    world.settle(all)
    expect(world.send(registerValidator(hostNamed('eve'), validatorNamed('eve')))).toBe('')
    expect(world.send(nameValidator(hostNamed('x'), validatorNamed('eve')))).toBe('')
    world.settle({ ...weights(M, M, M, M), x: M })
    expect(carrierOf(world, 'x')).toBe(toHex(validatorNamed('eve').address))
    expect(world.record('eve').carried).toBe(M.toString())
    world.removeHost('eve')
    world.settle({ ...weights(M, M, M, M), x: M })
    expect(world.record('eve').retired).toBe(true)
    expect(FOUR.map((name) => toHex(validatorNamed(name).address))).toContain(carrierOf(world, 'x'))
  })

  it('count for their carrier up to the cap', () => {
    const world = fourWorld(['x'])
    expect(world.send(nameValidator(hostNamed('x'), validatorNamed('ada')))).toBe('')
    world.settle({ ...weights(M, M, M, M), x: 4n * M })
    // 1.5 / 4 of 8 million count, three of the four.
    expect(world.why('ada')).toMatchObject({ carried_over_cap: -M })
  })

  it('have nobody where no key has weight', () => {
    const world = createConsensusWorld({ validators: [{ name: 'first' }], hosts: ['x'] })
    world.settle({ x: M })
    expect(readConsensus(world.store).uncarried).toBe(M.toString())
    expect(world.power('first')).toBe(M)
    expect(world.why('first')).toEqual({ entitled: M })
    world.removeHost('x')
    world.settle({})
    expect(readCarrier(world.store, decodeAddress(hostNamed('x').owner.address))).toBeUndefined()
  })
})

describe('keys of the genesis without a host', () => {
  const names = Array.from({ length: 8 }, (_, index) => `host ${index}`)

  function handOverWorld(): ConsensusWorld {
    const world = createConsensusWorld({ validators: [{ name: 'first' }], hosts: names })
    world.settle(Object.fromEntries(names.map((name) => [name, M])))
    for (const name of names) {
      expect(world.send(registerValidator(hostNamed(name), validatorNamed(name)))).toBe('')
      world.beating.add(name)
    }
    return world
  }

  it('give up a twentieth at each settle once eight others bear weight, until nothing is left', () => {
    const world = handOverWorld()
    const all = Object.fromEntries(names.map((name) => [name, M]))
    world.settle(all)
    const seen: bigint[] = []
    for (let epoch = 0; epoch < 22; epoch++) {
      world.settle(all)
      seen.push(world.power('first'))
    }
    expect(seen.slice(0, 3)).toEqual([7_200_000n, 6_800_000n, 6_400_000n])
    expect(seen.at(-1)).toBe(0n)
    expect(world.engine.size).toBe(8)
  })

  it('keep all while the others are seven, or eight without weight', () => {
    const seven = handOverWorld()
    const all = Object.fromEntries(names.slice(1).map((name) => [name, M]))
    seven.settle(all)
    seven.settle(all)
    expect(seven.power('first')).toBe(8n * M)
    const light = createConsensusWorld({ validators: [{ name: 'first' }], hosts: [...names, 'whale'] })
    const weightsOf = { ...Object.fromEntries(names.map((name) => [name, 1n])), whale: 1_000n }
    light.settle(weightsOf)
    for (const name of names) {
      light.beating.add(name)
      light.send(registerValidator(hostNamed(name), validatorNamed(name)))
    }
    light.settle(weightsOf)
    light.settle(weightsOf)
    expect(light.power('first')).toBe(1_008n)
  })
})

describe('numbers', () => {
  it('of 2^200 fit the engine, and a change of scale is told to all', () => {
    const world = fourWorld()
    world.settle(weights(M, M, M, M))
    expect(readConsensus(world.store).shift).toBe(0)
    const large = createConsensusWorld({ validators: KEYS, hosts: FOUR })
    const updates = large.settle(weights(1n << 200n, 1n << 200n, 1n << 200n, 3n))
    expect(updates).toHaveLength(4)
    expect(readConsensus(large.store).shift).toBeGreaterThan(100)
    expect(sumBigint(large.engine.values())).toBeLessThanOrEqual(1n << 59n)
    expect(updates.map(({ consensusKey }) => toHex(consensusKey))).toEqual(
      updates.map(({ consensusKey }) => toHex(consensusKey)).sort(),
    )
  })
})

function carrierOf(world: ConsensusWorld, name: string): string {
  const carrier = readCarrier(world.store, decodeAddress(hostNamed(name).owner.address))
  return carrier === undefined ? '' : toHex(carrier.validator)
}
