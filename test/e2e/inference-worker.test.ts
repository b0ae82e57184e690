/** The page's inference worker as it ships: bundled by the screen's configuration, served with the screen's headers. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { build, mergeConfig } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { findBrowser } from '../../scripts/browser.mjs'
import { loadScreenFiles } from '../../src/main/screen/screen-files.ts'
import screenConfig from '../../vite.config.ts'
import type {} from '../support/inference/built-page/main.ts'
import { tempTree } from '../support/temp-tree.ts'

const PAGE = fileURLToPath(new URL('../support/inference/built-page', import.meta.url))
const MODELS = fileURLToPath(new URL('../../models', import.meta.url))
const executablePath = findBrowser()

async function serve(folder: string): Promise<string> {
  const files = loadScreenFiles(folder, MODELS)
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '/')
    response.writeHead(file === undefined ? 404 : 200, file?.headers).end(file?.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('the built worker loads its runtime and a model under the content security policy of the screen', async (context) => {
  if (executablePath === undefined) {
    context.skip('needs a Chromium-family browser')
    return
  }
  const outDir = tempTree({})
  // A page of its own instead of the screen's.
  const { rollupOptions: _pages, ...screenBuild } = screenConfig.build ?? {}
  const own = { configFile: false, root: PAGE, build: { outDir, sourcemap: false } } as const
  await build(mergeConfig({ ...screenConfig, build: screenBuild }, own))
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  const refused: string[] = []
  page.on('console', (message) => refused.push(message.text()))
  await page.goto(await serve(outDir))
  await page.waitForFunction(() => window.loadModel !== undefined)
  expect(await page.evaluate(() => window.loadModel?.('whale-0.9m'))).toMatchObject({
    model: 'whale-0.9m',
    backend: 'wasm',
    choiceReason: 'no_adapter',
  })
  expect(refused.filter((text) => text.includes('Content Security Policy'))).toEqual([])
})
