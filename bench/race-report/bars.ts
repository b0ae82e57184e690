import type { RaceReport } from './report.ts'

/** What the project asks of a race on one device. Printed; a busy machine misses them without anything being wrong. */
export interface Bar {
  readonly name: string
  readonly value: string
  readonly wanted: string
  readonly holds: boolean
}

const SOFTWARE_RATIO = 0.5
const GPU_RATIO = 0.6
const SPEEDUP = 20
/** The TypeScript oracle stays within 1.5 times of the plain product. */
const SHARE_OF_PLAIN_JS = 1 / 1.5
const CHECK_SHARE = 0.01

export function barsOf(report: RaceReport): Bar[] {
  const ratio = report.adapter.isSoftware ? SOFTWARE_RATIO : GPU_RATIO
  const { oracle } = report
  return [
    ...report.shapes.map((shape) => atLeast(`${shape.shape}: whole attempts of the device's peak`, shape.ratio, ratio)),
    atLeast('WebAssembly oracle against TypeScript', oracle.speedup ?? 0, SPEEDUP),
    atLeast('TypeScript oracle against plain JS', oracle.tsShareOfPlainJs, SHARE_OF_PLAIN_JS),
    {
      ...atLeast('check of 100 finds, part of 300 s', report.checkCostShare, CHECK_SHARE),
      wanted: `at most ${CHECK_SHARE}`,
      holds: report.checkCostShare <= CHECK_SHARE,
    },
  ]
}

function atLeast(name: string, value: number, wanted: number): Bar {
  return { name, value: value.toPrecision(3), wanted: `at least ${wanted.toPrecision(3)}`, holds: value >= wanted }
}
