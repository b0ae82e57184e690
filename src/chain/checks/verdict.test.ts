import { describe, expect, it } from 'vitest'
import type { ArbiterState, CheckerState } from '../../protocol/gen/tailrace/v1/state.ts'
import { CheckVerdict } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { Ruling } from '../../protocol/gen/tailrace/v1/work.ts'
import { PUBLIC_SERVING_PARAMS } from '../../protocol/work/serving-params.ts'
import { checkShare, creditOf, idleG, reputationOf } from '../work/reputation.ts'
import { isSuspicious, nextSuspicion } from './suspicion.ts'
import {
  contradicted,
  decideRuling,
  hasEveryReport,
  isConsistentReport,
  isConsistentRuling,
  limitsOf,
  standing,
  tallyReports,
} from './verdict.ts'

const NOTHING = CheckVerdict.CHECK_VERDICT_UNSPECIFIED
const PASS = CheckVerdict.CHECK_VERDICT_PASS
const FAIL = CheckVerdict.CHECK_VERDICT_FAIL
const UNAVAILABLE = CheckVerdict.CHECK_VERDICT_UNAVAILABLE
const LIMITS = { hardMargin: 100, softMargin: 10 }

function checker(verdict: CheckVerdict): CheckerState {
  const empty = new Uint8Array(0)
  return {
    host: empty,
    commit: empty,
    commitHeight: 0n,
    verdict,
    maxMargin: 0,
    softMargins: 0,
    scoresHash: empty,
    txHash: '',
  }
}

function ruling(valid: boolean, maxMargin: number): Ruling {
  return { valid, maxMargin, softMargins: 0, scoresHash: new Uint8Array(32) }
}

function arbiters(...rulings: readonly (Ruling | undefined)[]): ArbiterState[] {
  return rulings.map((one, index) => ({ host: Uint8Array.of(index), commit: new Uint8Array(32), ruling: one }))
}

describe('reports', () => {
  it.each([
    [[NOTHING, NOTHING], 'silent'],
    [[UNAVAILABLE, NOTHING], 'unavailable'],
    [[PASS, UNAVAILABLE], 'approved'],
    [[PASS, FAIL], 'objected'],
    [[FAIL, UNAVAILABLE], 'objected'],
  ])('%j are %s', (verdicts, tally) => {
    expect(tallyReports(verdicts.map(checker))).toBe(tally)
  })

  it('are complete when every verifier has said something', () => {
    expect(hasEveryReport([PASS, UNAVAILABLE].map(checker))).toBe(true)
    expect(hasEveryReport([PASS, NOTHING].map(checker))).toBe(false)
    expect(hasEveryReport([])).toBe(false)
  })

  it('and rulings do not contradict their own numbers', () => {
    expect(isConsistentReport(PASS, 100, LIMITS)).toBe(true)
    expect(isConsistentReport(PASS, 101, LIMITS)).toBe(false)
    expect(isConsistentReport(FAIL, 0, LIMITS)).toBe(true)
    expect(isConsistentRuling(ruling(true, 100), LIMITS)).toBe(true)
    expect(isConsistentRuling(ruling(true, 101), LIMITS)).toBe(false)
    expect(isConsistentRuling(ruling(false, 0), LIMITS)).toBe(true)
  })
})

describe('a decision', () => {
  const [yes, no] = [ruling(true, 1), ruling(false, 900)]

  it.each([
    ['one alone', arbiters(yes), yes],
    ['two of two', arbiters(no, no), no],
    ['two of three', arbiters(no, yes, no), no],
    ['three of five', arbiters(no, yes, no, yes, no), no],
    ['two of three where one is silent', arbiters(no, undefined, no), no],
    ['one of two', arbiters(yes, no), undefined],
    ['one of two where one is silent', arbiters(yes, undefined), undefined],
    ['one of three', arbiters(yes, undefined, undefined), undefined],
    ['two of five', arbiters(yes, yes, ruling(true, 2), ruling(true, 3), undefined), undefined],
    ['two of four', arbiters(yes, yes, no, no), undefined],
    ['nobody', arbiters(), undefined],
  ] as const)('%s', (_, drawn, decided) => {
    expect(decideRuling(drawn)).toEqual(decided)
  })

  it('takes rulings for equal that are equal to the last bit', () => {
    const other = { ...no, scoresHash: new Uint8Array(32).fill(1) }
    expect(decideRuling(arbiters(no, other))).toBeUndefined()
  })

  it('contradicts a report only far beyond the limits', () => {
    const both = [checker(PASS), checker(FAIL)]
    expect(contradicted(both, ruling(false, 401), LIMITS).map(({ verdict }) => verdict)).toEqual([PASS])
    expect(contradicted(both, ruling(false, 400), LIMITS)).toEqual([])
    expect(contradicted(both, ruling(true, 50), LIMITS).map(({ verdict }) => verdict)).toEqual([FAIL])
    expect(contradicted(both, ruling(true, 51), LIMITS)).toEqual([])
    expect(contradicted([checker(UNAVAILABLE), checker(NOTHING)], ruling(false, 999), LIMITS)).toEqual([])
  })

  it('lets the reports stand that it confirms', () => {
    const all = [PASS, FAIL, UNAVAILABLE].map(checker)
    expect(standing(all, undefined).map(({ verdict }) => verdict)).toEqual([PASS])
    expect(standing(all, yes).map(({ verdict }) => verdict)).toEqual([PASS])
    expect(standing(all, no).map(({ verdict }) => verdict)).toEqual([FAIL])
  })
})

describe('limits', () => {
  it('are known for the classes of the network alone', () => {
    expect(limitsOf('fp32-wasm')?.hardMargin).toBeGreaterThan(0)
    expect(limitsOf('toString')).toBeUndefined()
  })
})

describe('suspicion', () => {
  it('grows by margins above the soft limit, falls by tokens, and is never negative', () => {
    expect(nextSuspicion(0n, 2, 100)).toBe(28n)
    expect(nextSuspicion(28n, 0, 100)).toBe(0n)
    expect(isSuspicious(1_024n)).toBe(false)
    expect(isSuspicious(1_025n)).toBe(true)
  })
})

describe('reputation', () => {
  it('is g over g and ten median receipts', () => {
    expect(reputationOf(0n)).toBe(0n)
    expect(reputationOf(10_000_000n)).toBe(500_000n)
    expect(reputationOf(10n ** 15n)).toBe(999_999n)
  })

  it('lowers the share that is checked, never below the least', () => {
    expect(checkShare(PUBLIC_SERVING_PARAMS, 0n)).toBe(1_000_000n)
    expect(checkShare(PUBLIC_SERVING_PARAMS, 400_000n)).toBe(600_000n)
    expect(checkShare(PUBLIC_SERVING_PARAMS, 999_999n)).toBe(10_000n)
  })

  it('takes ten median receipts of one payer in an epoch, and loses a fiftieth in an idle one', () => {
    expect(creditOf(50n, 100n, 0n)).toBe(500_000n)
    expect(creditOf(10_000n, 100n, 0n)).toBe(10_000_000n)
    expect(creditOf(100n, 100n, 9_500_000n)).toBe(500_000n)
    expect(creditOf(100n, 100n, 11_000_000n)).toBe(0n)
    expect(creditOf(3n, 0n, 0n)).toBe(3_000_000n)
    expect(idleG(100n)).toBe(98n)
  })
})
