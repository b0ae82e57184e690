/** Amounts for people. Exact: the text is cut and grouped, never computed with floats. */
import { DISPLAY_DECIMALS } from '../../protocol/params.ts'

/** U+202F, so that a grouped number never breaks over a line. */
const GROUP = '\u202f'

export interface Amount {
  readonly whole: string
  /** Always six digits, so that a column of amounts lines up and does not jump. */
  readonly fraction: string
}

/** utail in decimal → TAIL, split at the point. */
export function splitTail(utail: string): Amount {
  const digits = utail.padStart(DISPLAY_DECIMALS + 1, '0')
  return { whole: group(digits.slice(0, -DISPLAY_DECIMALS)), fraction: digits.slice(-DISPLAY_DECIMALS) }
}

/** utail in decimal → `1 234.567890`. */
export function formatTail(utail: string): string {
  const { whole, fraction } = splitTail(utail)
  return `${whole}.${fraction}`
}

/** The same without zeros at the end, for sentences: `62`, `0.5`. */
export function formatTailShort(utail: string): string {
  const { whole, fraction } = splitTail(utail)
  const rest = fraction.replace(/0+$/, '')
  return rest === '' ? whole : `${whole}.${rest}`
}

/** A count with groups of three. */
export function formatCount(count: number): string {
  return group(String(Math.trunc(count)))
}

const SCALES = ['', ' k', ' M', ' G', ' T', ' P', ' E', ' Z', ' Y']

/** A decimal integer of any length in three figures: `1.28 G`, beyond yotta as `1.28 × 10²⁷`. */
export function formatLarge(digits: string): string {
  if (digits.length <= 4) {
    return group(digits)
  }
  const scale = Math.floor((digits.length - 1) / 3)
  const name = SCALES[scale]
  const lead = name === undefined ? 1 : digits.length - 3 * scale
  const figures = digits.slice(0, 3)
  const number = lead >= 3 ? figures : `${figures.slice(0, lead)}.${figures.slice(lead)}`
  return name === undefined ? `${number} × 10${superscript(digits.length - 1)}` : number + name
}

/** Attempts a second: three figures. */
export function formatRate(perSecond: number): string {
  if (perSecond >= 10_000) {
    return formatLarge(String(Math.round(perSecond)))
  }
  return perSecond >= 100 ? formatCount(Math.round(perSecond)) : perSecond.toFixed(perSecond >= 10 ? 1 : 2)
}

/** Parts per million → percent: `62 %`, `0.4 %`, `< 0.1 %`. */
export function formatShare(ppm: number): string {
  const space = '\u00a0'
  if (ppm === 0 || ppm >= 100_000) {
    return `${Math.round(ppm / 10_000)}${space}%`
  }
  return ppm < 1_000 ? `<${space}0.1${space}%` : `${(ppm / 10_000).toFixed(1)}${space}%`
}

/** `tail1q9v…2ufg7h`. */
export function shortAddress(address: string): string {
  return address.length <= 18 ? address : `${address.slice(0, 10)}…${address.slice(-6)}`
}

/** Bytes in binary units. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let value = bytes
  let unit = 0
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, GROUP)
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

function superscript(value: number): string {
  return [...String(value)].map((digit) => SUPERSCRIPTS[Number(digit)] ?? '').join('')
}
