import { afterAll, describe, expect, test } from 'vitest'
import { roundToFourBits } from '../../../test/support/cheats/four-bit-model.ts'
import { REFERENCE_CHECK, REFERENCE_SCORES_SHA256 } from '../../../test/support/inference/reference-scores.ts'
import type { TestEngine } from '../../../test/support/inference/test-engine.ts'
import { createTestEngine, generateAll, jobOn, NEVER, scoreJobOf } from '../../../test/support/inference/test-engine.ts'
import { WHALE } from '../../../test/support/inference/whale-model.ts'
import { toHex } from '../../lib/bytes.ts'
import { sha256 } from '../../protocol/hash.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import { MAX_MARGIN } from '../../protocol/sampling/margin.ts'
import { decodeScores } from '../../protocol/sampling/scores.ts'
import { NUMERIC_CLASSES } from '../../protocol/work/classes.ts'

const LIMITS = NUMERIC_CLASSES['fp32-wasm']
const test0 = createTestEngine()
const { engine, whale, ledger } = test0
afterAll(() => engine.stop())

function deferred(): PromiseWithResolvers<void> {
  return Promise.withResolvers<void>()
}

describe('loading', () => {
  test('reports what serves, after a canary that the class allows; a second load is the first one', async () => {
    const report = await engine.load(WHALE, NEVER)
    expect(report).toMatchObject({
      model: WHALE,
      backend: 'wasm',
      numericClass: 'fp32-wasm',
      adapter: 'WASM',
      contextTokens: 256,
      choiceReason: '',
    })
    expect(report.tokensPerSecond).toBeGreaterThan(0)
    expect(report.canaryDifference * 2).toBeLessThanOrEqual(LIMITS.hardMargin)
    expect(await engine.load(WHALE, NEVER)).toBe(report)
    expect(ledger.live).toBe(0)
  })

  test('a load that nobody waits for any more is given up, and the next one begins anew', async () => {
    const aborted = createTestEngine()
    const stop = new AbortController()
    const loading = aborted.engine.load(WHALE, stop.signal)
    stop.abort()
    await expect(loading).rejects.toMatchObject({ code: 'aborted' })
    await expect(aborted.engine.load(WHALE, NEVER)).resolves.toMatchObject({ backend: 'wasm' })
    await aborted.engine.stop()
    await expect(aborted.engine.load(WHALE, NEVER)).rejects.toMatchObject({ code: 'not_started' })
  })
})

