/**
 * What reports and rulings amount to, over plain records. Invariant: a comparison of floating point numbers convicts nobody;
 * only a ruling on which the arbiters agree to the last bit does, and whoever it contradicts only where the contradiction is
 * far beyond what rounding explains. Read next: resolve.ts (the state machine that asks these functions).
 */
import { equalBytes } from '../../lib/bytes.ts'
import type { ArbiterState, CheckerState } from '../../protocol/gen/tailrace/v1/state.ts'
import { CheckVerdict } from '../../protocol/gen/tailrace/v1/tx.ts'
import { Ruling } from '../../protocol/gen/tailrace/v1/work.ts'
import type { NumericClassLimits } from '../../protocol/work/classes.ts'
import { isNumericClass, NUMERIC_CLASSES } from '../../protocol/work/classes.ts'

/** What the reports say: somebody objects, somebody approves and nobody objects, nobody looked, or nobody was given the data. */
export type Tally = 'objected' | 'approved' | 'silent' | 'unavailable'

/** PASS where the ruling's greatest margin is above so many hard limits is a lie. */
const CLEARLY_ABOVE = 4
/** FAIL where so many times the ruling's greatest margin is within the hard limit is a lie. */
const CLEARLY_WITHIN = 2

/** Undefined for a class that the network does not know. */
export function limitsOf(numericClass: string): NumericClassLimits | undefined {
  return isNumericClass(numericClass) ? NUMERIC_CLASSES[numericClass] : undefined
}

export function tallyReports(checkers: readonly CheckerState[]): Tally {
  const said = new Set(checkers.map(({ verdict }) => verdict))
  if (said.has(CheckVerdict.CHECK_VERDICT_FAIL)) {
    return 'objected'
  }
  if (said.has(CheckVerdict.CHECK_VERDICT_PASS)) {
    return 'approved'
  }
  return said.has(CheckVerdict.CHECK_VERDICT_UNAVAILABLE) ? 'unavailable' : 'silent'
}

export function hasEveryReport(checkers: readonly CheckerState[]): boolean {
  return checkers.length > 0 && checkers.every(({ verdict }) => verdict !== CheckVerdict.CHECK_VERDICT_UNSPECIFIED)
}

/** Who reported on what it computed: a party when arbiters are drawn. */
export function hasComputed({ verdict }: CheckerState): boolean {
  return verdict === CheckVerdict.CHECK_VERDICT_PASS || verdict === CheckVerdict.CHECK_VERDICT_FAIL
}

/**
 * The ruling of the largest group of equal rulings: at least two, and more than half of the arbiters drawn; one where only one
 * could be drawn. Undefined: no decision.
 */
export function decideRuling(arbiters: readonly ArbiterState[]): Ruling | undefined {
  const rulings = arbiters.flatMap(({ ruling }) => (ruling === undefined ? [] : [ruling]))
  const needed = arbiters.length === 1 ? 1 : 2
  return rulings.find((ruling) => {
    const votes = rulings.filter((other) => isSameRuling(other, ruling)).length
    return votes >= needed && votes * 2 > arbiters.length
  })
}

export function isSameRuling(a: Ruling, b: Ruling): boolean {
  return equalBytes(Ruling.encode(a).finish(), Ruling.encode(b).finish())
}

/** A ruling that calls a receipt valid although a margin is above the hard limit contradicts itself. */
export function isConsistentRuling(ruling: Ruling, limits: NumericClassLimits): boolean {
  return !ruling.valid || ruling.maxMargin <= limits.hardMargin
}

/** A report whose verdict and numbers contradict each other: PASS above the hard limit. */
export function isConsistentReport(verdict: CheckVerdict, maxMargin: number, limits: NumericClassLimits): boolean {
  return verdict !== CheckVerdict.CHECK_VERDICT_PASS || maxMargin <= limits.hardMargin
}

/** The verifiers whose report the ruling contradicts clearly. What lies between convicts nobody. */
export function contradicted(
  checkers: readonly CheckerState[],
  ruling: Ruling,
  limits: NumericClassLimits,
): CheckerState[] {
  const isClearlyWrong = !ruling.valid && ruling.maxMargin > CLEARLY_ABOVE * limits.hardMargin
  const isClearlyRight = ruling.valid && CLEARLY_WITHIN * ruling.maxMargin <= limits.hardMargin
  return checkers.filter(
    ({ verdict }) =>
      (isClearlyWrong && verdict === CheckVerdict.CHECK_VERDICT_PASS) ||
      (isClearlyRight && verdict === CheckVerdict.CHECK_VERDICT_FAIL),
  )
}

/** Reports that the outcome confirms: those are paid. Without a ruling an approval stands. */
export function standing(checkers: readonly CheckerState[], ruling: Ruling | undefined): CheckerState[] {
  const right = ruling === undefined || ruling.valid ? CheckVerdict.CHECK_VERDICT_PASS : CheckVerdict.CHECK_VERDICT_FAIL
  return checkers.filter(({ verdict }) => verdict === right)
}
