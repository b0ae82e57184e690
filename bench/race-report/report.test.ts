import { describe, expect, test } from 'vitest'
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import type { RaceMeasurement, ShapeMeasurement } from '../race-page/measurement.ts'
import { barsOf } from './bars.ts'
import { FULL_OPTIONS, optionsOf } from './options.ts'
import { buildReport } from './report.ts'
import { stageMacs } from './stage-shares.ts'
import { median, spread } from './statistics.ts'
import { reportTable } from './table.ts'

const dev: ShapeMeasurement = {
  shape: 'dev',
  macsPerAttempt: 1e6,
  tuning: 'default',
  attemptsPerBatch: 40,
  attemptsPerS: [400, 100, 500],
  peaks: [
    { name: 'packed a', kind: 'packed', macsPerS: [5e8, 4e8, 9e8] },
    { name: 'float a', kind: 'float', macsPerS: [8e8, 7e8, 9e8] },
    { name: 'float b', kind: 'float', macsPerS: [1e9, 1e9, 1e8] },
  ],
  tsAttemptsPerS: [500, 700, 600],
  wasmAttemptsPerS: [15_000, 11_000, 12_000],
  stages: [60, 50, 90].map((ms) => [
    { name: 'up', ms },
    { name: 'digest', ms: 20 },
  ]),
  bufferBytes: 1 << 20,
  startsMs: [5, 9, 7],
  slicesMs: [4, 3, 30],
  session: { attemptsPerS: 390, stopsMs: [9, 19, 29], pausesMs: [10, 20, 90] },
  check: { finds: 50, elapsedMs: 300 },
}
const std: ShapeMeasurement = {
  ...dev,
  shape: 'std',
  macsPerAttempt: 4e8,
  attemptsPerS: [1],
  session: { attemptsPerS: 1, stopsMs: [70], pausesMs: [80] },
}
const measurement: RaceMeasurement = {
  adapter: { vendor: 'v', architecture: 'a', description: '', isSoftware: true },
  userAgent: 'test',
  peak: { timing: 'timestamp-query', shapesTried: 51, refused: [] },
  jsMacsPerS: [5e8, 3e8, 4e8],
  jsBlockedMacsPerS: [7e8],
  shapes: [std, dev],
  faults: [],
}

describe('the report', () => {
  test('takes medians, and ratios of medians to the best peak and to that of each kind', () => {
    const [report] = buildReport(measurement, undefined).shapes
    expect(report).toMatchObject({
      shape: 'dev',
      attemptsPerS: 400,
      macsPerS: 4e8,
      peakMacsPerS: 1e9,
      peakShape: 'float b',
    })
    expect(report?.ratio).toBeCloseTo(0.4)
    // 40 attempts of 1e6 in 80 ms of kernels are 5e8 a second.
    expect(report?.kernelRatio).toBeCloseTo(0.5)
    expect(report?.peaks.map(({ kind, ratio }) => [kind, ratio])).toEqual([
      ['float', 0.4],
      ['packed', 0.8],
    ])
    expect(report?.oracle).toEqual({
      tsAttemptsPerS: 600,
      wasmAttemptsPerS: 12_000,
      speedup: 20,
      tsShareOfPlainJs: 1.5,
    })
    expect(report).toMatchObject({
      pauseMs: 20,
      pauseWorstMs: 90,
      stopMs: 19,
      sliceMs: 4,
      sliceWorstMs: 30,
      startMs: 7,
    })
  })

  test('shares the time of a batch among the kernels and what is left', () => {
    const [report] = buildReport(measurement, undefined).shapes
    expect(report?.stages).toEqual([
      { name: 'up', share: 0.6, macShare: 270_336 / Number(RACE_SHAPES.dev.macs) },
      { name: 'digest', share: 0.2, macShare: null },
      { name: 'outside kernels', share: expect.closeTo(0.2), macShare: null },
    ])
  })

  test.each(['dev', 'std'] as const)('knows the multiply-accumulates of every stage of %s', (name) => {
    const shape = RACE_SHAPES[name]
    expect(Object.values(stageMacs(shape)).reduce((sum, macs) => sum + macs, 0)).toBe(Number(shape.macs))
  })

  test('speaks of the largest shape at its top', () => {
    const report = buildReport(measurement, { ...dev, jsMacsPerS: [6e8] })
    expect(report.oracle).toMatchObject({ shape: 'std', node: { speedup: 20, tsShareOfPlainJs: 1 } })
    expect(report).toMatchObject({ pauseMs: 80, jsMacsPerS: 4e8 })
    // 300 ms for 50 finds are 600 ms for 100, of 300 s.
    expect(report.checkCostShare).toBeCloseTo(0.002)
  })

  test('says null where there is no WebAssembly, and refuses a number that is none', () => {
    const without = buildReport({ ...measurement, shapes: [{ ...dev, wasmAttemptsPerS: [] }] }, undefined)
    expect(without.oracle).toMatchObject({ wasmAttemptsPerS: null, speedup: null })
    const broken = { ...measurement, jsBlockedMacsPerS: [Number.NaN] }
    expect(() => buildReport(broken, undefined)).toThrow(expect.objectContaining({ code: 'invalid_report' }))
    const unproven = { ...measurement, shapes: [{ ...dev, peaks: [] }] }
    expect(() => buildReport(unproven, undefined)).toThrow(expect.objectContaining({ code: 'invalid_report' }))
  })

  test('survives JSON, and the table names every shape, bar and fault', () => {
    const report = buildReport({ ...measurement, faults: ['std: attempt 3 differs'] }, undefined)
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    const bars = barsOf(report)
    const table = reportTable(report, bars)
    for (const text of ['dev', 'std', 'float b', 'std: attempt 3 differs', ...bars.map(({ name }) => name)]) {
      expect(table).toContain(text)
    }
    expect(bars.map(({ holds }) => holds)).toEqual([false, false, true, true, true])
  })
})

test('statistics: median of odd and even counts, spread around it', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(() => median([])).toThrow(RangeError)
  expect(spread([9, 10, 12])).toBeCloseTo(0.2)
})

test('options: one shape, fewer samples, nothing unknown', () => {
  expect(optionsOf(['--json'])).toEqual(FULL_OPTIONS)
  expect(optionsOf(['--short', '--shape', 'dev'])).toMatchObject({ shapes: ['dev'], rounds: 3 })
  expect(() => optionsOf(['--shape', 'huge'])).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})
