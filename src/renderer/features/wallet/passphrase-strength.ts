/** How hard a passphrase is to guess, roughly, in words. The host decides what it takes; this is to help while typing. */
import { MIN_PASSPHRASE_CHARACTERS } from '../../../ipc/wires/wallet-wire.ts'

export interface Strength {
  /** 0 nothing yet, 1 too short or too plain, 2 fair, 3 good, 4 strong. */
  readonly level: 0 | 1 | 2 | 3 | 4
  readonly words: string
}

const FAIR_BITS = 45
const GOOD_BITS = 60
const STRONG_BITS = 80

export function passphraseStrength(passphrase: string): Strength {
  if (passphrase === '') {
    return {
      level: 0,
      words: `At least ${MIN_PASSPHRASE_CHARACTERS} characters. Four unrelated words are easy to remember.`,
    }
  }
  const missing = MIN_PASSPHRASE_CHARACTERS - [...passphrase].length
  if (missing > 0) {
    return { level: 1, words: `Too short: ${missing} more ${missing === 1 ? 'character' : 'characters'}.` }
  }
  const bits = guessBits(passphrase)
  if (bits < FAIR_BITS) {
    return { level: 1, words: 'Easy to guess: it repeats itself or has little variety.' }
  }
  if (bits < GOOD_BITS) {
    return { level: 2, words: 'Fair. One more word makes it good.' }
  }
  return bits < STRONG_BITS
    ? { level: 3, words: 'Good.' }
    : { level: 4, words: 'Strong. Write it down too: nobody can bring it back.' }
}

/** Characters that follow from those before them (repeats, runs like abc or 321) count little. */
function guessBits(passphrase: string): number {
  const characters = [...passphrase]
  let counted = 0
  for (const [index, character] of characters.entries()) {
    const step = code(character) - code(characters[index - 1] ?? '')
    const isRepeat = characters.slice(0, index).includes(character)
    counted += Math.abs(step) <= 1 && index > 0 ? 0.2 : isRepeat ? 0.7 : 1
  }
  return counted * Math.log2(varietyOf(passphrase))
}

function varietyOf(passphrase: string): number {
  const kinds: readonly (readonly [RegExp, number])[] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[0-9]/, 10],
    [/[^A-Za-z0-9]/, 20],
  ]
  return kinds.reduce((sum, [pattern, size]) => (pattern.test(passphrase) ? sum + size : sum), 0)
}

function code(character: string): number {
  return character.codePointAt(0) ?? Number.NaN
}
