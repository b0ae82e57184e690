import { beforeAll, describe, expect, test } from 'vitest'
import { roundToFourBits } from '../../../test/support/cheats/four-bit-model.ts'
import type { ToyOptions, ToyOutput } from '../../../test/support/checking/toy-inference.ts'
import { createToyInference, TOY_CONTEXT, toyGenerate } from '../../../test/support/checking/toy-inference.ts'
import { createTestEngine, generateAll, NEVER } from '../../../test/support/inference/test-engine.ts'
import { samplingOf, WHALE } from '../../../test/support/inference/whale-model.ts'
import type { InferenceRequest, Order, Receipt, SamplingParams } from '../gen/tailrace/v1/work.ts'
import { FinishReason, Ruling } from '../gen/tailrace/v1/work.ts'
import type { InferencePort, ScoreJob } from '../inference.ts'
import { SCORE_BYTES } from '../inference.ts'
import { MAX_MARGIN } from '../sampling/margin.ts'
import { writeScores } from '../sampling/scores.ts'
import { NUMERIC_CLASSES } from './classes.ts'
import type { OwnPass, ReceiptClaim } from './judge.ts'
import { judgeReceipt, ownScoresHash, rulingOf, workDataMismatch } from './judge.ts'
import { orderHash, promptHash, requestHash, samplingSeed } from './order.ts'
import { scoresHash, tokensHash } from './receipt.ts'

const { hardMargin, softMargin } = NUMERIC_CLASSES['fp32-wasm']
const { FINISH_REASON_STOP: STOP, FINISH_REASON_LENGTH: LENGTH, FINISH_REASON_CANCELLED: CANCELLED } = FinishReason
const MODEL = 'toy'
const EXECUTOR = new Uint8Array(20).fill(3)

interface Setup {
  readonly maxTokens?: number
  readonly stop?: readonly string[]
  readonly sampling?: Partial<SamplingParams>
  readonly prompt?: readonly number[]
  readonly toy?: ToyOptions
  /** What the executor says that came out. */
  readonly bend?: (output: ToyOutput) => ToyOutput
  readonly order?: Partial<Order>
  readonly receipt?: Partial<Receipt>
}

function requestOf({ maxTokens = 16, stop = [], sampling = {} }: Setup): InferenceRequest {
  return {
    model: MODEL,
    maxTokens,
    sampling: { ...samplingOf({ temperature: 1 }), ...sampling },
    stop: [...stop],
    choice: 0,
  }
}

function orderOf(request: InferenceRequest, prompt: readonly number[], bent: Partial<Order> = {}): Order {
  return {
    chainId: 'tailrace-test-1',
    payer: new Uint8Array(20).fill(1),
    sequence: 1n,
    total: 100n,
    model: request.model,
    promptHash: promptHash(prompt),
    requestHash: requestHash(request),
    promptTokens: prompt.length,
    maxTokens: request.maxTokens,
    price: 1_000_000n,
    maxPrice: 100n,
    height: 5n,
    expiryHeight: 100n,
    constraints: undefined,
    gatewayPeer: 'gateway',
    ...bent,
  }
}

/** What an executor stands for that says this of its output. Hashes are right unless bent. */
function claimOf(
  request: InferenceRequest,
  order: Order,
  prompt: readonly number[],
  said: ToyOutput,
  bent: Partial<Receipt> = {},
): ReceiptClaim {
  const { tokens, scores, finish } = said
  const receipt: Receipt = {
    orderHash: orderHash(order),
    executor: EXECUTOR,
    promptTokens: prompt.length,
    outputTokens: tokens.length,
    tokensHash: tokensHash(tokens),
    scoresHash: scoresHash(scores),
    startHeight: 6n,
    endHeight: 7n,
    price: 20n,
    finish: finish === 'stop' ? STOP : LENGTH,
    skipped: [],
    numericClass: 'fp32-wasm',
    ...bent,
  }
  const data = { orderHash: orderHash(order), request, prompt: [...prompt], output: [...tokens], scores }
  return { order, receipt, data, contextTokens: TOY_CONTEXT }
}

