import { describe, expect, test } from 'vitest'
import { judge, sumCounts, summaryLine } from '../../scripts/test.ts'
import type { CountedModule, CountedTest } from './reporter.ts'
import { countTests, titleOrReason } from './reporter.ts'

type State = ReturnType<CountedTest['result']>

function fileWith(states: readonly State[], errors: readonly unknown[] = []): CountedModule {
  const tests = states.map((state, index) => ({ fullName: `test ${index}`, result: () => state }))
  return { relativeModuleId: 'a.test.ts', children: { allTests: () => tests }, errors: () => errors }
}

describe('countTests', () => {
  test('counts, and repeats the reason of a skip', () => {
    const file = fileWith([{ state: 'passed' }, { state: 'failed' }, { state: 'skipped', note: 'no protoc' }])
    expect(countTests([file], 0, false)).toEqual({
      passed: 1,
      failed: 1,
      skipped: 1,
      remarks: ['skipped: a.test.ts > test 2: no protoc'],
    })
  })

  test('takes the reason from the name where a test is skipped before it begins', () => {
    const name = titleOrReason('four validators', 'no engine here')
    const skipped: CountedTest = { fullName: `${name} > one is cut off`, result: () => ({ state: 'skipped' }) }
    const file = { ...fileWith([]), children: { allTests: () => [skipped] } }
    const remark = `skipped: a.test.ts > ${name} > one is cut off: no engine here`
    expect(countTests([file], 0, false)).toEqual({ passed: 0, failed: 0, skipped: 1, remarks: [remark] })
    expect(titleOrReason('four validators', undefined)).toBe('four validators')
  })

  test.each([
    ['a skip without a reason', [fileWith([{ state: 'skipped' }])], 0, false],
    ['a test that never ends', [fileWith([{ state: 'pending' }])], 0, false],
    ['a file that does not load', [fileWith([], [new Error('syntax')])], 0, false],
    ['a file without tests', [fileWith([])], 0, false],
    ['no file at all', [], 0, false],
    ['an error outside of tests', [fileWith([{ state: 'passed' }])], 1, false],
    ['an interrupted run', [fileWith([{ state: 'passed' }])], 0, true],
  ] as const)('%s is a failure', (_, files, unhandled, interrupted) => {
    expect(countTests(files, unhandled, interrupted)).toMatchObject({ failed: 1 })
  })
})

describe('several runs', () => {
  test('count as one: what failed in any of them has failed', () => {
    const runs = [
      { passed: 3, failed: 0, skipped: 1, remarks: ['skipped: one'] },
      { passed: 2, failed: 1, skipped: 0, remarks: ['failed: other'] },
    ]
    expect(sumCounts(runs)).toEqual({ passed: 5, failed: 1, skipped: 1, remarks: ['skipped: one', 'failed: other'] })
  })
})

describe('judge', () => {
  const good = { passed: 3, failed: 0, skipped: 1, remarks: [] }

  test('a runner that dies is a failure, before or after it counted', () => {
    expect(judge(undefined, 0).failed).toBe(1)
    expect(judge(good, null).failed).toBe(1)
    expect(judge(good, 1).failed).toBe(1)
    expect(judge({ ...good, failed: 2 }, 1).failed).toBe(2)
  })

  test('the last line', () => {
    expect(summaryLine(judge(good, 0))).toBe('3 passed, 0 failed, 1 skipped')
  })
})
