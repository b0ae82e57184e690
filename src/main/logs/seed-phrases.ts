/** Finds seed phrases in a text: many words of the list close together, however they are separated, one of them misspelt or not. */

const WINDOW = 6
/** Of a window, so that a phrase with a wrong word goes too. Prose has fewer: its short words are not in the list. */
const LEAST_KNOWN = 5
/** Characters between two words of a phrase: a line break, a number, quotes and a comma. */
const MAX_GAP = 8
const TOKEN = /<[a-z][a-z0-9:-]*>|[A-Za-z]+/g

interface Token {
  readonly start: number
  readonly end: number
  readonly isKnown: boolean
}

export function leaveOutPhrases(text: string, words: ReadonlySet<string>): string {
  const tokens = [...text.matchAll(TOKEN)].map(
    (match): Token => ({
      start: match.index,
      end: match.index + match[0].length,
      isKnown: words.has(match[0].toLowerCase()),
    }),
  )
  let result = ''
  let copied = 0
  for (const [start, end] of phrasesOf(tokens)) {
    result += `${text.slice(copied, start)}<words>`
    copied = end
  }
  return result + text.slice(copied)
}

/** Ranges of the text, in order and apart from each other. */
function phrasesOf(tokens: readonly Token[]): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = []
  for (let first = 0; first + WINDOW <= tokens.length; first++) {
    const window = tokens.slice(first, first + WINDOW)
    const start = window[0]?.start ?? 0
    const end = window.at(-1)?.end ?? 0
    if (window.filter(({ isKnown }) => isKnown).length < LEAST_KNOWN || !isClose(window)) {
      continue
    }
    const last = ranges.at(-1)
    if (last !== undefined && start <= last[1]) {
      last[1] = end
    } else {
      ranges.push([start, end])
    }
  }
  return ranges
}

function isClose(window: readonly Token[]): boolean {
  return window.every((token, index) => {
    const before = window[index - 1]
    return before === undefined || token.start - before.end <= MAX_GAP
  })
}