function claim(setup: Setup = {}): ReceiptClaim {
  const prompt = setup.prompt ?? [7, 2, 9]
  const request = requestOf(setup)
  const order = orderOf(request, prompt, setup.order)
  const output = toyGenerate({ ...jobOf(request, order), prompt, maxTokens: request.maxTokens }, setup.toy)
  return claimOf(request, order, prompt, setup.bend?.(output) ?? output, setup.receipt)
}

function jobOf(request: InferenceRequest, order: Order): Omit<ScoreJob, 'prompt' | 'output' | 'engine'> {
  const { model, choice, stop, sampling = samplingOf() } = request
  return { model, choice, stop, sampling, samplingSeed: samplingSeed(request, orderHash(order)) }
}

async function passOf(
  made: ReceiptClaim,
  port: Pick<InferencePort, 'score'>,
  engine: ScoreJob['engine'] = 'own',
): Promise<OwnPass> {
  const { data, order } = made
  const job = jobOf(data.request as InferenceRequest, order)
  return port.score({ ...job, prompt: data.prompt, output: data.output, engine }, NEVER)
}

async function judged(setup: Setup = {}, toy: ToyOptions = {}): Promise<ReturnType<typeof judgeReceipt>> {
  const made = claim(setup)
  return judgeReceipt(made, await passOf(made, createToyInference(toy)))
}

/** Adds to a number of one position: `at` 0 is the chosen score, 1 the sum, 2 … the best tokens and their scores in turn. */
function bendScores(output: ToyOutput, position: number, at: number, by: number): ToyOutput {
  const scores = output.scores.slice()
  const view = new DataView(scores.buffer)
  const offset = position * SCORE_BYTES + 4 * at
  view.setInt32(offset, view.getInt32(offset) + by)
  return { ...output, scores }
}

describe('an honest receipt', () => {
  test.each<[string, Setup]>([
    ['with noise', {}],
    ['greedy', { sampling: { temperature: 0 } }],
    [
      'with every parameter',
      {
        sampling: {
          topK: 8,
          topP: 60_000,
          frequencyPenalty: 20_000,
          presencePenalty: -9_000,
          logitBias: [{ token: 5, bias: 70_000 }],
        },
      },
    ],
    ['that fills the context', { maxTokens: 1_000, sampling: { logitBias: [{ token: 0, bias: -6_000_000 }] } }],
    ['of one token', { maxTokens: 1 }],
  ])('%s is valid on the same numbers, without a margin', async (_name, setup) => {
    const made = claim(setup)
    const own = await passOf(made, createToyInference())
    expect(judgeReceipt(made, own)).toEqual({
      valid: true,
      maxMargin: 0,
      softMargins: 0,
      scoresHash: ownScoresHash(own),
      reasons: [],
    })
    expect(ownScoresHash(own)).toEqual(made.receipt.scoresHash)
  })

  test('is within 2ε where logits differ by ε', async () => {
    for (const noise of [1, 10, 60]) {
      for (let noiseSeed = 1; noiseSeed <= 5; noiseSeed++) {
        const { valid, maxMargin, softMargins } = await judged({ maxTokens: 40 }, { noise, noiseSeed })
        expect(valid).toBe(true)
        expect(maxMargin).toBeGreaterThan(0)
        expect(maxMargin).toBeLessThanOrEqual(2 * noise)
        expect(softMargins > 0).toBe(noise > softMargin)
      }
    }
  })

  test('may name near-ties in another order, but no other tokens', () => {
    const own = [90_000, 89_990, 70_000, 60_000, 50_000, 40_000, 30_000]
    const judgeScores = (claimed: readonly number[]) => {
      const scores = scoresOf(claimed)
      const made = claim({ maxTokens: 1, bend: (output) => ({ ...output, scores }) })
      const pass = { numericClass: '', scores: scoresOf(own), margins: Int32Array.of(0), ending: 'open' as const }
      return judgeReceipt(made, pass)
    }
    expect(judgeScores(own)).toMatchObject({ valid: true, maxMargin: 0 })
    expect(judgeScores(own.map((score, at) => score + (at % 2 === 0 ? -10 : 10)))).toMatchObject({
      valid: true,
      maxMargin: 10,
    })
    // The numbers of every place are right, but the third is said of a token that is not among the best.
    const stranger = [90_000, 89_990, 40_000, 60_000, 50_000, 30_000, 70_000]
    expect(judgeScores(stranger)).toMatchObject({ valid: false, maxMargin: 20_000, reasons: ['deviation'] })
    // And of one that is among them, with another number.
    const swapped = [90_000, 89_990, 60_000, 70_000, 50_000, 40_000, 30_000]
    expect(judgeScores(swapped)).toMatchObject({ valid: false, maxMargin: 10_000, reasons: ['deviation'] })
  })
})

