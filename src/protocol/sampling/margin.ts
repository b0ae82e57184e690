/**
 * How far a token is from being the choice, for machines whose logits differ a little (protocol §4). In logits (scores
 * times T), including the noise G. Invariant: where no logit differs by more than ε ≤ TOLERATED_NOISE from the logits on which
 * the token was chosen, the margin is at most 2ε (T > 0 with top-p: for vocabularies up to 200,000).
 *
 * Set boundaries are soft, or a token that rounding moves across one would be infinitely far:
 * - the token counts as outside by its logit distance to the last one of the lenient set (the first k; of these, the
 *   lenient share, nucleus.ts);
 * - a rival counts by the lesser of its lead and its distance to the first one outside the strict set: noise that is enough
 *   to put it outside excuses that it was not chosen.
 * Why 2ε: order statistics move by at most ε. With top-k, the k-th elsewhere is at least the k-th here − ε. With top-p, all tokens
 * that lead the chosen one by more than 2ε preceded it elsewhere, so their share there was below p, so here it is below
 * the lenient share: the lenient set ends at most 2ε above the token. A rival that was outside elsewhere had enough before it
 * within 2ε of itself here, so the strict set ends at most 2ε below it. Else both were compared by score.
 */
import type { SamplingParams } from '../gen/tailrace/v1/work.ts'
import type { Candidates, Cut } from './candidates.ts'
import type { GumbelNoise } from './gumbel.ts'
import { GUMBEL_MAX, gumbelAtMost, gumbelOf } from './gumbel.ts'
import { massLimit, toleratedShares } from './nucleus.ts'
import { MASKED, ONE } from './quantize.ts'

/** Of a token that could not be chosen, and of everything further away: just under 32768.0. */
export const MAX_MARGIN = 0x7fffffff

interface Border {
  /** z of the last one in the lenient set; MASKED where all are in it. */
  last: number
  /** z of the first one outside the strict set; MASKED where none is. */
  outside: number
}

/** Q16.16, rounded up: 0 is the choice, or as good as it. Reads `candidates.z` as adjusted for this position; changes its list. */
export function marginOf(
  params: SamplingParams,
  candidates: Candidates,
  noise: GumbelNoise,
  position: number,
  token: number,
): number {
  candidates.collect()
  const own = candidates.z[token] as number
  if (candidates.count === 0) {
    return token === 0 ? 0 : MAX_MARGIN
  }
  if (own === MASKED) {
    return MAX_MARGIN
  }
  const { temperature } = params
  if (temperature === 0) {
    return atMost((candidates.z[candidates.best] as number) - own)
  }
  const border = findBorder(params, candidates)
  const ownScore = own * ONE + temperature * noise.at(position, token)
  const distance = border.last > own ? (border.last - own) * ONE : 0
  const lead = greatestLead(temperature, candidates, noise, position, ownScore, border.outside, distance)
  return atMost(Math.ceil(lead / ONE))
}

/** Leaves the first k as candidates: rivals are always among them. */
function findBorder({ temperature, topK, topP }: SamplingParams, candidates: Candidates): Border {
  const cut: Cut = { z: 0, ties: 0 }
  const border: Border = { last: MASKED, outside: MASKED }
  if (topK > 0 && topK < candidates.count) {
    candidates.weighEqually()
    candidates.cutAt(topK, cut)
    border.last = cut.z
    border.outside = candidates.outside(cut)
    candidates.keep(cut)
  }
  if (topP < ONE && candidates.count > 1) {
    const shares = toleratedShares(topP, temperature)
    const sum = candidates.weighByMass(temperature)
    if (shares.lenient < ONE) {
      candidates.cutAt(massLimit(sum, shares.lenient), cut)
      border.last = cut.z
    }
    candidates.cutAt(massLimit(sum, shares.strict), cut)
    const outside = candidates.outside(cut)
    border.outside = outside > border.outside ? outside : border.outside
  }
  return border
}

/** The greatest soft lead of a rival in score units (logit · 2^16 · 2^16, below 2^50: exact), `least` where none is greater. */
function greatestLead(
  temperature: number,
  { z, ids, count }: Candidates,
  noise: GumbelNoise,
  position: number,
  ownScore: number,
  outside: number,
  least: number,
): number {
  let greatest = least
  for (let i = 0; i < count; i++) {
    const id = ids[i] as number
    const value = z[id] as number
    const inside = (value - outside) * ONE
    // Neither its place in the set nor the greatest noise would let it lead by more.
    if (inside <= greatest || value * ONE + temperature * GUMBEL_MAX - ownScore <= greatest) {
      continue
    }
    const word = noise.wordAt(position, id)
    if (value * ONE + temperature * gumbelAtMost(word) - ownScore <= greatest) {
      continue
    }
    const lead = value * ONE + temperature * gumbelOf(word) - ownScore
    const soft = lead < inside ? lead : inside
    greatest = soft > greatest ? soft : greatest
  }
  return greatest
}

function atMost(margin: number): number {
  return margin < MAX_MARGIN ? margin : MAX_MARGIN
}
