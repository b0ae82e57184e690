import type { SamplingParams } from '../../src/protocol/gen/tailrace/v1/work.ts'
import { clampLogit, MASKED, ONE } from '../../src/protocol/sampling/quantize.ts'

/** How test/vectors/sampling.json says that the logits of a position are made. */
export interface LogitRecipe {
  readonly start: number
  readonly size: number
  readonly spread: number
  readonly grain: number
  readonly masked: readonly number[]
}

/** Q16.16 logits of one position; `notes` in test/vectors/sampling.json describes the recipe. */
export function generateLogits(recipe: LogitRecipe, position: number): Int32Array {
  const logits = new Int32Array(recipe.size)
  let state = recipe.start + position
  for (let token = 0; token < recipe.size; token++) {
    let sum = 0
    for (let draw = 0; draw < 4; draw++) {
      state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0
      sum += state >>> 16
    }
    const logit = Math.floor(((sum - 131_072) * recipe.spread) / ONE)
    logits[token] = clampLogit(Math.floor(logit / recipe.grain) * recipe.grain)
  }
  for (const token of recipe.masked) {
    logits[token] = MASKED
  }
  return logits
}

export function samplingParams(over: Partial<SamplingParams> = {}): SamplingParams {
  return { temperature: ONE, topK: 0, topP: ONE, frequencyPenalty: 0, presencePenalty: 0, logitBias: [], ...over }
}

/** Uniform in [0, 1), repeatable: a 32-bit xorshift. */
export function createRandom(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** Normally distributed floats, standard deviation `spread`. */
export function normalLogits(random: () => number, size: number, spread: number): Float32Array {
  return Float32Array.from({ length: size }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()))
    return spread * radius * Math.cos(2 * Math.PI * random())
  })
}
