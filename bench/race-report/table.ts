import type { Bar } from './bars.ts'
import type { RaceReport, ShapeReport } from './report.ts'
import type { StageReport } from './stage-shares.ts'

/** The report for people. */
export function reportTable(report: RaceReport, bars: readonly Bar[]): string {
  const { adapter } = report
  const name = [adapter.vendor, adapter.architecture, adapter.description].filter((part) => part !== '').join(' ')
  return [
    `adapter        ${name}${adapter.isSoftware ? ' (software)' : ''}`,
    `plain JS       ${giga(report.jsMacsPerS)} GMAC/s; in 4 × 4 blocks ${giga(report.jsBlockedMacsPerS)}`,
    `peak probe     best of ${report.peakProbe.shapesTried} shapes, timed by ${report.peakProbe.timing}, ${report.peakProbe.refused.length} refused`,
    ...report.shapes.flatMap((shape) => ['', ...shapeLines(shape)]),
    '',
    ...nodeLines(report),
    ...bars.map(
      (bar) => `${bar.holds ? 'holds' : 'MISSED'.padEnd(5)}  ${bar.name}: ${bar.value}, wanted ${bar.wanted}`,
    ),
    ...report.faults.map((fault) => `WRONG  ${fault}`),
  ].join('\n')
}

function shapeLines(shape: ShapeReport): string[] {
  const { oracle, checkCostShares: costs } = shape
  const wasm =
    oracle.wasmAttemptsPerS === null
      ? 'WebAssembly SIMD not available'
      : `WebAssembly ${short(oracle.wasmAttemptsPerS)}, ${short(oracle.speedup ?? 0)}×`
  return [
    `${shape.shape.padEnd(14)} ${short(shape.attemptsPerS)} attempts/s (worker's own race ${short(shape.sessionAttemptsPerS)}), ${giga(shape.macsPerS)} GMAC/s, ${shape.attemptsPerBatch} a batch`,
    ...shape.peaks.map((peak) => `  ${percent(peak.ratio)} of ${giga(peak.macsPerS)} GMAC/s, ${peak.peakShape}`),
    `  kernels      ${shape.kernelRatio === null ? 'no times' : `${percent(shape.kernelRatio)} of the peak while they run`}, ${shape.tuning}`,
    `  stages       ${shape.stages.length === 0 ? 'no times' : shape.stages.map(stageText).join(', ')}`,
    `  oracle       TypeScript ${short(oracle.tsAttemptsPerS)} attempts/s (${percent(oracle.tsShareOfPlainJs)} of plain JS), ${wasm}`,
    `  100 finds    ${percent(shape.checkCostShare)} of 300 s as the worker checks (${shape.checkedFinds} checked); WebGPU ${percent(costs.webgpu)}, WebAssembly ${costs.wasm === null ? '–' : percent(costs.wasm)}, TypeScript ${percent(costs.ts)}`,
    `  times        pause ${short(shape.pauseMs)} ms (worst ${short(shape.pauseWorstMs)}; the worker says so after ${short(shape.stopMs)}), slice ${short(shape.sliceMs)} ms (worst ${short(shape.sliceWorstMs)}), start ${short(shape.startMs)} ms, ${short(shape.deviceBytes / 2 ** 20)} MiB on the device`,
  ]
}

function stageText({ name, share, macShare }: StageReport): string {
  return `${name} ${percent(share)}${macShare === null ? '' : ` (of the MACs ${percent(macShare)})`}`
}

function nodeLines({ oracle: { node, shape } }: RaceReport): string[] {
  if (node === null) return []
  const wasm = node.wasmAttemptsPerS === null ? '–' : `${short(node.wasmAttemptsPerS)}, ${short(node.speedup ?? 0)}×`
  return [`oracle in Node ${shape}: TypeScript ${short(node.tsAttemptsPerS)} attempts/s, WebAssembly ${wasm}`, '']
}

function giga(perSecond: number): string {
  return (perSecond / 1e9).toPrecision(3)
}

function short(value: number): string {
  return value >= 100 ? Math.round(value).toString() : value.toPrecision(3)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