describe('a false receipt', () => {
  test('of another model fails by far', async () => {
    const { valid, maxMargin, softMargins, reasons } = await judged({ toy: { weights: 2 } })
    expect(valid).toBe(false)
    expect(maxMargin).toBeGreaterThan(100 * hardMargin)
    expect(maxMargin).toBeLessThan(MAX_MARGIN)
    expect(softMargins).toBeGreaterThan(8)
    expect(reasons).toEqual(['deviation'])
  })

  test('with one altered token fails', async () => {
    const altered = await judged({
      bend: (output) => ({
        ...output,
        tokens: output.tokens.map((token, at) => (at === 5 ? (token % 63) + 1 : token)),
      }),
    })
    expect(altered).toMatchObject({ valid: false, reasons: ['deviation'] })
  })

  test('that is right in its tokens and has the scores of another model fails by the differences', async () => {
    const other = createToyInference({ weights: 2 })
    const honest = claim()
    const scores = ((await passOf(honest, other)) as Exclude<OwnPass, string>).scores
    const own = await passOf(honest, createToyInference())
    const made = {
      ...honest,
      data: { ...honest.data, scores },
      receipt: { ...honest.receipt, scoresHash: scoresHash(scores) },
    }
    expect(judgeReceipt(made, own)).toMatchObject({ valid: false, reasons: ['deviation'] })
    expect(judgeReceipt(honest, own)).toMatchObject({ valid: true })
  })

  test.each([
    ['the chosen score', 0, -1],
    ['the sum', 1, 1],
    ['the first of the best', 3, 1],
    ['the last of the best', 11, -1],
  ])('with %s off by the hard limit passes, by one more it fails', async (_name, at, sign) => {
    const within = await judged({ bend: (output) => bendScores(output, 2, at, sign * hardMargin) })
    expect(within).toMatchObject({ valid: true, maxMargin: hardMargin, softMargins: 1 })
    const above = await judged({ bend: (output) => bendScores(output, 2, at, sign * (hardMargin + 1)) })
    expect(above).toMatchObject({ valid: false, maxMargin: hardMargin + 1, reasons: ['deviation'] })
  })

  test.each<[string, Setup, string]>([
    ['stopped early, called STOP', { bend: (output) => cut(output, 4, 'stop') }, 'finish_unfounded'],
    ['stopped early, called LENGTH', { bend: (output) => cut(output, 4, 'length') }, 'finish_unfounded'],
    ['nothing at all, called STOP', { bend: (output) => cut(output, 0, 'stop') }, 'finish_unfounded'],
    ['an end called LENGTH', { stop: ['a', 'e', 'i', 'o'], receipt: { finish: LENGTH } }, 'finish_unfounded'],
    ['an unknown finish', { receipt: { finish: FinishReason.FINISH_REASON_UNSPECIFIED } }, 'finish_unfounded'],
    ['more prompt tokens', { receipt: { promptTokens: 4 } }, 'prompt_count'],
    [
      'more prompt tokens, in the order too',
      { order: { promptTokens: 4 }, receipt: { promptTokens: 4 } },
      'prompt_count',
    ],
    ['more output tokens', { receipt: { outputTokens: 17 } }, 'output_count'],
    ['another order', { receipt: { orderHash: new Uint8Array(32) } }, 'order_hash'],
    ['a request for another length', { order: { maxTokens: 15 } }, 'request_mismatch'],
    ['a request for another model', { order: { model: 'other' } }, 'request_mismatch'],
    ['other tokens', { receipt: { tokensHash: new Uint8Array(32) } }, 'tokens_hash'],
    ['other scores', { receipt: { scoresHash: new Uint8Array(32) } }, 'scores_hash'],
    ['another prompt', { order: { promptHash: new Uint8Array(32) } }, 'prompt_hash'],
    ['another request', { order: { requestHash: new Uint8Array(32) } }, 'request_hash'],
    ['an unknown class', { receipt: { numericClass: 'int2-abacus' } }, 'unknown_class'],
    [
      'scores of a missing position',
      { bend: (output) => ({ ...output, scores: output.scores.slice(48) }) },
      'scores_malformed',
    ],
    ['scores that no engine writes', { bend: (output) => bendScores(output, 0, 0, 9_000_000) }, 'scores_malformed'],
  ])('%s: no rounding explains it', async (_name, setup, reason) => {
    const { valid, maxMargin, reasons } = await judged(setup)
    expect(valid).toBe(false)
    expect(maxMargin).toBe(MAX_MARGIN)
    expect(reasons).toContain(reason)
  })

  test('that goes on behind its end fails there', async () => {
    const stop = ['a', 'e', 'i', 'o', 'u']
    const ended = claim({ stop })
    expect(ended.receipt.finish).toBe(STOP)
    const { data } = claim({
      stop,
      bend: (output) => ({ ...output, tokens: [...output.tokens, 1], scores: padded(output) }),
    })
    const made = claim({
      stop,
      bend: (output) => ({ ...output, tokens: [...output.tokens, 1], scores: padded(output) }),
    })
    expect(data.output).toHaveLength(ended.data.output.length + 1)
    const own = await passOf(made, createToyInference())
    expect(judgeReceipt(made, own)).toMatchObject({ valid: false, maxMargin: MAX_MARGIN, reasons: ['deviation'] })
  })

  test('of tokens that the model does not have cannot be computed: equal for all, with the hash of no scores', () => {
    const made = claim({ bend: (output) => ({ ...output, tokens: output.tokens.map(() => 9_999) }) })
    const judgement = judgeReceipt(made, 'not_computable')
    expect(judgement).toMatchObject({
      valid: false,
      maxMargin: MAX_MARGIN,
      softMargins: 0,
      reasons: ['not_computable'],
    })
    expect(judgement.scoresHash).toEqual(scoresHash(new Uint8Array(0)))
  })
})

