import { expect, test } from 'vitest'
import { measureRace } from '../../bench/race-page/measure-race.ts'
import type { MeasureOptions } from '../../bench/race-page/measurement.ts'
import { openThreadWorker } from '../../bench/race-page/thread-worker.ts'
import { FULL_OPTIONS } from '../../bench/race-report/options.ts'
import { buildReport } from '../../bench/race-report/report.ts'

test('a short run of the race report has right results and all its fields', async () => {
  const options: MeasureOptions = {
    ...FULL_OPTIONS,
    shapes: ['dev'],
    rounds: 1,
    raceMs: 600,
    otherMs: 20,
    peakScreenMs: 1,
    peakPassMs: 1,
    peakShapes: 12,
    starts: 1,
    stops: 2,
    checkedFinds: 4,
  }
  const environment = {
    gpu: navigator.gpu,
    userAgent: navigator.userAgent,
    openWorker: () => openThreadWorker(navigator.gpu),
    onStep: () => undefined,
  }
  const report = buildReport(await measureRace(environment, options), undefined)
  expect(report.faults).toEqual([])
  expect(report.adapter).toMatchObject({ architecture: 'swiftshader', isSoftware: true })
  expect(report.peakProbe).toEqual({ timing: 'timestamp-query', shapesTried: 12, refused: [] })
  const [shape] = report.shapes
  expect(shape).toMatchObject({ shape: 'dev', checkedFinds: 4 })
  expect(shape?.ratio).toBeCloseTo((shape?.macsPerS ?? 0) / (shape?.peakMacsPerS ?? 1))
  expect(shape?.macsPerS).toBeGreaterThan(0)
  expect(shape?.deviceBytes).toBeGreaterThan(98_304)
  expect(shape?.oracle.speedup).toBeGreaterThan(0)
  for (const value of [report.jsMacsPerS, report.checkCostShare, report.pauseMs, report.sliceMs, report.startMs]) {
    expect(value).toBeGreaterThan(0)
  }
})
