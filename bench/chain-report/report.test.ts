import { expect, test } from 'vitest'
import { chainOptionsOf } from './options.ts'
import { areBarsKept, barOf } from './report.ts'

test('the bar compares the smallest and the largest batch over ten payers', () => {
  const cost = { checksUs: 1, batches: 1, txs: 1, points: 1 }
  const batches = [
    { ...cost, batch: 1, payers: 10, cpuUs: 20_000, bytes: 2_000 },
    { ...cost, batch: 1_000, payers: 10, cpuUs: 150, bytes: 20 },
    { ...cost, batch: 1_000, payers: 100, cpuUs: 1, bytes: 1 },
  ]
  const bar = barOf(batches)
  expect(bar).toMatchObject({ batches: [1, 1_000], bytesRatio: 100, target: 100 })
  const report = { bar, blocks: [], signatures: undefined, flood: undefined }
  expect(areBarsKept(report)).toBe(true)
  expect(areBarsKept({ ...report, bar: barOf(batches.map((one) => ({ ...one, cpuUs: one.payers }))) })).toBe(false)
  expect(barOf(batches.slice(2))).toBeUndefined()
})

test('options: sections and engines by name, everything else is refused', () => {
  expect(chainOptionsOf(['--only', 'power,batches']).sections).toEqual(['batches', 'power'])
  expect(chainOptionsOf(['--flood', '1000', '--engine', 'cometbft'])).toMatchObject({
    flood: { engine: 'cometbft', valid: 1_000, invalid: 1_000 },
  })
  expect(chainOptionsOf(['--flood', '1000']).sections).toContain('flood')
  for (const wrong of [
    ['--only', 'nothing'],
    ['--engine', 'other'],
    ['--flood', '-1'],
    ['--flood', 'many'],
  ]) {
    expect(() => chainOptionsOf(wrong)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  }
})
