import { describe, expect, it } from 'vitest'
import { hostNamed } from '../../../test/support/chain/chain-harness.ts'
import type { BlockFacts, ConsensusWorld } from '../../../test/support/chain/consensus-world.ts'
import { createConsensusWorld, heartbeat } from '../../../test/support/chain/consensus-world.ts'
import { registerValidator, validatorNamed } from '../../../test/support/chain/validator-actor.ts'
import { toHex } from '../../lib/bytes.ts'
import { decodeAddress } from '../../protocol/address.ts'
import { readLiveness } from '../state/consensus/presence.ts'
import { readHost } from '../state/hosts.ts'
import { readRotation } from './rotation-record.ts'

const FOUR = ['ada', 'bob', 'cyd', 'dan'] as const
const M = 1_000_000n
const EQUAL = Object.fromEntries(FOUR.map((name) => [name, M]))

function fourWorld(): ConsensusWorld {
  return createConsensusWorld({ validators: FOUR.map((name) => ({ name, owner: name })), hosts: FOUR })
}

/** So many blocks that these keys do not sign. */
function away(world: ConsensusWorld, blocks: number, ...names: readonly string[]): void {
  for (let block = 0; block < blocks; block++) {
    world.block(world.commit(names))
  }
}

function isJailed(world: ConsensusWorld, name: string): boolean {
  return world.record(name).jailed
}

describe('a key that misses blocks', () => {
  it('loses all power at the end of the block that is one too many, and comes back by heartbeats at a settle', () => {
    const world = fourWorld()
    world.settle(EQUAL)
    away(world, 29, 'dan')
    expect(world.power('dan')).toBe(M)
    const updates = world.block(world.commit(['dan']))
    expect(updates).toEqual([{ consensusKey: validatorNamed('dan').consensusKey, power: 0n }])
    expect(world.why('dan')).toEqual({ jailed: -M })
    expect(world.events.filter(({ type }) => type === 'validator_jailed')).toHaveLength(1)
    world.settle(EQUAL)
    expect(isJailed(world, 'dan')).toBe(true)
    world.beating.add('dan')
    world.settle(EQUAL)
    expect(isJailed(world, 'dan')).toBe(false)
    expect(world.power('dan')).toBe(150_000n)
  })

  it('is forgiven what lies before the window', () => {
    const world = fourWorld()
    for (let round = 0; round < 6; round++) {
      away(world, 29, 'dan')
      away(world, 31)
    }
    expect(isJailed(world, 'dan')).toBe(false)
    expect(readLiveness(world.store, validatorNamed('dan').address)?.missed).toBe(29)
  })

  it('waits where too many miss at once: what remains is two thirds of what was there', () => {
    const world = fourWorld()
    away(world, 40, 'cyd', 'dan')
    expect(FOUR.map((name) => isJailed(world, name)).filter(Boolean)).toHaveLength(1)
    away(world, 60, 'ada', 'bob', 'cyd', 'dan')
    expect(FOUR.map((name) => isJailed(world, name)).filter(Boolean)).toHaveLength(2)
    away(world, 400, 'ada', 'bob', 'cyd', 'dan')
    expect(FOUR.map((name) => isJailed(world, name)).filter(Boolean)).toHaveLength(2)
    expect(world.engine.size).toBe(2)
  })

  it('is the last one: it stays', () => {
    const world = createConsensusWorld({ validators: [{ name: 'first' }], hosts: [] })
    away(world, 100, 'first')
    expect(world.power('first')).toBe(10n)
  })

  it('signs for others’ blocks but lets its own turns pass: that counts as much', () => {
    const world = fourWorld()
    let jailedAfter = 0
    while (!isJailed(world, 'dan') && jailedAfter < 200) {
      passTurns(world, 'dan')
      jailedAfter += 1
    }
    expect(jailedAfter).toBeLessThan(60)
    expect(FOUR.map((name) => isJailed(world, name))).toEqual([false, false, false, true])
  })

  it('is not blamed for a round where somebody else proposed than the rotation says, nor where all failed', () => {
    const world = fourWorld()
    for (let block = 0; block < 40; block++) {
      world.block({ ...world.commit([], 1), proposer: new Uint8Array(20) })
      world.block(world.commit([], 4))
    }
    expect(FOUR.map((name) => readLiveness(world.store, validatorNamed(name).address)?.missed ?? 0)).toEqual([
      0, 0, 0, 0,
    ])
  })
})

/** One block whose proposer is the next in the rotation where it is this key's turn; told in the block after it. */
function passTurns(world: ConsensusWorld, name: string): void {
  const own = toHex(validatorNamed(name).address)
  const rotation = readRotation(world.store, world.height + 1)
  const last = readRotation(world.store, world.height)
  const wasOwn = last?.proposer !== undefined && toHex(last.proposer) === own
  const order = [rotation?.proposer ?? new Uint8Array(20)]
  const proposer = toHex(order[0] as Uint8Array) === own ? afterOwn(world, own) : order[0]
  const facts: BlockFacts = { ...world.commit([], wasOwn ? 1 : 0), ...(proposer === undefined ? {} : { proposer }) }
  world.block(facts)
}

