import { describe, expect, test } from 'vitest'
import { roundToFourBits } from '../../../test/support/cheats/four-bit-model.ts'
import type { FrailBackend, FrailOptions } from '../../../test/support/inference/frail-backend.ts'
import { createFrailBackend } from '../../../test/support/inference/frail-backend.ts'
import type { TestEngine, TestEngineOptions } from '../../../test/support/inference/test-engine.ts'
import { createTestEngine, generateAll, jobOn, NEVER, scoreJobOf } from '../../../test/support/inference/test-engine.ts'
import { WHALE } from '../../../test/support/inference/whale-model.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { BackendSource } from './backends.ts'

interface FrailEngine extends TestEngine {
  readonly backend: FrailBackend
}

function createFrailEngine(options: FrailOptions = {}, rest: TestEngineOptions = {}): FrailEngine {
  const made: FrailBackend[] = []
  const serveWith = (wasm: BackendSource): BackendSource[] => {
    made.push(createFrailBackend(wasm, options))
    return made.map(({ source }) => source)
  }
  const engine = createTestEngine({ ...rest, serveWith })
  return { ...engine, backend: made[0] as FrailBackend }
}

describe('a device that is lost', () => {
  test('once: another session takes over and the tokens are what they would have been', async () => {
    const { engine, whale, ledger, backend } = createFrailEngine()
    const job = jobOn(whale, { temperature: 1, maxTokens: 40 })
    const undisturbed = await generateAll(engine, job)
    for (const steps of [0, 1, 17]) {
      backend.loseAfter(steps)
      // Scores may differ in the last bit: what was decoded one by one is computed again at once.
      expect((await generateAll(engine, job)).tokens).toEqual(undisturbed.tokens)
    }
    expect(backend.opened()).toBe(4)
    const check = scoreJobOf(job, undisturbed.tokens, 'own')
    const checked = await engine.score(check, NEVER)
    backend.loseAfter(1)
    expect((await engine.score(check, NEVER)).margins).toEqual(checked.margins)
    await engine.stop()
    expect(ledger.live).toBe(0)
  })

  test('twice in one job: the job fails with device_lost, the next one runs', async () => {
    const { engine, whale, ledger, backend } = createFrailEngine()
    const job = jobOn(whale)
    const undisturbed = await generateAll(engine, job)
    backend.loseAfter(3)
    let tokens = 0
    const onTokens = (): void => {
      tokens += 1
      if (tokens === 10) {
        backend.loseAfter(2)
      }
    }
    await expect(engine.generate(job, { onTokens }, NEVER)).rejects.toMatchObject({ code: 'device_lost' })
    expect(tokens).toBeLessThan(14)
    expect(await generateAll(engine, job)).toEqual(undisturbed)
    await engine.stop()
    expect(ledger.live).toBe(0)
  })

  test('under several jobs: all go on with one replacement', async () => {
    const { engine, whale, ledger, backend } = createFrailEngine()
    const jobs = [1, 2, 3].map((seed) => jobOn(whale, { seed, temperature: 1 }))
    const undisturbed = []
    for (const job of jobs) {
      undisturbed.push((await generateAll(engine, job)).tokens)
    }
    backend.loseAfter(8)
    const outputs = await Promise.all(jobs.map((job) => generateAll(engine, job)))
    expect(outputs.map(({ tokens }) => tokens)).toEqual(undisturbed)
    expect(backend.opened()).toBe(2)
    await engine.stop()
    expect(ledger.live).toBe(0)
  })

  test('a replacement that computes wrong may not serve', async () => {
    const graphOf = (session: number, graph: Uint8Array) => (session === 2 ? roundToFourBits(graph) : graph)
    const { engine, whale, backend } = createFrailEngine({ graphOf })
    await engine.load(WHALE, NEVER)
    backend.loseAfter(0)
    await expect(generateAll(engine, jobOn(whale))).rejects.toMatchObject({ code: 'device_lost' })
    expect((await generateAll(engine, jobOn(whale))).outputTokens).toBe(32)
    expect(backend.opened()).toBe(3)
    await engine.stop()
  })
})

describe('which backend serves', () => {
  const wrong = { graphOf: (_: number, graph: Uint8Array) => roundToFourBits(graph) }

  function pick(options: FrailOptions, extra: TestEngineOptions = {}): TestEngine {
    const serveWith = (wasm: BackendSource): BackendSource[] => [createFrailBackend(wasm, options).source, wasm]
    return createTestEngine({ ...extra, serveWith })
  }

  test('one that computes wrong never does, however fast', async () => {
    const both = pick(wrong)
    expect(await both.engine.load(WHALE, NEVER)).toMatchObject({ backend: 'wasm', choiceReason: 'canary_mismatch' })
    await both.engine.stop()
    const alone = createFrailEngine(wrong)
    await expect(alone.engine.load(WHALE, NEVER)).rejects.toMatchObject({ code: 'canary_mismatch' })
    expect(alone.ledger.live).toBe(0)
  })

  test('of two that are right the faster one, as measured', async () => {
    let nowMs = 0
    const clock = { nowMs: () => nowMs, sleep: async () => undefined }
    const tick = (costMs: number): FrailOptions => ({
      onStep: () => {
        nowMs += costMs
      },
    })
    const slow = pick(tick(100), { clock })
    expect(await slow.engine.load(WHALE, NEVER)).toMatchObject({ backend: 'wasm', choiceReason: 'slower' })
    await slow.engine.stop()
    const fast = createTestEngine({
      clock,
      serveWith: (wasm) => [
        createFrailBackend(wasm, tick(1)).source,
        { ...createFrailBackend(wasm, tick(50)).source, kind: 'wasm' },
      ],
    })
    expect(await fast.engine.load(WHALE, NEVER)).toMatchObject({
      backend: 'webgpu',
      numericClass: 'fp32-webgpu',
      adapter: 'frail',
      choiceReason: 'slower',
      tokensPerSecond: 1_000,
    })
    // The reference engine was closed when the other one won; a check opens it again.
    const job = jobOn(fast.whale, { temperature: 1 })
    const { tokens } = await generateAll(fast.engine, job)
    expect(await fast.engine.score(scoreJobOf(job, tokens, 'reference'), NEVER)).toMatchObject({
      numericClass: 'fp32-wasm',
      margins: new Int32Array(32),
    })
    await fast.engine.stop()
    expect(fast.ledger.live).toBe(0)
  })

  test('without an adapter the other one, with that as the reason; a graph that is none is refused', async () => {
    const none: Partial<BackendSource> = {
      isReferenceBuild: false,
      open: async () => {
        throw new CodedError('no_adapter', 'no WebGPU here')
      },
    }
    const engine = createTestEngine({ serveWith: (wasm) => [{ ...wasm, kind: 'webgpu', ...none }, wasm] })
    expect(await engine.engine.load(WHALE, NEVER)).toMatchObject({ backend: 'wasm', choiceReason: 'no_adapter' })
    await engine.engine.stop()
    const broken = createTestEngine({ graph: new Uint8Array(100).fill(7) })
    await expect(broken.engine.load(WHALE, NEVER)).rejects.toMatchObject({ code: 'invalid_graph' })
  })
})
