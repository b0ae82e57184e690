/**
 * What a position tells of its logits, before penalties and bias: the chosen token's, the logarithm of the sum of all
 * exponentials, and the best TOP_SCORES tokens. SCORE_BYTES each, big endian: chosen score i32 ‖ logSumExp i32 ‖
 * TOP_SCORES × (token u32 ‖ score i32), best first, ties by rising token. All scores Q16.16.
 */
import { CodedError } from '../../lib/coded-error.ts'
import { SCORE_BYTES, TOP_SCORES } from '../inference.ts'
import { logOfWeights, weightAt, weightRate } from './exponential.ts'
import { clampLogit, ONE } from './quantize.ts'

const HEAD_BYTES = 8
const ENTRY_BYTES = 8
const RATE = weightRate(ONE)
/** ln of MAX_VOCABULARY is 13.9: no sum is further above its greatest term. */
const MAX_SUM_OVER_BEST = 14 * ONE

export interface TokenScore {
  readonly token: number
  /** Q16.16 logit. */
  readonly score: number
}

export interface PositionScores {
  /** Q16.16 logit of the chosen token. */
  readonly chosen: number
  /** Q16.16, never below the best score. */
  readonly logSumExp: number
  /** TOP_SCORES tokens, best first. */
  readonly top: readonly TokenScore[]
}

/**
 * Writes the scores of one position at `offset` of `out`.
 * @throws CodedError `out_of_range` for fewer than TOP_SCORES logits, a token outside, or no room.
 */
export function writeScores(logitsQ: Int32Array, chosen: number, out: DataView, offset: number): void {
  if (logitsQ.length < TOP_SCORES || chosen >>> 0 !== chosen || chosen >= logitsQ.length) {
    throw new CodedError('out_of_range', `token ${chosen} of ${logitsQ.length}`)
  }
  if (offset < 0 || offset + SCORE_BYTES > out.byteLength) {
    throw new CodedError('out_of_range', 'no room for the scores of a position')
  }
  writeBest(logitsQ, out, offset + HEAD_BYTES)
  out.setInt32(offset, logitsQ[chosen] as number)
  out.setInt32(offset + 4, logSumExp(logitsQ, out.getInt32(offset + HEAD_BYTES + 4)))
}

/**
 * The inverse of writeScores for `positions` positions (as many as the output has tokens).
 * @throws CodedError `invalid_scores` where the length does not fit or the numbers cannot come from logits: entries not in
 * order, a chosen score above the best, a sum below it or too far above.
 */
export function decodeScores(bytes: Uint8Array, positions: number): PositionScores[] {
  if (bytes.length !== positions * SCORE_BYTES) {
    throw new CodedError('invalid_scores', `${bytes.length} bytes for ${positions} positions`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: positions }, (_, position) => readPosition(view, position * SCORE_BYTES))
}

/** ln of the token's probability at temperature 1, a float for people and APIs: nothing is decided by it. */
export function logProbability(score: number, logSumExpQ: number): number {
  return (score - logSumExpQ) / ONE
}

function readPosition(view: DataView, offset: number): PositionScores {
  const chosen = view.getInt32(offset)
  const sum = view.getInt32(offset + 4)
  const top: TokenScore[] = []
  for (let place = 0; place < TOP_SCORES; place++) {
    const at = offset + HEAD_BYTES + place * ENTRY_BYTES
    const entry = { token: view.getUint32(at), score: view.getInt32(at + 4) }
    const last = top.at(-1)
    if (last !== undefined && (last.score < entry.score || (last.score === entry.score && last.token >= entry.token))) {
      throw new CodedError('invalid_scores', 'the best tokens are not in order')
    }
    top.push(entry)
  }
  if (new Set(top.map(({ token }) => token)).size !== TOP_SCORES) {
    throw new CodedError('invalid_scores', 'a token is twice among the best')
  }
  const best = (top[0] as TokenScore).score
  if (chosen > best || sum < clampLogit(best) || sum - best > MAX_SUM_OVER_BEST) {
    throw new CodedError('invalid_scores', 'the chosen score or the sum does not fit the best')
  }
  return { chosen, logSumExp: sum, top }
}

/** Keeps the best in place in `out`. Tokens come in rising order, so an equal score goes behind. */
function writeBest(logitsQ: Int32Array, out: DataView, offset: number): void {
  const lastScore = offset + (TOP_SCORES - 1) * ENTRY_BYTES + 4
  let threshold = 0
  for (let token = 0; token < logitsQ.length; token++) {
    const score = logitsQ[token] as number
    if (token >= TOP_SCORES && score <= threshold) {
      continue
    }
    let place = token < TOP_SCORES ? token : TOP_SCORES - 1
    while (place > 0 && out.getInt32(offset + (place - 1) * ENTRY_BYTES + 4) < score) {
      out.setUint32(offset + place * ENTRY_BYTES, out.getUint32(offset + (place - 1) * ENTRY_BYTES))
      out.setInt32(offset + place * ENTRY_BYTES + 4, out.getInt32(offset + (place - 1) * ENTRY_BYTES + 4))
      place--
    }
    out.setUint32(offset + place * ENTRY_BYTES, token)
    out.setInt32(offset + place * ENTRY_BYTES + 4, score)
    threshold = token < TOP_SCORES - 1 ? threshold : out.getInt32(lastScore)
  }
}

/** Q16.16. Up to 2^20 weights of at most 2^30: the sum is exact. */
function logSumExp(logitsQ: Int32Array, best: number): number {
  let sum = 0
  for (let i = 0; i < logitsQ.length; i++) {
    sum += weightAt(best - (logitsQ[i] as number), RATE)
  }
  return clampLogit(best + logOfWeights(sum))
}