/** Who comes after it in the next height's rotation: of equal keys the one that waits longest. */
function afterOwn(world: ConsensusWorld, own: string): Uint8Array | undefined {
  const members = readRotation(world.store, world.height + 1)?.members ?? []
  return [...members]
    .filter(({ address }) => toHex(address) !== own)
    .sort((a, b) =>
      a.priority === b.priority ? (toHex(a.address) < toHex(b.address) ? -1 : 1) : a.priority > b.priority ? -1 : 1,
    )[0]?.address
}

describe('a key that breaks consensus', () => {
  const offence = (name: string) =>
    ({ misbehaviour: [{ kind: 'duplicate_vote', address: validatorNamed(name).address, height: 5n }] }) as const

  it('has no power any more, for good, and its host is convicted', () => {
    const world = fourWorld()
    world.settle(EQUAL)
    const updates = world.block(offence('dan'))
    expect(updates).toEqual([{ consensusKey: validatorNamed('dan').consensusKey, power: 0n }])
    const host = readHost(world.store, decodeAddress(hostNamed('dan').owner.address))
    expect(world.why('dan')).toEqual({ tombstoned: -M })
    expect(host).toMatchObject({ lastFaultCode: 'double_sign', weight: '0', faults: 1n })
    expect(world.send(registerValidator(hostNamed('dan'), validatorNamed('dan')))).toBe('consensus_key_taken')
    world.settle(EQUAL)
    world.settle(EQUAL)
    expect(world.power('dan')).toBe(0n)
    expect(world.block(offence('dan'))).toEqual([])
  })

  it('is still found after its owner replaced it, and takes the new one to jail', () => {
    const world = fourWorld()
    world.settle(EQUAL)
    world.settle(EQUAL)
    expect(world.send(registerValidator(hostNamed('dan'), validatorNamed('dan 2')))).toBe('')
    world.block()
    expect(world.power('dan')).toBe(0n)
    world.block(offence('dan'))
    expect(world.record('dan 2').jailed).toBe(true)
    expect(world.record('dan').tombstoned).toBe(true)
  })

  it('and all others with it: the last keeps the chain going until another has power', () => {
    const world = fourWorld()
    world.settle(EQUAL)
    world.block({ misbehaviour: FOUR.flatMap((name) => offence(name).misbehaviour) })
    expect(world.engine.size).toBe(1)
    expect(FOUR.every((name) => world.record(name).tombstoned)).toBe(true)
  })

  it('of which nothing is known changes nothing', () => {
    const world = fourWorld()
    expect(world.block(offence('nobody'))).toEqual([])
  })
})

describe('heartbeats', () => {
  it('are one a slot, of a recent height and of the right state', () => {
    const world = fourWorld()
    for (let block = 0; block < 120; block++) {
      world.block()
    }
    const ada = validatorNamed('ada')
    const wrong = heartbeat(ada, 119)
    if (wrong.typeUrl === '/tailrace.v1.MsgValidatorHeartbeat') {
      wrong.value.appHash = new Uint8Array(32)
    }
    expect(world.send(wrong)).toBe('wrong_app_hash')
    expect(world.send(heartbeat(ada, 10))).toBe('unknown_height')
    expect(world.send(heartbeat(ada, 121))).toBe('unknown_height')
    expect(world.send(heartbeat(ada, 30))).toBe('')
    expect(world.send(heartbeat(ada, 120))).toBe('heartbeat_posted')
    world.block()
    world.block()
    world.block()
    world.block()
    expect(world.send(heartbeat(ada, world.height))).toBe('')
  })
})

describe('a key that was replaced', () => {
  it('is out at once; the new one takes its power over at the settle that finds it at work', () => {
    const world = fourWorld()
    world.settle(EQUAL)
    world.settle(EQUAL)
    expect(world.send(registerValidator(hostNamed('dan'), validatorNamed('dan 2')))).toBe('')
    expect(world.block()).toEqual([{ consensusKey: validatorNamed('dan').consensusKey, power: 0n }])
    expect(world.why('dan')).toEqual({ retired: -M })
    world.beating.add('dan 2')
    world.settle(EQUAL)
    world.settle(EQUAL)
    expect(world.power('dan 2')).toBe(M)
    expect(world.send(registerValidator(hostNamed('dan'), validatorNamed('dan')))).toBe('consensus_key_taken')
    expect(world.send(registerValidator(hostNamed('dan'), validatorNamed('dan 3')))).toBe('')
    world.settle(EQUAL)
    expect(world.send(registerValidator(hostNamed('dan'), validatorNamed('dan 4')))).toBe('key_change_wait')
  })
})
