/** Words of a phrase as a person types or pastes them. Which words there are the host knows; this sees what no word can be. */
const MAX_WORDS = 24

/** Split at whatever stands between: spaces, lines, commas, the numbers of a list. */
export function splitWords(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[\s,;.:()\d"'-]+/)
    .filter((word) => word !== '')
    .slice(0, MAX_WORDS + 1)
}

/** Why these cannot be asked about yet; undefined where they can. Positions count from 1. */
export function wordsFault(
  words: readonly string[],
): { readonly text: string; readonly position?: number } | undefined {
  const odd = words.findIndex((word) => !/^[a-z]{3,8}$/.test(word))
  if (odd >= 0) {
    return { text: `Word ${odd + 1} cannot be one: each has three to eight letters from a to z.`, position: odd + 1 }
  }
  if (words.length === 12 || words.length === MAX_WORDS) {
    return undefined
  }
  if (words.length > MAX_WORDS) {
    return { text: 'These are more than 24 words.' }
  }
  return { text: words.length === 0 ? '12 or 24 words.' : `${words.length} so far: 12 or 24 are needed.` }
}
