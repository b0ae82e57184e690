import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { createTestEngine, generateAll, jobOn, NEVER, scoreJobOf } from '../../../test/support/inference/test-engine.ts'
import { NUMERIC_CLASSES } from '../../protocol/work/classes.ts'

const MEMORY_RUN = fileURLToPath(new URL('../../../test/support/inference/memory-run.ts', import.meta.url))
const { engine, whale } = createTestEngine()
afterAll(() => engine.stop())

interface MemoryRun {
  readonly rss: readonly number[]
  readonly heap: readonly number[]
  readonly created: number
  readonly disposed: number
  readonly leaks: number
}

test('memory stays flat over 1,000 requests, and each tensor is disposed of once', { timeout: 600_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', MEMORY_RUN])
  const { rss, heap, created, disposed, leaks } = JSON.parse(stdout) as MemoryRun
  for (const [name, values] of Object.entries({ RSS: rss, heap })) {
    process.stderr.write(
      `${name} in MB after each 100 requests: ${values.map((value) => value.toFixed(0)).join(' ')}\n`,
    )
  }
  process.stderr.write(`${created} tensors made, ${disposed} disposed of\n`)
  expect(leaks).toBe(0)
  expect(created).toBeGreaterThan(100_000)
  expect(disposed).toBe(created)
  // After 200 requests the WASM heap and the JIT have found their size.
  const growth = (values: readonly number[]): number => (values.at(-1) as number) - (values[1] as number)
  // One promise kept for each step of the 800 requests would be 60 MB, one key-value cache for each request 240 MB.
  expect(growth(heap)).toBeLessThan(5)
  expect(growth(rss)).toBeLessThan(120)
})

test('2,000 honest tokens at each temperature stay within the soft limit on both engines', {
  timeout: 600_000,
}, async () => {
  for (const options of [
    { temperature: 0 },
    { temperature: 0.7 },
    { temperature: 1 },
    { temperature: 1, topP: 0.9 },
    { temperature: 1, topK: 40 },
  ]) {
    let worst = 0
    let positions = 0
    for (let seed = 0; positions < 2_000; seed++) {
      const job = jobOn(whale, {
        ...options,
        seed,
        prompt: ['Call me', 'He said', 'The sea'][seed % 3] as string,
        maxTokens: 240,
      })
      const { tokens } = await generateAll(engine, job)
      positions += tokens.length
      for (const who of ['own', 'reference'] as const) {
        const { margins } = await engine.score(scoreJobOf(job, tokens, who), NEVER)
        worst = Math.max(worst, ...margins)
      }
    }
    process.stderr.write(`${JSON.stringify(options)}: ${positions} tokens, greatest margin ${worst} of 65536\n`)
    expect(worst).toBeLessThanOrEqual(NUMERIC_CLASSES['fp32-wasm'].softMargin)
  }
})
