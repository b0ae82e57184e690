/**
 * The report of `npm run bench:race` under Node on a WebGPU that is handed in, on a machine with a real driver and without a browser:
 *
 *   node_modules/.bin/node bench/race-native.ts --gpu /elsewhere/node_modules/webgpu/index.js [--flag backend=vulkan] [--json] [--shape dev|std] [--short]
 *
 * TAILRACE_GPU_MODULE names the module as well. The worker runs in this thread: a find that is confirmed stops the owner too.
 */
import { parseArgs } from 'node:util'
import { createServer } from 'vite'
import { isMain, repoRoot } from '../scripts/files.ts'
import { errorMessage } from '../src/lib/coded-error.ts'
import { RACE_SHAPES } from '../src/race/shapes.ts'
import type { MeasureOptions, RaceMeasurement } from './race-page/measurement.ts'
import type { measureNative } from './race-page/native.ts'
import { loadNativeGpu } from './race-report/native-gpu.ts'
import { measureNodeOracle } from './race-report/node-oracle.ts'
import { optionsOf } from './race-report/options.ts'
import { printReport } from './race-report/print-report.ts'
import { buildReport } from './race-report/report.ts'

async function measure(gpu: GPU, options: MeasureOptions): Promise<RaceMeasurement> {
  const server = await createServer({
    root: repoRoot,
    configFile: false,
    logLevel: 'error',
    appType: 'custom',
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, watch: null, ws: false },
  })
  try {
    const page = (await server.ssrLoadModule('/bench/race-page/native.ts')) as { measureNative: typeof measureNative }
    return await page.measureNative(gpu, options, (step) => console.error(step))
  } finally {
    await server.close()
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      gpu: { type: 'string' },
      flag: { type: 'string', multiple: true },
      json: { type: 'boolean' },
      short: { type: 'boolean' },
      shape: { type: 'string' },
    },
  })
  const gpu = await loadNativeGpu(values.gpu ?? process.env.TAILRACE_GPU_MODULE, values.flag ?? [])
  const options = optionsOf(args)
  const largest = options.shapes.includes('std') ? RACE_SHAPES.std : RACE_SHAPES.dev
  return printReport(buildReport(await measure(gpu, options), measureNodeOracle(largest, options)), args)
}

if (isMain(import.meta.url)) {
  // Some implementations keep the process alive; the report is all that was asked for.
  process.exit(
    await main(process.argv.slice(2)).catch((error: unknown) => {
      console.error(errorMessage(error))
      return 1
    }),
  )
}