describe('generating', () => {
  test('is a function of model, prompt, parameters, seed and choice; scores are those of the logits', async () => {
    const job = jobOn(whale, { temperature: 0.7 })
    const first = await generateAll(engine, job)
    expect(first).toMatchObject({ finish: 'length', outputTokens: 32 })
    expect(await generateAll(engine, job)).toEqual(first)
    expect((await generateAll(engine, { ...job, choice: 1 })).tokens).not.toEqual(first.tokens)
    expect((await generateAll(engine, { ...job, samplingSeed: new Uint8Array(32) })).tokens).not.toEqual(first.tokens)
    const scores = decodeScores(first.scores, 32)
    expect(scores.every(({ chosen, logSumExp }) => chosen < logSumExp)).toBe(true)
    const greedy = await generateAll(engine, jobOn(whale))
    expect(decodeScores(greedy.scores, 32).map(({ top }) => top[0]?.token)).toEqual(greedy.tokens)
  })

  test('two at once take turns and give what each gives alone', async () => {
    const jobs = [1, 2, 3].map((seed) => jobOn(whale, { seed, temperature: 1 }))
    const alone = []
    for (const job of jobs) {
      alone.push(await generateAll(engine, job))
    }
    expect(await Promise.all(jobs.map((job) => generateAll(engine, job)))).toEqual(alone)
  })

  test('ends at the context, at a stop text with the token that completes it, and at an end token', async () => {
    const full = await generateAll(engine, jobOn(whale, { maxTokens: 1_000 }))
    expect(full).toMatchObject({ finish: 'length', outputTokens: 256 - jobOn(whale).prompt.length })
    const text = whale.text.decode(full.tokens)
    const word = text.slice(40, 46)
    const stopped = await generateAll(engine, jobOn(whale, { maxTokens: 1_000, stop: [word] }))
    expect(stopped.finish).toBe('stop')
    expect(stopped.tokens).toEqual(full.tokens.slice(0, stopped.outputTokens))
    expect(whale.text.decode(stopped.tokens)).toContain(word)
    expect(whale.text.decode(stopped.tokens.slice(0, -1))).not.toContain(word)
    const end = whale.manifest.eosTokens[0] as number
    const sampling = { ...jobOn(whale).sampling, logitBias: [{ token: end, bias: 100 * 65_536 }] }
    const ended = await generateAll(engine, { ...jobOn(whale), sampling })
    expect(ended).toMatchObject({ finish: 'stop', tokens: [end] })
    expect(await engine.score(scoreJobOf({ ...jobOn(whale), sampling }, [end], 'own'), NEVER)).toMatchObject({
      ending: 'end_token',
      margins: Int32Array.of(0),
    })
  })

  test('waits for its listener before the next token', async () => {
    const gates = [deferred(), deferred()]
    let reported = 0
    const second = deferred()
    const generating = engine.generate(
      jobOn(whale, { maxTokens: 2 }),
      {
        onTokens: () => {
          reported += 1
          if (reported === 2) {
            second.resolve()
          }
          return gates[reported - 1]?.promise
        },
      },
      NEVER,
    )
    // Another job goes through meanwhile: a slow listener holds no device.
    expect((await generateAll(engine, jobOn(whale, { seed: 5 }))).outputTokens).toBe(32)
    expect(reported).toBe(1)
    gates[0]?.resolve()
    await second.promise
    gates[1]?.resolve()
    expect(await generating).toEqual({ finish: 'length', outputTokens: 2 })
  })

  test('a cancel ends it within one token; what was reported stands', async () => {
    const stop = new AbortController()
    const tokens: number[] = []
    const result = await engine.generate(
      jobOn(whale, { maxTokens: 200 }),
      {
        onTokens: (chunk) => {
          tokens.push(...chunk.tokens)
          if (tokens.length === 5) {
            stop.abort()
          }
        },
      },
      stop.signal,
    )
    expect(result).toEqual({ finish: 'cancelled', outputTokens: 5 })
    expect(tokens).toEqual((await generateAll(engine, jobOn(whale, { maxTokens: 5 }))).tokens)
    expect((await generateAll(engine, jobOn(whale), stop.signal)).finish).toBe('cancelled')
    expect(ledger.live).toBe(0)
  })

  test('a listener that fails ends the job with its error', async () => {
    const onTokens = (): never => {
      throw new Error('the receiver is gone')
    }
    await expect(engine.generate(jobOn(whale), { onTokens }, NEVER)).rejects.toThrow('the receiver is gone')
    expect(ledger.live).toBe(0)
  })
})

describe('bounds', () => {
  test('jobs beyond the queue are refused at once and hurt nobody', async () => {
    const small = createTestEngine({ maxActive: 2, maxWaiting: 1 })
    await small.engine.load(WHALE, NEVER)
    const open = deferred()
    const slow = { onTokens: () => open.promise }
    const job = jobOn(whale, { maxTokens: 3 })
    const jobs = [1, 2, 3].map(() => small.engine.generate(job, slow, NEVER))
    await expect(small.engine.generate(job, slow, NEVER)).rejects.toMatchObject({ code: 'worker_busy' })
    // Checks have a way of their own.
    expect((await small.engine.score(scoreJobOf(job, [5, 6], 'own'), NEVER)).margins).toHaveLength(2)
    open.resolve()
    expect(await Promise.all(jobs)).toEqual([1, 2, 3].map(() => ({ finish: 'length', outputTokens: 3 })))
    await small.engine.stop()
    expect(small.ledger.live).toBe(0)
  })

  test('what the model cannot hold is refused: no prompt, a full context, tokens that it does not have', async () => {
    const job = jobOn(whale)
    const bad = [[], new Array(256).fill(1), [1024], [-1], [1.5]].map((prompt) => ({ ...job, prompt }))
    for (const wrong of bad) {
      await expect(generateAll(engine, wrong)).rejects.toMatchObject({ code: 'invalid_job' })
      await expect(engine.score(scoreJobOf(wrong, [], 'own'), NEVER)).rejects.toMatchObject({ code: 'invalid_job' })
    }
    const output = new Array<number>(257 - job.prompt.length).fill(1)
    await expect(engine.score(scoreJobOf(job, output, 'own'), NEVER)).rejects.toMatchObject({ code: 'invalid_job' })
    const sampling = { ...job.sampling, temperature: 9_000_000 }
    await expect(generateAll(engine, { ...job, sampling })).rejects.toMatchObject({ code: 'invalid_sampling' })
    expect(ledger.live).toBe(0)
  })
})

