/**
 * What a request costs beside the model: completions through a whole local network (HTTP, order, draw, peer stream, receipt, voucher,
 * all signed and stored) against the same prompts given to an inference worker directly, taken turn by turn in one run. The
 * companions serve on the processors of this same machine, so this is the upper end. While they race they refuse orders: no round
 * is taken then.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { repoRoot } from '../scripts/files.ts'
import { SILENT_LOGGER } from '../src/lib/runtime.ts'
import { ensureLocalDeveloper } from '../src/main/local-developer.ts'
import { loadModelText, openModelLibrary } from '../src/main/models/model-library.ts'
import { memberHome, startLocalNetwork } from '../src/main/network/local-network.ts'
import { loadNetworkPorts } from '../src/main/network/network-file.ts'
import { createNodeInference } from '../src/main/node-inference.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../src/main/system.ts'
import type { BenchRow } from './row.ts'

const ROUNDS = 60
const MAX_TOKENS = [1, 32] as const
const MODEL = 'whale-0.9m'
const CONTENT = 'Where does the ship sail?'
/** Two epochs: a race goes by, and weight lost in one comes back with the next. */
const SERVING_DEADLINE_MS = 150_000
const RETRY_MS = 250
/** So that both companions keep weight on a slow machine. */
const DUTY_PPM = 20_000
const MODELS = join(repoRoot, 'models')
const COMPONENTS = { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER, rng: SYSTEM_RNG }

/** False where nobody serves at the moment. */
type Complete = (maxTokens: number, seed: number) => Promise<boolean>

export async function run(): Promise<BenchRow[]> {
  const home = mkdtempSync(join(tmpdir(), 'tailrace-bench-'))
  const { ports } = await loadNetworkPorts(home, { rpcPort: 0 })
  const network = await startLocalNetwork(COMPONENTS, {
    home,
    ports,
    program: [process.execPath, join(repoRoot, 'dist', 'node', 'tailrace.js')],
    builtInModels: MODELS,
    companionDutyPpm: DUTY_PPM,
    onExit: () => undefined,
  })
  const inference = createNodeInference({
    workerFile: pathToFileURL(join(repoRoot, 'dist', 'node', 'inference-worker.js')),
    modelsFolder: MODELS,
    threads: 1,
    logger: SILENT_LOGGER,
  })
  try {
    const developer = { home: memberHome(home, 'developer'), rpcUrl: network.rpcUrl }
    const { apiKey } = await ensureLocalDeveloper(COMPONENTS, developer, new AbortController().signal)
    const through = throughGateway(network.openaiUrl, apiKey)
    const direct = await directly(inference, home)
    await served(through, 1, 0)
    await direct(1, 0)
    return await measure(through, direct)
  } finally {
    await inference.stop()
    await network.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

async function measure(through: Complete, direct: Complete): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const maxTokens of MAX_TOKENS) {
    const gatewayMs: number[] = []
    const workerMs: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      gatewayMs.push(await served(through, maxTokens, round))
      workerMs.push(await served(direct, maxTokens, round))
    }
    for (const [label, share] of [
      ['p50', 0.5],
      ['p95', 0.95],
    ] as const) {
      const [a, b] = [percentile(gatewayMs, share), percentile(workerMs, share)]
      rows.push({
        name: `gateway: one completion of ${maxTokens} tokens, ${label}`,
        variantA: { label: 'through the network', value: a },
        variantB: { label: 'worker directly', value: b },
        unit: 'ms',
        ratio: a / b,
      })
    }
  }
  return rows
}

function throughGateway(baseUrl: string, apiKey: string): Complete {
  return async (maxTokens, seed) => {
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: MODEL,
        messages: [{ role: 'user', content: CONTENT }],
        max_tokens: maxTokens,
        temperature: 1,
        seed,
      }),
    })
    const text = await response.text()
    if (!response.ok && response.status !== 503) {
      throw new Error(`${response.status} ${text.slice(0, 200)}`)
    }
    return response.ok
  }
}

async function directly(inference: ReturnType<typeof createNodeInference>, home: string): Promise<Complete> {
  const signal = new AbortController().signal
  const options = { builtInFolder: MODELS, cacheFolder: join(home, 'bench-models') }
  const library = await openModelLibrary(options, SILENT_LOGGER)
  const text = await loadModelText(library, library.manifest(MODEL), signal)
  const prompt = text.renderChat([{ role: 'user', content: CONTENT }])
  await inference.load(MODEL, signal)
  return async (maxTokens, seed) => {
    const job = {
      model: MODEL,
      prompt,
      maxTokens,
      sampling: { temperature: 65_536, topK: 0, topP: 65_536, frequencyPenalty: 0, presencePenalty: 0, logitBias: [] },
      samplingSeed: new Uint8Array(32).fill(seed + 1),
      choice: 0,
      stop: [],
    }
    await inference.generate(job, { onTokens: () => undefined }, signal)
    return true
  }
}

/** How long the completion took that was served, in milliseconds; tries that nobody served do not count. */
async function served(complete: Complete, maxTokens: number, seed: number): Promise<number> {
  const giveUpMs = performance.now() + SERVING_DEADLINE_MS
  for (;;) {
    const startedMs = performance.now()
    if (await complete(maxTokens, seed)) {
      return performance.now() - startedMs
    }
    if (performance.now() > giveUpMs) {
      throw new Error('nobody serves')
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