describe('a cancelled receipt', () => {
  test.each([0, 1, 7])('may end after any token: %d', async (tokens) => {
    const { valid, maxMargin } = await judged({
      bend: (output) => cut(output, tokens, 'length'),
      receipt: { finish: CANCELLED },
    })
    expect({ valid, maxMargin }).toEqual({ valid: true, maxMargin: 0 })
  })

  test('with the ending one too; but its tokens are checked like all', async () => {
    await expect(judged({ stop: ['a', 'e', 'i'], receipt: { finish: CANCELLED } })).resolves.toMatchObject({
      valid: true,
    })
    await expect(judged({ toy: { weights: 2 }, receipt: { finish: CANCELLED } })).resolves.toMatchObject({
      valid: false,
    })
  })
})

describe('rulings and data', () => {
  test('arbiters with equal engines rule in equal bytes', async () => {
    const made = claim({ toy: { weights: 2 } })
    const rulings = await Promise.all(
      [createToyInference({ noise: 5 }), createToyInference({ noise: 9 })].map(async (port) =>
        Ruling.encode(rulingOf(judgeReceipt(made, await passOf(made, port, 'reference')))).finish(),
      ),
    )
    expect(rulings[0]).toEqual(rulings[1])
  })

  test('data is the receipt’s or it is nothing; scores may come later', () => {
    const made = claim()
    const { data } = made
    expect(workDataMismatch(made, data, 'work_and_scores')).toBeUndefined()
    const bare = { ...data, scores: new Uint8Array(0) }
    expect(workDataMismatch(made, bare, 'work')).toBeUndefined()
    expect(workDataMismatch(made, bare, 'work_and_scores')).toBe('scores_hash')
    expect(workDataMismatch(made, { ...data, output: [...data.output, 1] }, 'work')).toBe(
      'scores do not fit the output',
    )
    expect(workDataMismatch(made, { ...bare, output: [...data.output, 1] }, 'work')).toBe('tokens_hash')
    expect(workDataMismatch(made, { ...data, prompt: [] }, 'work')).toBe('prompt_hash')
    expect(workDataMismatch(made, { ...data, orderHash: new Uint8Array(32) }, 'work')).toBe('order_hash')
  })

  test('an own pass that does not fit the output is a defect, not a judgement', async () => {
    const made = claim()
    const own = (await passOf(made, createToyInference())) as Exclude<OwnPass, string>
    expect(() => judgeReceipt(made, { ...own, margins: own.margins.slice(1) })).toThrow('margins')
    expect(() => judgeReceipt(made, { ...own, scores: own.scores.slice(48) })).toThrow('bytes')
  })
})