describe('checking', () => {
  test('honest outputs have margins within the soft limit, at any temperature and on both engines', async () => {
    for (const options of [{}, { temperature: 0.7 }, { temperature: 1, topP: 0.9 }, { temperature: 1, topK: 40 }]) {
      const job = jobOn(whale, { ...options, maxTokens: 60 })
      const output = await generateAll(engine, job)
      for (const who of ['own', 'reference'] as const) {
        const checked = await engine.score(scoreJobOf(job, output.tokens, who), NEVER)
        expect(checked).toMatchObject({ numericClass: 'fp32-wasm', ending: 'open' })
        expect(Math.max(...checked.margins)).toBeLessThanOrEqual(LIMITS.softMargin)
        expect(checked.scores).toHaveLength(60 * SCORE_BYTES)
      }
    }
  })

  test('one altered token, another seed, or 4-bit weights go beyond the hard limit', async () => {
    const job = jobOn(whale, { temperature: 1, maxTokens: 200 })
    const { tokens } = await generateAll(engine, job)
    const worst = async (checked: typeof job, output: readonly number[]): Promise<number> =>
      Math.max(...(await engine.score(scoreJobOf(checked, output, 'reference'), NEVER)).margins)
    expect(await worst(job, tokens)).toBeLessThanOrEqual(LIMITS.softMargin)
    expect(await worst(job, tokens.with(20, ((tokens[20] as number) + 1) % 1024))).toBeGreaterThan(LIMITS.hardMargin)
    expect(await worst({ ...job, samplingSeed: new Uint8Array(32) }, tokens)).toBeGreaterThan(LIMITS.hardMargin)
    const cheat = createTestEngine({ graph: roundToFourBits(whale.graph) })
    for (const temperature of [0, 0.7, 1]) {
      const cheated = jobOn(whale, { temperature, maxTokens: 200 })
      const output = await generateAll(cheat.engine, cheated)
      expect(await worst(cheated, output.tokens)).toBeGreaterThan(LIMITS.hardMargin)
    }
    await cheat.engine.stop()
  })

  test('tokens behind the end have no margin that passes', async () => {
    const job = jobOn(whale, { maxTokens: 60 })
    const { tokens } = await generateAll(engine, job)
    const stop = [whale.text.decode(tokens.slice(8, 10))]
    const short = await generateAll(engine, { ...job, stop })
    const honest = await engine.score(scoreJobOf({ ...job, stop }, short.tokens, 'own'), NEVER)
    expect(honest.ending).toBe('stop_text')
    expect(Math.max(...honest.margins)).toBeLessThanOrEqual(LIMITS.softMargin)
    const padded = await engine.score(scoreJobOf({ ...job, stop }, tokens, 'own'), NEVER)
    expect([...padded.margins.slice(short.outputTokens)]).toEqual(new Array(60 - short.outputTokens).fill(MAX_MARGIN))
  })

  test('an empty output, and a check that is aborted', async () => {
    const empty = await engine.score(scoreJobOf(jobOn(whale), [], 'own'), NEVER)
    expect(empty).toMatchObject({ ending: 'open', margins: new Int32Array(0), scores: new Uint8Array(0) })
    const stop = new AbortController()
    const checking = engine.score(scoreJobOf(jobOn(whale), new Array(200).fill(5), 'own'), stop.signal)
    stop.abort()
    await expect(checking).rejects.toMatchObject({ code: 'aborted' })
    expect(ledger.live).toBe(0)
  })
})

describe('the reference engine', () => {
  test('gives the bytes that are written down, in Node as in the browser', async () => {
    for (let run = 0; run < 2; run++) {
      const { scores, margins } = await engine.score(REFERENCE_CHECK, NEVER)
      expect(toHex(sha256(scores))).toBe(REFERENCE_SCORES_SHA256)
      expect(margins).toHaveLength(150)
    }
  })

  let decoding: TestEngine | undefined
  afterAll(() => decoding?.engine.stop())

  test('gives equal bytes for one token after the other and for all at once, whatever the lengths', async () => {
    decoding = createTestEngine({ serveWith: (_, reference) => [reference] })
    for (const [prompt, maxTokens] of [
      ['Call', 57],
      ['The whale rose out of the sea and', 90],
      ['In the harbor of Nantucket lay the ship, and on her deck the captain stood and looked at the sea', 33],
    ] as const) {
      const job = jobOn(whale, { prompt, maxTokens, temperature: 0.8 })
      const decoded = await generateAll(decoding.engine, job)
      for (const { engine: other } of [decoding, test0]) {
        const checked = await other.score(scoreJobOf(job, decoded.tokens, 'reference'), NEVER)
        expect(checked.scores).toEqual(decoded.scores)
        expect([...checked.margins]).toEqual(new Array(decoded.outputTokens).fill(0))
      }
    }
    expect(decoding.ledger.live).toBe(0)
  })
})
