import type { ModelText } from '../../models/text.ts'

export type OutputEnd = 'end_token' | 'stop_text'

export interface EndDetector {
  /** Takes the next token of the output; says whether the output ends with it. */
  accept(token: number): OutputEnd | undefined
}

/** One rule for those who generate and those who check: an end token, or the token that completes a stop text. */
export function createEndDetector(
  text: Pick<ModelText, 'createStreamDecoder'>,
  eosTokens: readonly number[],
  stop: readonly string[],
): EndDetector {
  const stops = stop.filter((entry) => entry !== '')
  const decoder = stops.length === 0 ? undefined : text.createStreamDecoder()
  const kept = Math.max(0, ...stops.map((entry) => entry.length)) - 1
  let tail = ''
  return {
    accept(token) {
      if (eosTokens.includes(token)) {
        return 'end_token'
      }
      if (decoder === undefined) {
        return undefined
      }
      tail += decoder.push([token])
      if (stops.some((entry) => tail.includes(entry))) {
        return 'stop_text'
      }
      // More than this cannot be the beginning of a stop text.
      tail = kept > 0 ? tail.slice(-kept) : ''
      return undefined
    },
  }
}
