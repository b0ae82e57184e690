/**
 * Inference of the built-in model on one thread of WASM: what a check costs against the generation that it checks (in Node), and our
 * decode loop against a stock runtime's (in one page of a browser; the stock runtime does not sample by a bound seed and reports no scores).
 * The context is 256 tokens, so the longer output has 200.
 */
import { chromium } from 'playwright-core'
import { createServer } from 'vite'
import { findBrowser, TEST_BROWSER_FLAGS } from '../scripts/browser.mjs'
import { createTestEngine, generateAll, jobOn, NEVER, scoreJobOf } from '../test/support/inference/test-engine.ts'
import type { DecodeRates } from './inference-page/main.ts'
import type { BenchRow } from './row.ts'

const OUTPUTS = [64, 200]
const ROUNDS = 5
const TOKENS = 200

export async function run(): Promise<BenchRow[]> {
  return [...(await benchChecks()), ...(await benchDecoding())]
}

async function benchChecks(): Promise<BenchRow[]> {
  const { engine, whale } = createTestEngine()
  const rows: BenchRow[] = []
  for (const maxTokens of OUTPUTS) {
    let generation = 0
    let check = 0
    for (let round = 0; round <= ROUNDS; round++) {
      const job = jobOn(whale, { temperature: 1, seed: round, maxTokens })
      const startedMs = performance.now()
      const { tokens } = await generateAll(engine, job)
      const generatedMs = performance.now()
      await engine.score(scoreJobOf(job, tokens, 'own'), NEVER)
      const checkedMs = performance.now()
      // The first round warms up.
      generation = round === 0 ? 0 : Math.max(generation, (maxTokens * 1_000) / (generatedMs - startedMs))
      check = round === 0 ? 0 : Math.max(check, (maxTokens * 1_000) / (checkedMs - generatedMs))
    }
    rows.push({
      name: `inference: ${maxTokens} output tokens, temperature 1`,
      variantA: { label: 'check in one pass', value: check },
      variantB: { label: 'generation', value: generation },
      unit: 'tokens/s',
      ratio: check / generation,
    })
  }
  await engine.stop()
  return rows
}

async function benchDecoding(): Promise<BenchRow[]> {
  const executablePath = findBrowser()
  if (executablePath === undefined) {
    console.error('inference: no browser found, decoding is not compared')
    return []
  }
  const server = await createServer({
    root: new URL('..', import.meta.url).pathname,
    configFile: false,
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { host: '127.0.0.1', port: 0, watch: null, ws: false },
  })
  const browser = await chromium.launch({ executablePath, args: [...TEST_BROWSER_FLAGS] })
  try {
    await server.listen()
    const page = await browser.newPage()
    await page.goto(new URL('bench/inference-page/index.html', server.resolvedUrls?.local[0]).href)
    await page.waitForFunction(() => window.measureDecoding !== undefined)
    const rates = await page.evaluate(async (tokens) => window.measureDecoding?.(tokens), TOKENS)
    return rates === undefined ? [] : decodingRows(rates)
  } finally {
    await browser.close()
    await server.close()
  }
}

function decodingRows({ ours, stock, sampled, isSame }: DecodeRates): BenchRow[] {
  if (!isSame) {
    throw new Error('the two runtimes gave different greedy tokens')
  }
  const variantB = { label: '@huggingface/transformers, greedy', value: stock }
  const row = (label: string, value: number): BenchRow => ({
    name: `inference: decoding ${TOKENS} tokens in the browser, WASM`,
    variantA: { label, value },
    variantB,
    unit: 'tokens/s',
    ratio: value / stock,
  })
  return [row('ours, greedy, with scores', ours), row('ours, temperature 1, with scores', sampled)]
}
