/**
 * The race as rows of `npm run bench`: what `npm run bench:race` (race-report.ts) reports, with fewer samples. Rates are of this machine; the
 * ratios are the result.
 */
import { findBrowser } from '../scripts/browser.mjs'
import { CodedError } from '../src/lib/coded-error.ts'
import { RACE_SHAPES } from '../src/race/shapes.ts'
import { measureNodeOracle } from './race-report/node-oracle.ts'
import { measureInBrowser } from './race-report/open-page.ts'
import { SHORT_OPTIONS } from './race-report/options.ts'
import type { OracleReport, RaceReport, ShapeReport } from './race-report/report.ts'
import { buildReport } from './race-report/report.ts'
import type { BenchRow, BenchVariant } from './row.ts'

/** @throws CodedError `wrong_result` where a backend differed from the oracle. */
export async function run(): Promise<BenchRow[]> {
  if (findBrowser() === undefined) {
    console.error('race: no browser found, nothing is measured')
    return []
  }
  const measurement = await measureInBrowser(SHORT_OPTIONS, (step) => console.error(`race: ${step}`))
  const report = buildReport(measurement, measureNodeOracle(RACE_SHAPES.std, SHORT_OPTIONS))
  if (report.faults.length > 0) {
    throw new CodedError('wrong_result', report.faults.join('; '))
  }
  return rowsOf(report)
}

function rowsOf(report: RaceReport): BenchRow[] {
  const { jsMacsPerS, jsBlockedMacsPerS, oracle } = report
  const plain = giga('plain loop', jsMacsPerS)
  return [
    row('race: matrix product in the browser', giga('4×4 blocks', jsBlockedMacsPerS), plain, 'GMAC/s'),
    ...report.shapes.flatMap((shape) => shapeRows(report, shape)),
    ...(oracle.node === null ? [] : oracleRows(`race: ${oracle.shape} in Node`, oracle.node)),
  ]
}

function shapeRows({ adapter }: RaceReport, shape: ShapeReport): BenchRow[] {
  const name = `race: ${shape.shape} in the browser`
  const gpu = `WebGPU on ${adapter.architecture}${adapter.isSoftware ? ' (software)' : ''}`
  const attempts = { label: gpu, value: shape.attemptsPerS }
  return [
    row(name, giga(gpu, shape.macsPerS), giga(`peak, ${shape.peakShape}`, shape.peakMacsPerS), 'GMAC/s'),
    row(name, attempts, { label: 'TypeScript', value: shape.oracle.tsAttemptsPerS }, 'attempts/s'),
    ...oracleRows(name, shape.oracle),
  ]
}

function oracleRows(name: string, { wasmAttemptsPerS, tsAttemptsPerS }: OracleReport): BenchRow[] {
  if (wasmAttemptsPerS === null) return []
  const wasm = { label: 'WebAssembly', value: wasmAttemptsPerS }
  return [row(name, wasm, { label: 'TypeScript', value: tsAttemptsPerS }, 'attempts/s')]
}

function giga(label: string, perSecond: number): BenchVariant {
  return { label, value: perSecond / 1e9 }
}

function row(name: string, variantA: BenchVariant, variantB: BenchVariant, unit: string): BenchRow {
  return { name, variantA, variantB, unit, ratio: variantA.value / variantB.value }
}
