/**
 * Counts what a test run did and leaves the counts in the file named by TAILRACE_TEST_COUNTS, for scripts/test.ts, which prints them. What
 * hides must show: a file that does not load, an error outside of any test, and a skip without a reason each count as a failure.
 */
import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node'

export interface TestCounts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** One line per skipped test, and per failure that is no test's own. */
  readonly remarks: readonly string[]
}

/** What the counting needs of a test: vitest's TestCase fits. */
export interface CountedTest {
  readonly fullName: string
  result(): { readonly state: 'passed' | 'failed' | 'skipped' | 'pending'; readonly note?: string | undefined }
}

/** What the counting needs of a test file: vitest's TestModule fits. */
export interface CountedModule {
  readonly relativeModuleId: string
  readonly children: { allTests(): Iterable<CountedTest> }
  errors(): readonly unknown[]
}

/** What is skipped before it begins (`skipIf`) has its reason in its name: titleOrReason. */
const REASON_IN_NAME = / \(skipped: (.+?)\)/s

/** The name of something that is skipped where there is a reason to: `test.skipIf(reason !== undefined)(titleOrReason(…), …)`. */
export function titleOrReason(title: string, reason: string | undefined): string {
  return reason === undefined ? title : `${title} (skipped: ${reason})`
}

/** Counts finished modules. `unhandledErrors` are those outside of any test. */
export function countTests(
  modules: readonly CountedModule[],
  unhandledErrors: number,
  interrupted: boolean,
): TestCounts {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const remarks: string[] = []
  const fail = (remark: string): void => {
    counts.failed += 1
    remarks.push(remark)
  }
  for (const module of modules) {
    const tests = [...module.children.allTests()]
    for (const test of tests) countTest(test, module.relativeModuleId, counts, remarks, fail)
    if (module.errors().length > 0) fail(`failed: ${module.relativeModuleId} did not run to its end`)
    else if (tests.length === 0) fail(`failed: ${module.relativeModuleId} has no tests`)
  }
  if (unhandledErrors > 0) fail(`failed: ${unhandledErrors} unhandled errors`)
  if (interrupted) fail('failed: the run was interrupted')
  if (modules.length === 0) fail('failed: no test file ran')
  return { ...counts, remarks }
}

function countTest(
  test: CountedTest,
  file: string,
  counts: { passed: number; failed: number; skipped: number },
  remarks: string[],
  fail: (remark: string) => void,
): void {
  const result = test.result()
  if (result.state === 'passed') counts.passed += 1
  else if (result.state === 'failed') counts.failed += 1
  else if (result.state === 'pending') fail(`failed: ${file} > ${test.fullName} never finished`)
  else {
    const reason = result.note || REASON_IN_NAME.exec(test.fullName)?.[1]
    if (reason === undefined) {
      fail(`failed: ${file} > ${test.fullName} was skipped without a reason`)
    } else {
      counts.skipped += 1
      remarks.push(`skipped: ${file} > ${test.fullName}: ${reason}`)
    }
  }
}

export default class CountingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: TestRunEndReason): void {
    const path = process.env.TAILRACE_TEST_COUNTS
    if (path === undefined) return
    writeFileSync(path, JSON.stringify(countTests(modules, unhandledErrors.length, reason === 'interrupted')))
  }
}
