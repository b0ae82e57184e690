/** An amount as a person types it, exactly: text to utail, never through a float. */
import { DISPLAY_DECIMALS } from '../../../protocol/params.ts'

export type TailInput = { readonly utail: string } | { readonly fault: string }

const MAX_DIGITS = 39
/** Spaces that stand between groups of three, the one that this screen writes included. */
const GROUPS = /[\s\u00a0\u202f_']/g

/** `12.5` → `12500000`. A comma is refused: it parts thousands for some and decimals for others. */
export function readTail(text: string): TailInput {
  const plain = text.replace(GROUPS, '').replace(/tail$/i, '')
  if (plain === '') {
    return { fault: 'Give an amount.' }
  }
  if (plain.includes(',')) {
    return { fault: 'Write decimals after a point: 12.5' }
  }
  const match = /^(\d*)(?:\.(\d*))?$/.exec(plain)
  if (match === null || plain === '.') {
    return { fault: 'This is no amount.' }
  }
  const [, whole = '', fraction = ''] = match
  if (fraction.length > DISPLAY_DECIMALS) {
    return { fault: `At most ${DISPLAY_DECIMALS} decimals: the smallest unit is 0.000001 TAIL.` }
  }
  if (whole.length + DISPLAY_DECIMALS > MAX_DIGITS) {
    return { fault: 'This is more than there can ever be.' }
  }
  const utail =
    BigInt(whole === '' ? '0' : whole) * 10n ** BigInt(DISPLAY_DECIMALS) +
    BigInt(fraction.padEnd(DISPLAY_DECIMALS, '0'))
  return utail === 0n ? { fault: 'Give more than zero.' } : { utail: utail.toString() }
}
