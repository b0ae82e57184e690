import { expect, test } from 'vitest'
import { exitCodeOf } from './report.ts'

const EQUAL = { name: 'wasm', attempts: 1, seeds: 1, vectors: 1, stagesCompared: 1, differences: 0, seconds: 1 }

test('any difference, a backend that did not run, and a run of nothing fail the command', () => {
  const report = { differences: 0, missing: [], backends: [EQUAL] }
  expect(exitCodeOf(report)).toBe(0)
  expect(exitCodeOf({ ...report, differences: 1 })).toBe(1)
  expect(exitCodeOf({ ...report, missing: [{ name: 'python', reason: 'no_python: none' }] })).toBe(1)
  expect(exitCodeOf({ ...report, backends: [] })).toBe(1)
})
