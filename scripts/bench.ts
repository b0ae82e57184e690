/**
 * `npm run bench`: runs the benchmarks, bench/*.ts modules that export `run` (see bench/row.ts), one after the other. Prints a table, or
 * with `--json` one JSON object as the last line. Names of modules as arguments run only those.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BenchRow, BenchRun } from '../bench/row.ts'
import { isMain, repoRoot } from './files.ts'

interface Failure {
  readonly name: string
  readonly reason: string
}

async function loadRun(file: string): Promise<BenchRun | undefined> {
  const loaded: unknown = await import(pathToFileURL(join(repoRoot, 'bench', file)).href)
  if (typeof loaded !== 'object' || loaded === null || !('run' in loaded)) return undefined
  return typeof loaded.run === 'function' ? (loaded.run as BenchRun) : undefined
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toString() : value.toPrecision(3)
}

/** The rows as text, columns aligned. */
export function benchTable(rows: readonly BenchRow[]): string {
  const cells = rows.map((row) => [
    row.name,
    `${row.variantA.label} ${format(row.variantA.value)}`,
    `${row.variantB.label} ${format(row.variantB.value)}`,
    row.unit,
    `${format(row.ratio)}×`,
  ])
  const lines = [['benchmark', 'A', 'B', 'unit', 'A ÷ B'], ...cells]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

async function main(): Promise<number> {
  const args = process.argv.slice(2)
  const wanted = args.filter((arg) => !arg.startsWith('--'))
  const files = readdirSync(join(repoRoot, 'bench')).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  )
  const rows: BenchRow[] = []
  const failures: Failure[] = []
  for (const file of files.sort()) {
    const name = file.replace(/\.ts$/, '')
    if (wanted.length > 0 && !wanted.includes(name)) continue
    try {
      const run = await loadRun(file)
      if (run === undefined) continue
      console.error(`${name} …`)
      rows.push(...(await run()))
    } catch (error) {
      failures.push({ name, reason: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
  for (const failure of failures) console.error(`${failure.name} failed: ${failure.reason}`)
  console.log(args.includes('--json') ? JSON.stringify({ ok: failures.length === 0, rows }) : benchTable(rows))
  return failures.length === 0 && rows.length > 0 ? 0 : 1
}

if (isMain(import.meta.url)) process.exitCode = await main()
