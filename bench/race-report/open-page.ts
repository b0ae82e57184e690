import { chromium } from 'playwright-core'
import { createServer } from 'vite'
import { findBrowser, TEST_BROWSER_FLAGS } from '../../scripts/browser.mjs'
import { CodedError } from '../../src/lib/coded-error.ts'
import type {} from '../race-page/main.ts'
import type { MeasureOptions, RaceMeasurement } from '../race-page/measurement.ts'

/**
 * Measures in the Chromium of this machine.
 * @throws CodedError `no_browser`, `measurement_failed`.
 */
export async function measureInBrowser(
  options: MeasureOptions,
  onStep: (step: string) => void,
): Promise<RaceMeasurement> {
  const executablePath = findBrowser()
  if (executablePath === undefined) {
    throw new CodedError('no_browser', 'no Chromium, Chrome or Edge was found; TAILRACE_BROWSER can name one')
  }
  const server = await createServer({
    root: new URL('../..', import.meta.url).pathname,
    configFile: false,
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { host: '127.0.0.1', port: 0, watch: null, ws: false },
  })
  const browser = await chromium.launch({ executablePath, args: [...TEST_BROWSER_FLAGS] })
  try {
    await server.listen()
    const page = await browser.newPage()
    page.on('console', (message) => {
      if (message.type() === 'info') onStep(message.text())
    })
    await page.goto(new URL('bench/race-page/index.html', server.resolvedUrls?.local[0]).href)
    await page.waitForFunction(() => window.measureRace !== undefined)
    const measurement = await page.evaluate(async (wanted) => window.measureRace?.(wanted), options)
    if (measurement === undefined) {
      throw new CodedError('measurement_failed', 'the page measured nothing')
    }
    return measurement
  } finally {
    await browser.close()
    await server.close()
  }
}
