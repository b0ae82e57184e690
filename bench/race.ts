/**
 * The race: WebGPU against the oracle in one browser worker, and the oracle's blocked matrix product against a plain
 * double loop in Node. Rates are of this machine; the ratio is the result.
 */
import { chromium } from 'playwright-core'
import { createServer } from 'vite'
import { findBrowser, TEST_BROWSER_FLAGS } from '../scripts/browser.mjs'
import { multiplyRows } from '../src/race/linear.ts'
import { createRaceModel } from '../src/race/model.ts'
import { createOracle } from '../src/race/oracle.ts'
import type { ShapeName } from '../src/race/shapes.ts'
import { RACE_SHAPES } from '../src/race/shapes.ts'
import type { ComputeBackendReport } from '../src/worker/contract.ts'
import type {} from './race-page/main.ts'
import type { BenchRow } from './row.ts'

const ROWS = 32
const LENGTH = 512
const OUTPUTS = 512
const MEASURE_MS = 1000
const SHAPES: readonly ShapeName[] = ['dev', 'std']

export async function run(): Promise<BenchRow[]> {
  const rows = [benchMatrixProduct(), benchOracle()]
  return [...rows, ...(await benchBrowser())]
}

/** Calls per second of `work`, the best of three rounds after a warm-up. */
function callsPerSecond(work: () => void): number {
  let best = 0
  for (let round = 0; round < 4; round++) {
    let calls = 0
    const startMs = performance.now()
    do {
      work()
      calls++
    } while (performance.now() - startMs < MEASURE_MS / 4)
    const rate = (calls * 1000) / (performance.now() - startMs)
    best = round === 0 ? 0 : Math.max(best, rate)
  }
  return best
}

/** What multiplyRows would be without blocks. */
function multiplyPlainly(out: Int32Array, inputs: Int8Array, weights: Int8Array): void {
  for (let row = 0; row < ROWS; row++) {
    for (let output = 0; output < OUTPUTS; output++) {
      let sum = 0
      for (let i = 0; i < LENGTH; i++) {
        sum = (sum + Math.imul(inputs[row * LENGTH + i] as number, weights[output * LENGTH + i] as number)) | 0
      }
      out[row * OUTPUTS + output] = sum
    }
  }
}

function plainGigamacs(): number {
  const { inputs, weights, out } = matrices()
  return (callsPerSecond(() => multiplyPlainly(out, inputs, weights)) * ROWS * LENGTH * OUTPUTS) / 1e9
}

function matrices(): { inputs: Int8Array; weights: Int8Array; out: Int32Array } {
  return {
    inputs: Int8Array.from({ length: ROWS * LENGTH }, (_, i) => i * 37),
    weights: Int8Array.from({ length: OUTPUTS * LENGTH }, (_, i) => i * 91),
    out: new Int32Array(ROWS * OUTPUTS),
  }
}

function benchMatrixProduct(): BenchRow {
  const { inputs, weights, out } = matrices()
  const inputView = { data: inputs, offset: 0, rows: ROWS }
  const weightView = { data: weights, offset: 0, rows: OUTPUTS }
  const blocked = callsPerSecond(() => multiplyRows(out, inputView, weightView, LENGTH)) * ROWS * LENGTH * OUTPUTS
  return row('race: matrix product', ['4×4 blocks', blocked / 1e9], ['plain loop', plainGigamacs()], 'GMAC/s')
}

/** How much of the plain product's rate is left when everything around it (norm, attention, digest) counts too. */
function benchOracle(): BenchRow {
  const shape = RACE_SHAPES.dev
  const oracle = createOracle(createRaceModel(shape, new Uint8Array(32)))
  const host = new Uint8Array(20)
  let nonce = 0n
  const attempts = callsPerSecond(() => void oracle.attempt(host, nonce++))
  const gigamacs = (attempts * Number(shape.macs)) / 1e9
  return row('race: dev attempt in Node', ['oracle', gigamacs], ['plain loop', plainGigamacs()], 'GMAC/s')
}

async function benchBrowser(): Promise<BenchRow[]> {
  const executablePath = findBrowser()
  if (executablePath === undefined) {
    console.error('race: no browser found, WebGPU is not measured')
    return []
  }
  const root = new URL('..', import.meta.url).pathname
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { host: '127.0.0.1', port: 0, watch: null, ws: false },
  })
  const browser = await chromium.launch({ executablePath, args: [...TEST_BROWSER_FLAGS] })
  try {
    await server.listen()
    const page = await browser.newPage()
    await page.goto(new URL('bench/race-page/index.html', server.resolvedUrls?.local[0]).href)
    await page.waitForFunction(() => window.probeRace !== undefined)
    const rows: BenchRow[] = []
    for (const shape of SHAPES) {
      rows.push(...browserRows(shape, await page.evaluate(async (name) => window.probeRace?.(name) ?? [], shape)))
    }
    return rows
  } finally {
    await browser.close()
    await server.close()
  }
}

function browserRows(shape: ShapeName, backends: readonly ComputeBackendReport[]): BenchRow[] {
  const gpu = backends.find((backend) => backend.kind === 'webgpu')
  const cpu = backends.find((backend) => backend.kind === 'cpu')
  if (gpu?.attemptsPerSecond === undefined || cpu?.attemptsPerSecond === undefined) {
    console.error(`race: ${shape} not measured: ${gpu?.firstDifference ?? 'no adapter'}`)
    return []
  }
  const adapter = `WebGPU on ${gpu.adapter.architecture}${gpu.adapter.isSoftware ? ' (software)' : ''}`
  const labels: [string, number] = [adapter, gpu.attemptsPerSecond]
  return [row(`race: ${shape} in the browser`, labels, ['oracle', cpu.attemptsPerSecond], 'attempts/s')]
}

function row(name: string, a: readonly [string, number], b: readonly [string, number], unit: string): BenchRow {
  return {
    name,
    variantA: { label: a[0], value: a[1] },
    variantB: { label: b[0], value: b[1] },
    unit,
    ratio: a[1] / b[1],
  }
}
