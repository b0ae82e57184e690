/** Arguments of `npm start -- --check`. */
import { parseArgs } from 'node:util'

export const CHEATS = [
  'forged-find',
  'lazy-verifier',
  'wrong-model',
  'withheld-opening',
  'padded-batch',
  'lying-verifier',
] as const
export type CheatKind = (typeof CHEATS)[number]

/** These are not convicted: what they kept back is refunded and taken once more. */
export function isWithholding(cheat: CheatKind | undefined): boolean {
  return cheat === 'withheld-opening' || cheat === 'padded-batch'
}

export interface CheckArguments {
  readonly cheat: CheatKind | undefined
  readonly hold: boolean
  /** Folder for pictures of the screen at each phase. */
  readonly pictures: string | undefined
}

/** @throws Error with a sentence that names the argument. */
export function parseCheckArguments(argv: readonly string[]): CheckArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      check: { type: 'boolean' },
      cheat: { type: 'string' },
      hold: { type: 'boolean' },
      pictures: { type: 'string' },
      yes: { type: 'boolean' },
    },
  })
  const cheat = CHEATS.find((kind) => kind === values.cheat)
  if (values.cheat !== undefined && cheat === undefined) {
    throw new Error(`--cheat takes one of ${CHEATS.join(', ')}`)
  }
  return { cheat, hold: values.hold === true, pictures: values.pictures }
}
