import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorCode } from '../../lib/coded-error.ts'
import { decodeRecordedBlock, encodeRecordedBlock } from './recorded-blocks.ts'

const address = fc.uint8Array({ minLength: 20, maxLength: 20 })
const amount = fc.bigInt({ min: 0n, max: (1n << 62n) - 1n })
const lastCommit = fc.record({
  round: fc.nat(100),
  votes: fc.array(fc.record({ address, power: amount, signed: fc.boolean() }), { maxLength: 4 }),
})
const input = fc.record(
  {
    height: amount,
    timeMs: amount,
    hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    proposer: address,
    txs: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }),
    lastCommit,
    misbehaviour: fc.array(
      fc.record({
        kind: fc.constantFrom('duplicate_vote' as const, 'light_client_attack' as const),
        address,
        height: amount,
      }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['height', 'timeMs', 'hash', 'proposer', 'txs', 'misbehaviour'] },
)

describe('a recorded block', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(input, fc.uint8Array({ minLength: 32, maxLength: 32 }), (block, appHash) => {
        expect(decodeRecordedBlock(encodeRecordedBlock({ input: block, appHash }))).toEqual({ input: block, appHash })
      }),
      { numRuns: 200 },
    )
  })

  it('is one line', () => {
    fc.assert(
      fc.property(input, (block) => !encodeRecordedBlock({ input: block, appHash: block.hash }).includes('\n')),
      { numRuns: 50 },
    )
  })

  it('that is none is refused with a code', () => {
    for (const line of ['', '{}', 'x', '{"request":{},"appHash":""}', '[]']) {
      let code: unknown
      try {
        decodeRecordedBlock(line)
      } catch (error) {
        code = errorCode(error)
      }
      expect(code).toBe('malformed_record')
    }
  })
})
