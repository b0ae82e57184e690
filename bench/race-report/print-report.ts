import { barsOf } from './bars.ts'
import type { RaceReport } from './report.ts'
import { reportTable } from './table.ts'

/** Prints the table, or with `--json` one JSON object as the last line; returns the exit code, 1 where a result is wrong. */
export function printReport(report: RaceReport, args: readonly string[]): number {
  console.log(args.includes('--json') ? JSON.stringify(report) : reportTable(report, barsOf(report)))
  return report.faults.length === 0 ? 0 : 1
}
