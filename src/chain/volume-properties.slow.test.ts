/**
 * Ten thousand random transactions of every kind in sequences of 20 to 200, judged after every block; `npm run properties` runs more of
 * them. What is judged: test/support/random-chain/run/play.ts and audit/audit.ts.
 */
import { describe, expect, it } from 'vitest'
import { PLANTED_FAULTS } from '../../test/support/random-chain/planted-faults.ts'
import { runSequence } from '../../test/support/random-chain/run/run-sequence.ts'
import { shrink, describe as tell } from '../../test/support/random-chain/run/shrink.ts'
import { createTally, neverSucceeded } from '../../test/support/random-chain/run/tally.ts'
import { runVolume } from '../../test/support/random-chain/run/volume.ts'

const TRANSACTIONS = 10_000
const FIRST_SEED = 1
const TIMEOUT_MS = 600_000

describe(`${TRANSACTIONS} random transactions`, () => {
  it('keep every invariant and replay to the same app hashes', { timeout: TIMEOUT_MS }, () => {
    const { tally, failure } = runVolume(TRANSACTIONS, FIRST_SEED)
    expect(failure).toBeUndefined()
    expect(tally.transactions).toBeGreaterThanOrEqual(TRANSACTIONS)
    // A property holds of what was tried: every kind of message, signed for real and not, refusals, faults, restarts.
    expect(neverSucceeded(tally)).toEqual([])
    expect(tally.succeeded).toBeGreaterThan(TRANSACTIONS >> 1)
    expect(tally.bent).toBeGreaterThan(TRANSACTIONS >> 4)
    expect(tally.realSignatures).toBeGreaterThan(TRANSACTIONS >> 8)
    expect(tally.restarts).toBeGreaterThan(50)
    expect(tally.upgradeStops).toBeGreaterThan(0)
    expect(tally.treesRebuilt).toBeGreaterThan(50)
    for (const refusal of REFUSALS) {
      expect([refusal, tally.refusals.has(refusal)]).toEqual([refusal, true])
    }
    for (const event of EVENTS) {
      expect([event, tally.events.has(event)]).toEqual([event, true])
    }
  })
})

const REFUSALS = [
  'malformed_tx',
  'message_out_of_bounds',
  'unauthorized',
  'wrong_sequence',
  'timeout_height',
  'insufficient_funds',
  'rate_limited',
  'not_a_host',
  'stamp_used',
  'lane_behind',
  'escrow_closed',
  'voucher_invalid',
  'not_the_validator',
  'heartbeat_posted',
]

const EVENTS = [
  'epoch_closed',
  'reexecution',
  'fault forged_find',
  'fault false_verification',
  'fault false_accusation',
  'fault false_receipt',
  'fault false_inference',
  'batch_closed',
  'batch_refunded',
  'check_closed passed',
  'check_closed failed',
  'check_closed void',
  'check_closed withheld',
  'check_closed unchecked',
  'escrow_frozen',
  'escrow_released',
  'consensus_settled',
  'validator_power',
  'validator_jailed',
  'validator_tombstoned',
  'upgrade_accepted',
  'upgrade_withdrawn',
]

/** A property that finds no fault is worth nothing: each planted one is found in a few sequences. */
describe('a planted fault is found:', () => {
  const SEQUENCES = 12

  it.each(PLANTED_FAULTS.map((fault) => [fault.name, fault] as const))('%s', (_, { planted, found }) => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEQUENCES; seed++) {
      const failure = runSequence(seed, { tally: createTally(), planted })
      if (failure !== undefined) {
        expect(failure.broken.property).toMatch(found)
        return
      }
    }
    expect.unreachable(`${SEQUENCES} sequences kept every property`)
  })

  it('and what shows it is made small', () => {
    const fault = PLANTED_FAULTS.find(({ name }) => name === 'a transaction makes money')
    const planted = fault?.planted ?? {}
    const failure = runSequence(FIRST_SEED, { tally: createTally(), planted })
    expect(failure).toBeDefined()
    if (failure !== undefined) {
      const shrunk = shrink(failure.sequence, failure.broken.property, { tally: createTally(), planted })
      expect(shrunk.sequence.blocks.map(({ drafts }) => drafts.length)).toEqual([1])
      expect(tell(shrunk)).toMatch(/MsgSend.*\nnpm run properties -- --seed 1 --only \d+ --blocks \d+$/s)
    }
  })
})
