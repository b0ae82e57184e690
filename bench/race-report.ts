/**
 * `npm run bench:race`: the race on this machine's adapter in real Chromium. Prints a table, or with `--json` one JSON object as the last
 * line; what is measured now goes to stderr. Exit 1 without a browser or adapter, or where a result is wrong. `--shape dev` measures one
 * shape, `--short` takes fewer samples.
 */
import { isMain } from '../scripts/files.ts'
import { errorMessage } from '../src/lib/coded-error.ts'
import { RACE_SHAPES } from '../src/race/shapes.ts'
import { measureNodeOracle } from './race-report/node-oracle.ts'
import { measureInBrowser } from './race-report/open-page.ts'
import { optionsOf } from './race-report/options.ts'
import { printReport } from './race-report/print-report.ts'
import { buildReport } from './race-report/report.ts'

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = optionsOf(args)
    const measurement = await measureInBrowser(options, (step) => console.error(step))
    // After the page, so that they don't share the processor.
    console.error('the oracles in Node')
    const largest = options.shapes.includes('std') ? RACE_SHAPES.std : RACE_SHAPES.dev
    return printReport(buildReport(measurement, measureNodeOracle(largest, options)), args)
  } catch (error) {
    console.error(errorMessage(error))
    return 1
  }
}

if (isMain(import.meta.url)) process.exitCode = await main(process.argv.slice(2))
