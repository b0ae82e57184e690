/**
 * Bound sampling: choices per second against a sampler that reads every Gumbel value and sorts the whole vocabulary, on
 * the same logits. Both must choose the same tokens. The scores of a position and a verifier's margin are compared with the choice.
 */
import type { SamplingParams } from '../src/protocol/gen/tailrace/v1/work.ts'
import { sha256 } from '../src/protocol/hash.ts'
import { SCORE_BYTES } from '../src/protocol/inference.ts'
import { weightAt, weightRate } from '../src/protocol/sampling/exponential.ts'
import { GumbelNoise } from '../src/protocol/sampling/gumbel.ts'
import { ONE, quantizeLogits } from '../src/protocol/sampling/quantize.ts'
import { createSampler } from '../src/protocol/sampling/sampler.ts'
import { writeScores } from '../src/protocol/sampling/scores.ts'
import { createRandom, normalLogits, samplingParams } from '../test/support/sampling-logits.ts'
import type { BenchRow } from './row.ts'

const VOCABULARY = 151_936
const POSITIONS = 12
const ROUNDS = 8
const seed = sha256(Uint8Array.of(4))

const SETTINGS: readonly (readonly [string, SamplingParams])[] = [
  ['temperature 0.7', samplingParams({ temperature: 45_875 })],
  ['temperature 1', samplingParams()],
  ['temperature 1, top-p 0.9', samplingParams({ topP: 58_982 })],
  ['temperature 0.7, top-k 40, top-p 0.95', samplingParams({ temperature: 45_875, topK: 40, topP: 62_259 })],
]

export async function run(): Promise<BenchRow[]> {
  const random = createRandom(21)
  const logits = Array.from({ length: POSITIONS }, () => quantizeLogits(normalLogits(random, VOCABULARY, 3)))
  return SETTINGS.flatMap(([name, params]) => compare(name, params, logits))
}

function compare(name: string, params: SamplingParams, logits: readonly Int32Array[]): BenchRow[] {
  const sampler = createSampler(params, seed, 0, VOCABULARY)
  const noise = new GumbelNoise(seed, 0)
  const tokens = logits.map((position) => sampler.choose(position))
  if (logits.some((position, index) => chooseNaively(position, params, noise) !== tokens[index])) {
    throw new Error('the two samplers disagree')
  }
  const scores = new DataView(new ArrayBuffer(SCORE_BYTES))
  const choices = rate(ROUNDS, logits, (position) => sampler.choose(position))
  const naive = rate(1, logits, (position) => chooseNaively(position, params, noise))
  const checks = rate(ROUNDS, logits, (position, index) => sampler.margin(position, tokens[index] as number))
  const written = rate(ROUNDS, logits, (position, index) => writeScores(position, tokens[index] as number, scores, 0))
  const chosen = { label: 'choose', value: choices }
  const row = (what: string, label: string, value: number): BenchRow => ({
    name: `${what}, ${VOCABULARY} tokens, ${name}`,
    variantA: chosen,
    variantB: { label, value },
    unit: 'positions/s',
    ratio: choices / value,
  })
  return [row('sampling', 'full sort', naive), row('sampling', 'margin', checks), row('sampling', 'scores', written)]
}

function rate(
  rounds: number,
  logits: readonly Int32Array[],
  work: (position: Int32Array, index: number) => void,
): number {
  const startMs = performance.now()
  for (let round = 0; round < rounds; round++) {
    logits.forEach(work)
  }
  return (rounds * logits.length * 1_000) / (performance.now() - startMs)
}

function chooseNaively(logits: Int32Array, params: SamplingParams, noise: GumbelNoise): number {
  const order = [...logits.keys()].sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b)
  let kept = params.topK === 0 ? order : order.slice(0, params.topK)
  if (params.topP < ONE) {
    const top = logits[order[0] as number] as number
    const rate = weightRate(params.temperature)
    const weights = kept.map((token) => weightAt(top - (logits[token] as number), rate))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    let before = 0
    const end = weights.findIndex((weight) => {
      const isOutside = BigInt(before) * BigInt(ONE) >= BigInt(params.topP) * BigInt(total)
      before += weight
      return isOutside
    })
    kept = end < 0 ? kept : kept.slice(0, end)
  }
  const scores = kept
    .map((token) => ({ token, score: (logits[token] as number) * ONE + params.temperature * noise.at(0, token) }))
    .sort((a, b) => b.score - a.score || a.token - b.token)
  return scores[0]?.token ?? 0
}
