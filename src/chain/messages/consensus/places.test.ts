import { describe, expect, it } from 'vitest'
import { hostNamed } from '../../../../test/support/chain/chain-harness.ts'
import type { ConsensusWorld } from '../../../../test/support/chain/consensus-world.ts'
import { createConsensusWorld } from '../../../../test/support/chain/consensus-world.ts'
import { registerValidator, validatorNamed } from '../../../../test/support/chain/validator-actor.ts'
import { u32be } from '../../../lib/bytes.ts'
import { decodeAddress } from '../../../protocol/address.ts'
import { VALIDATOR_LIMITS } from '../../../protocol/consensus/validator.ts'
import { consensusAddress } from '../../../protocol/consensus-key.ts'
import { sha256 } from '../../../protocol/hash.ts'
import { readValidator, writeValidator } from '../../state/chain-status.ts'
import { listValidators, newValidator } from '../../state/consensus/validators.ts'
import { writeHost } from '../../state/hosts.ts'
import { newHost } from '../register-host.ts'

/** All places but that of the genesis taken by hosts of weight 10, 11, 12, … */
function fullWorld(): ConsensusWorld {
  const world = createConsensusWorld({ validators: [{ name: 'first' }], hosts: ['ada'] })
  for (let index = 1; index < VALIDATOR_LIMITS.candidates; index++) {
    const consensusKey = sha256(u32be(index))
    const owner = consensusKey.slice(0, 20)
    writeHost(world.store, { ...newHost(owner, 0), weight: `${9 + index}` })
    const record = newValidator({ consensusKey, blsPublicKey: sha256(consensusKey) })
    writeValidator(world.store, consensusAddress(consensusKey), { ...record, owner })
  }
  return world
}

function weigh(world: ConsensusWorld, weight: bigint): void {
  const owner = decodeAddress(hostNamed('ada').owner.address)
  writeHost(world.store, { ...newHost(owner, 0), weight: weight.toString() })
}

const MESSAGE = registerValidator(hostNamed('ada'), validatorNamed('ada'))
const LIGHTEST = consensusAddress(sha256(u32be(1)))

describe('where all places are taken', () => {
  it('the lightest key without power gives way to a heavier host', () => {
    const world = fullWorld()
    weigh(world, 10n)
    expect(world.send(MESSAGE)).toBe('validators_full')
    weigh(world, 11n)
    expect(world.send(MESSAGE)).toBe('')
    expect(readValidator(world.store, LIGHTEST)).toBeUndefined()
    expect(listValidators(world.store)).toHaveLength(VALIDATOR_LIMITS.candidates)
  })

  it('a key that has power, or had some lately, keeps its place', () => {
    const world = fullWorld()
    weigh(world, 11n)
    const lightest =
      readValidator(world.store, LIGHTEST) ?? newValidator({ consensusKey: sha256(u32be(1)), blsPublicKey: LIGHTEST })
    writeValidator(world.store, LIGHTEST, { ...lightest, power: '1' })
    expect(world.send(MESSAGE)).toBe('validators_full')
    writeValidator(world.store, LIGHTEST, { ...lightest, leftHeight: 1n })
    expect(world.send(MESSAGE)).toBe('validators_full')
    expect(world.send(MESSAGE, VALIDATOR_LIMITS.evidenceBlocks + 2)).toBe('')
  })

  it('who changes its own key needs none', () => {
    const world = fullWorld()
    weigh(world, 1_000n)
    expect(world.send(MESSAGE)).toBe('')
    weigh(world, 1n)
    const change = registerValidator(hostNamed('ada'), validatorNamed('ada 2'))
    expect(world.send(change)).toBe('key_change_wait')
    expect(world.send(change, world.params.epochLength + 1)).toBe('')
    expect(readValidator(world.store, validatorNamed('ada').address)?.retired).toBe(true)
  })
})
