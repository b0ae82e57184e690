import { describe, expect, it } from 'vitest'
import type { AbciFinalizeBlock } from '../../protocol/abci/codec.ts'
import { BLOCK_ID_FLAG, MISBEHAVIOUR_KIND } from '../../protocol/abci/codec.ts'
import { INDEX_LIMITS } from '../limits.ts'
import { finalizeAnswer } from './block-answers.ts'
import { decidedInput, timeMsOf } from './block-input.ts'

const ADDRESS = new Uint8Array(20).fill(4)
const TIME = { seconds: 1_700_000_000n, nanos: 999_999_999 }

function decided(part: Partial<AbciFinalizeBlock>): AbciFinalizeBlock {
  return {
    txs: [],
    decidedLastCommit: { round: 0, votes: [] },
    misbehavior: [],
    hash: new Uint8Array(32),
    height: 5n,
    time: TIME,
    nextValidatorsHash: new Uint8Array(32),
    proposerAddress: ADDRESS,
    ...part,
  }
}

describe('a block of CometBFT', () => {
  it('has the milliseconds of its time, cut off', () => {
    expect(timeMsOf(TIME)).toBe(1_700_000_000_999n)
    expect(timeMsOf({ seconds: 0n, nanos: 999_999 })).toBe(0n)
  })

  it('carries who signed, a vote for nil included, and in which round', () => {
    const validator = { address: ADDRESS, power: 7n }
    const votes = [BLOCK_ID_FLAG.absent, BLOCK_ID_FLAG.commit, BLOCK_ID_FLAG.nil].map((blockIdFlag) => ({
      validator,
      blockIdFlag,
    }))
    const { lastCommit } = decidedInput(decided({ decidedLastCommit: { round: 3, votes } }))
    expect(lastCommit?.round).toBe(3)
    expect(lastCommit?.votes).toEqual([false, true, true].map((signed) => ({ address: ADDRESS, power: 7n, signed })))
    expect('lastCommit' in decidedInput(decided({}))).toBe(false)
  })

  it('carries what was proven against validators', () => {
    const misbehavior = [MISBEHAVIOUR_KIND.duplicateVote, MISBEHAVIOUR_KIND.lightClientAttack].map((type) => ({
      type,
      validator: { address: ADDRESS, power: 7n },
      height: 2n,
      time: TIME,
      totalVotingPower: 9n,
    }))
    expect(decidedInput(decided({ misbehavior })).misbehaviour).toEqual([
      { kind: 'duplicate_vote', address: ADDRESS, height: 2n },
      { kind: 'light_client_attack', address: ADDRESS, height: 2n },
    ])
  })
})

describe('the answer to a block', () => {
  const result = { txResults: [], events: [], appHash: new Uint8Array(32), validatorUpdates: [] }

  it('marks for search what the embedded engine’s index holds: the first attributes, short values', () => {
    const attributes = Array.from({ length: INDEX_LIMITS.attributes }, (_none, at) => ({ key: `k${at}`, value: 'v' }))
    const long = { key: 'long', value: 'x'.repeat(INDEX_LIMITS.valueCharacters + 1) }
    const events = [
      { type: 'a', attributes: [long, ...attributes] },
      { type: 'b', attributes: [{ key: 'late', value: 'v' }] },
    ]
    const flags = finalizeAnswer({ ...result, events }).events.map((event) =>
      event.attributes.map(({ index }) => index),
    )
    expect(flags[0]?.slice(0, 2)).toEqual([false, true])
    expect(flags[0]?.filter(Boolean)).toHaveLength(INDEX_LIMITS.attributes - 1)
    expect(flags[1]).toEqual([false])
  })

  it('tells new validators, and a new version of the rules alone where there is one', () => {
    const consensusKey = new Uint8Array(32).fill(1)
    const answer = finalizeAnswer({ ...result, validatorUpdates: [{ consensusKey, power: 0n }] })
    expect(answer.validatorUpdates).toEqual([{ pubKey: { ed25519: consensusKey }, power: 0n }])
    expect(answer.consensusParamUpdates).toBeUndefined()
    expect(finalizeAnswer({ ...result, appVersion: 2 }).consensusParamUpdates).toEqual({ version: { app: 2n } })
  })
})
