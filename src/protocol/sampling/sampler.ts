/**
 * Bound sampling (protocol §3): which token follows is a function of logits, parameters and a public seed, so a verifier
 * can ask how far a token is from the one that had to come. Invariant: from Q16.16 logits on there are only integers, so
 * equal logits give equal tokens on every machine. One position, in this order:
 *   penalties   z = logit − frequency · (times output) − presence · [output at all]; the prompt does not count
 *   bias        z = z + bias; after each of both steps z is cut to ±LOGIT_LIMIT
 *   mask        a MASKED logit stays masked: no candidate. Without any candidate the choice is token 0
 *   temperature 0: the candidate with the greatest z, the lowest id among equals, is the choice
 *   top-k       the first k in the order falling z, rising id
 *   top-p       of these, each whose mass before it is below p of the mass of all (weights: exponential.ts)
 *   choice      the greatest z/T + G(seed, choice, position, token), ties to the lowest id (G: gumbel.ts)
 * Scores are compared as z · 2^16 + T · G: the same order, without a division. Second implementation:
 * test/second-implementation/sampling.py. Read next: candidates.ts, margin.ts, scores.ts.
 */
import { CodedError } from '../../lib/coded-error.ts'
import type { SamplingParams } from '../gen/tailrace/v1/work.ts'
import type { Cut } from './candidates.ts'
import { Candidates } from './candidates.ts'
import { GUMBEL_MAX, GumbelNoise, gumbelAtMost, gumbelOf } from './gumbel.ts'
import { marginOf } from './margin.ts'
import { massLimit } from './nucleus.ts'
import { MAX_VOCABULARY, validateSampling } from './parameters.ts'
import { clampLogit, MASKED, ONE } from './quantize.ts'

/** Follows one output token by token. `choose` and `margin` look at the next position and change nothing; `accept` moves on. */
export interface Sampler {
  /** The token that follows on these logits (Q16.16, one for each token of the vocabulary). */
  choose(logitsQ: Int32Array): number
  /** Records the token of this position: for penalties, and as a step to the next position. */
  accept(token: number): void
  /** How far `token` is from being the choice at this position, Q16.16 logits, 0 … MAX_MARGIN; see margin.ts. */
  margin(logitsQ: Int32Array, token: number): number
}

/**
 * @param seed 32 bytes of a hash (work/order.ts: samplingSeed).
 * @throws CodedError `invalid_sampling` for parameters out of bounds, `out_of_range` for seed, choice or vocabulary; the
 * methods throw `out_of_range` for logits of another length or a token outside the vocabulary.
 */
export function createSampler(
  params: SamplingParams,
  seed: Uint8Array,
  choice: number,
  vocabularySize: number,
): Sampler {
  if (!Number.isInteger(vocabularySize) || vocabularySize < 1 || vocabularySize > MAX_VOCABULARY) {
    throw new CodedError('out_of_range', `a vocabulary has 1 to ${MAX_VOCABULARY} tokens`)
  }
  const problem = validateSampling(params, vocabularySize)
  if (problem !== undefined) {
    throw new CodedError('invalid_sampling', problem)
  }
  return new BoundSampler(params, new GumbelNoise(seed, choice), new Candidates(vocabularySize))
}

class BoundSampler implements Sampler {
  readonly #params: SamplingParams
  readonly #noise: GumbelNoise
  readonly #candidates: Candidates
  readonly #timesOutput = new Map<number, number>()
  readonly #cut: Cut = { z: 0, ties: 0 }
  #position = 0

  constructor(params: SamplingParams, noise: GumbelNoise, candidates: Candidates) {
    this.#params = params
    this.#noise = noise
    this.#candidates = candidates
  }

  choose(logitsQ: Int32Array): number {
    const candidates = this.#candidates
    const { temperature, topK, topP } = this.#params
    this.#adjust(logitsQ)
    candidates.collect()
    if (temperature === 0) {
      return candidates.best
    }
    if (topK > 0 && topK < candidates.count) {
      candidates.weighEqually()
      candidates.cutAt(topK, this.#cut)
      candidates.keep(this.#cut)
    }
    if (topP < ONE && candidates.count > 1) {
      candidates.cutAt(massLimit(candidates.weighByMass(temperature), topP), this.#cut)
      candidates.keep(this.#cut)
    }
    return this.#greatestScore(temperature)
  }

  accept(token: number): void {
    this.#checkToken(token)
    this.#timesOutput.set(token, (this.#timesOutput.get(token) ?? 0) + 1)
    this.#position++
  }

  margin(logitsQ: Int32Array, token: number): number {
    this.#checkToken(token)
    this.#adjust(logitsQ)
    return marginOf(this.#params, this.#candidates, this.#noise, this.#position, token)
  }

  #adjust(logitsQ: Int32Array): void {
    const { z } = this.#candidates
    if (logitsQ.length !== z.length) {
      throw new CodedError('out_of_range', `${logitsQ.length} logits for a vocabulary of ${z.length}`)
    }
    z.set(logitsQ)
    const { frequencyPenalty, presencePenalty, logitBias } = this.#params
    if (frequencyPenalty !== 0 || presencePenalty !== 0) {
      for (const [token, times] of this.#timesOutput) {
        // At most 2^17 · 2^31 away from a logit: exact.
        this.#move(token, -frequencyPenalty * times - presencePenalty)
      }
    }
    for (const { token, bias } of logitBias) {
      this.#move(token, bias)
    }
  }

  #move(token: number, by: number): void {
    const { z } = this.#candidates
    const value = z[token] as number
    if (value !== MASKED) {
      z[token] = clampLogit(value + by)
    }
  }

  /** Scores are below 2^31 · 2^16 + 2^17 · 2^21 < 2^48: exact. Begins with the best z, so that most others need no noise. */
  #greatestScore(temperature: number): number {
    const { z, ids, count, best } = this.#candidates
    const noise = this.#noise
    const position = this.#position
    const reach = temperature * GUMBEL_MAX
    let winner = best
    let greatest = (z[best] as number) * ONE + temperature * noise.at(position, best)
    // A candidate below this z cannot reach `greatest` with any noise.
    let least = Math.ceil((greatest - reach) / ONE)
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number
      const value = z[id] as number
      if (value < least) {
        continue
      }
      const word = noise.wordAt(position, id)
      if (value * ONE + temperature * gumbelAtMost(word) < greatest) {
        continue
      }
      const score = value * ONE + temperature * gumbelOf(word)
      if (score > greatest || (score === greatest && id < winner)) {
        winner = id
        greatest = score
        least = Math.ceil((greatest - reach) / ONE)
      }
    }
    return winner
  }

  #checkToken(token: number): void {
    if (token >>> 0 !== token || token >= this.#candidates.z.length) {
      throw new CodedError('out_of_range', 'the token is outside the vocabulary')
    }
  }
}
