import { describe, expect, it } from 'vitest'
import { SCENES } from '../../../../test/support/screen/scenes.ts'
import { groupByEpoch, ruleFields } from './ledger-groups.ts'

const entries = SCENES.find(({ name }) => name.includes('credited'))?.snapshot.ledger ?? []

describe('the list of earnings', () => {
  it('groups by race, newest first, and keeps the order within', () => {
    const groups = groupByEpoch(entries)
    expect(groups.map(({ epoch }) => epoch)).toEqual([5, 4, 3])
    expect(groups[1]?.entries.map(({ sequence }) => sequence)).toEqual(['5', '4', '3', '2'])
  })

  it('takes the rules into the sentences', () => {
    expect(ruleFields(null)).toEqual({})
    const rules = SCENES[0]?.snapshot.rules ?? null
    expect(ruleFields(rules)).toMatchObject({ holdRaces: 'one race', minFinds: 20 })
  })
})
