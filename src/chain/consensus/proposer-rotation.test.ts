import { describe, expect, it } from 'vitest'
import { readVectors } from '../../../test/support/vectors.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import type { PowerChange, RotationSet } from './proposer-rotation.ts'
import { advance, applyChanges, createRotation } from './proposer-rotation.ts'

type Change = readonly [address: number, power: string]

interface Step {
  readonly changes?: readonly Change[]
  readonly members: readonly (readonly [address: number, power: string, priority: string])[]
  readonly proposer: number
}

interface Vectors {
  readonly addresses: readonly string[]
  readonly sequences: readonly {
    readonly genesis: readonly Change[]
    readonly first: Step
    readonly steps: readonly Step[]
  }[]
}

const { addresses, sequences } = readVectors<Vectors>('proposer-rotation')

function changesOf(changes: readonly Change[] = []): PowerChange[] {
  return changes.map(([address, power]) => ({ address: fromHex(addresses[address] ?? ''), power: BigInt(power) }))
}

function shown({ members, proposer }: RotationSet): Step {
  const place = (address: Uint8Array): number => addresses.indexOf(toHex(address))
  return {
    members: members.map(({ address, power, priority }) => [place(address), `${power}`, `${priority}`]),
    proposer: proposer === undefined ? -1 : place(proposer),
  }
}

describe('the rotation of proposers', () => {
  it.each(sequences.map((sequence, index) => [index, sequence] as const))(
    'follows CometBFT: sequence %i',
    (_, sequence) => {
      let set = createRotation(changesOf(sequence.genesis))
      expect(shown(set)).toEqual(sequence.first)
      for (const { changes, members, proposer } of sequence.steps) {
        set = advance(applyChanges(set, changesOf(changes)))
        expect(shown(set)).toEqual({ members, proposer })
      }
      expect(sequence.steps.length).toBe(16)
    },
  )

  it('gives each key turns by its power', () => {
    const powers = [3n, 1n, 2n]
    let set = createRotation(powers.map((power, index) => ({ address: fromHex(addresses[index] ?? ''), power })))
    const turns = [0, 0, 0]
    for (let turn = 0; turn < 600; turn++) {
      const place = addresses.indexOf(toHex(set.proposer ?? new Uint8Array(0)))
      turns[place] = (turns[place] ?? 0) + 1
      set = advance(set)
    }
    expect(turns).toEqual([300, 100, 200])
  })

  it('of nobody names nobody', () => {
    expect(advance({ members: [], proposer: undefined }).proposer).toBeUndefined()
  })
})