describe('the built-in model', () => {
  const honest = createTestEngine()
  const cheap = createTestEngine({ graph: roundToFourBits(honest.whale.graph) })
  const prompt = honest.whale.text.encode('The whale rose out of the sea and')
  let request: InferenceRequest
  beforeAll(() => {
    request = { model: WHALE, maxTokens: 24, sampling: samplingOf({ temperature: 0.8 }), stop: [], choice: 0 }
    return async () => {
      await honest.engine.stop()
      await cheap.engine.stop()
    }
  })

  async function judgedWork(executor: InferencePort): Promise<ReturnType<typeof judgeReceipt>> {
    const order = orderOf(request, prompt)
    const job = { ...jobOf(request, order), prompt, maxTokens: request.maxTokens }
    const { tokens, scores, finish } = await generateAll(executor, job)
    const made = claimOf(request, order, prompt, {
      tokens: [...tokens],
      scores,
      finish: finish === 'stop' ? 'stop' : 'length',
    })
    return judgeReceipt(made, await passOf(made, honest.engine, 'reference'))
  }

  test('is valid by the reference engine, and with weights of 4 bits it is not', async () => {
    await expect(judgedWork(honest.engine)).resolves.toMatchObject({ valid: true, softMargins: 0, reasons: [] })
    const { valid, maxMargin, softMargins } = await judgedWork(cheap.engine)
    expect(valid).toBe(false)
    expect(maxMargin).toBeGreaterThan(4 * hardMargin)
    expect(softMargins).toBeGreaterThan(12)
  })
})

/** Of one position on these logits, where the first token was chosen. */
function scoresOf(logits: readonly number[]): Uint8Array {
  const scores = new Uint8Array(SCORE_BYTES)
  writeScores(Int32Array.from(logits), 0, new DataView(scores.buffer), 0)
  return scores
}

function cut(output: ToyOutput, tokens: number, finish: ToyOutput['finish']): ToyOutput {
  return { tokens: output.tokens.slice(0, tokens), scores: output.scores.slice(0, tokens * SCORE_BYTES), finish }
}

/** The scores of the last position once more. */
function padded({ scores }: ToyOutput): Uint8Array {
  return Uint8Array.of(...scores, ...scores.slice(-SCORE_BYTES))
}
