import { expect, test } from 'vitest'
import { samplingOf } from '../../../test/support/inference/whale-model.ts'
import { readVectors } from '../../../test/support/vectors.ts'
import { FinishReason } from '../gen/tailrace/v1/work.ts'
import type { ScoreResult } from '../inference.ts'
import { SCORE_BYTES } from '../inference.ts'
import type { ReceiptClaim } from './judge.ts'
import { judgeReceipt } from './judge.ts'
import { orderHash, promptHash, requestHash } from './order.ts'
import { scoresHash, tokensHash } from './receipt.ts'

interface VectorScores {
  readonly chosen: number
  readonly logSumExp: number
  readonly top: readonly (readonly [token: number, score: number])[]
}

interface VectorCase {
  readonly numericClass: string
  readonly finish: 'stop' | 'length' | 'cancelled'
  readonly ending: ScoreResult['ending']
  readonly promptTokens: number
  readonly outputTokens: number
  readonly maxTokens: number
  readonly positions: readonly { claimed: VectorScores; own: VectorScores; margin: number }[]
  readonly expected: { readonly valid: boolean; readonly maxMargin: number; readonly softMargins: number }
}

const FINISHES = {
  stop: FinishReason.FINISH_REASON_STOP,
  length: FinishReason.FINISH_REASON_LENGTH,
  cancelled: FinishReason.FINISH_REASON_CANCELLED,
}

const { cases, contextTokens } = readVectors<{ cases: readonly VectorCase[]; contextTokens: number }>('judgement')

test('agrees with the second implementation', () => {
  expect(cases.filter(({ expected }) => expected.valid).length).toBeGreaterThan(20)
  for (const [index, vector] of cases.entries()) {
    const { valid, maxMargin, softMargins } = judgeReceipt(claimOf(vector), passOf(vector))
    expect({ index, valid, maxMargin, softMargins }).toEqual({ index, ...vector.expected })
  }
})

function claimOf({ numericClass, finish, promptTokens, outputTokens, maxTokens, positions }: VectorCase): ReceiptClaim {
  const prompt = Array.from({ length: promptTokens }, () => 1)
  const output = positions.map((_, position) => position)
  const scores = bytesOf(positions.map(({ claimed }) => claimed))
  const request = { model: 'm', maxTokens, sampling: samplingOf(), stop: [], choice: 0 }
  const order = {
    chainId: 'tailrace-test-1',
    payer: new Uint8Array(20),
    sequence: 1n,
    total: 1n,
    model: 'm',
    promptHash: promptHash(prompt),
    requestHash: requestHash(request),
    promptTokens,
    maxTokens,
    price: 1n,
    maxPrice: 1n,
    height: 1n,
    expiryHeight: 2n,
    constraints: undefined,
    gatewayPeer: '',
  }
  const receipt = {
    orderHash: orderHash(order),
    executor: new Uint8Array(20),
    promptTokens,
    outputTokens,
    tokensHash: tokensHash(output),
    scoresHash: scoresHash(scores),
    startHeight: 1n,
    endHeight: 1n,
    price: 1n,
    finish: FINISHES[finish],
    skipped: [],
    numericClass,
  }
  return { order, receipt, data: { orderHash: orderHash(order), request, prompt, output, scores }, contextTokens }
}

function passOf({ positions, ending, numericClass }: VectorCase): ScoreResult {
  const margins = Int32Array.from(positions, ({ margin }) => margin)
  return { numericClass, scores: bytesOf(positions.map(({ own }) => own)), margins, ending }
}

function bytesOf(positions: readonly VectorScores[]): Uint8Array {
  const bytes = new Uint8Array(positions.length * SCORE_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [position, { chosen, logSumExp, top }] of positions.entries()) {
    const numbers = [chosen, logSumExp, ...top.flat()]
    for (const [place, number] of numbers.entries()) {
      view.setInt32(position * SCORE_BYTES + 4 * place, number)
    }
  }
  return bytes
}
