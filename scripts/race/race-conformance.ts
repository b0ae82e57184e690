/**
 * `npm run race:conformance`: the vectors and random attempts through every implementation of the race that this machine has, compared byte
 * for byte with the reference oracle. Prints a table, or with `--json` one JSON object as the last line; exit code 1 on any difference and
 * where a backend that should be here did not run.
 *
 *   --attempts N   random `dev` attempts for each fast backend (default 2000; the slow ones get fewer)
 *   --seeds N      epoch seeds among them (default 50)
 *   --run-seed HEX repeats the attempts of an earlier run, which printed it
 */
import { parseArgs } from 'node:util'
import { fromHex, toHex } from '../../src/lib/bytes.ts'
import { errorCode, errorMessage } from '../../src/lib/coded-error.ts'
import type { ConformanceReport } from '../../test/support/race-conformance/report.ts'
import { exitCodeOf } from '../../test/support/race-conformance/report.ts'
import { runConformance } from '../../test/support/race-conformance/run-conformance.ts'
import { isMain } from '../files.ts'

function countOf(text: string, name: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1 || count > 1_000_000) {
    throw new TypeError(`--${name} must be a whole number from 1 to 1000000`)
  }
  return count
}

function tableOf(report: ConformanceReport): string {
  const rows = report.backends.map((backend) => [
    backend.differences === 0 ? 'equal ' : 'DIFFERS',
    backend.name,
    `${backend.vectors} vectors`,
    `${backend.attempts} attempts`,
    `${backend.seeds} seeds`,
    `${backend.stagesCompared} stages`,
    `${backend.seconds.toFixed(1)} s`,
  ])
  const widths = [0, 1, 2, 3, 4, 5, 6].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      attempts: { type: 'string', default: '2000' },
      seeds: { type: 'string', default: '50' },
      'run-seed': { type: 'string' },
    },
  })
  const runSeed =
    values['run-seed'] === undefined ? crypto.getRandomValues(new Uint8Array(32)) : fromHex(values['run-seed'])
  console.error(`run seed ${toHex(runSeed)}`)
  const report = await runConformance({
    runSeed,
    attempts: countOf(values.attempts, 'attempts'),
    seeds: countOf(values.seeds, 'seeds'),
    say: (text) => console.error(text),
  })
  for (const { firstDifference } of report.backends) {
    if (firstDifference !== undefined) console.error(JSON.stringify(firstDifference))
  }
  for (const { name, reason } of report.missing) console.error(`${name} did not run: ${reason}`)
  console.log(values.json ? JSON.stringify(report) : tableOf(report))
  return exitCodeOf(report)
}

if (isMain(import.meta.url)) {
  process.exitCode = await main().catch((error: unknown) => {
    console.error(`race conformance: ${errorCode(error)}: ${errorMessage(error)}`)
    return 1
  })
}
