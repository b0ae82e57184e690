/**
 * Values and JSON texts that nobody should have sent, made from valid ones: at a random place a value of another type, out of every
 * range, too long, too deep or missing; fields twice, fields that nobody knows, names that objects inherit; and text that is no
 * JSON. Made from a seed. What is valid by chance stays in: the one who checks says what a decoder may do with it.
 */

import type { Random } from './bend-bytes.ts'
import { below, pick } from './bend-bytes.ts'

type Fields = Record<string, unknown>

const NUMBERS = [0, -0, -1, 0.5, 1e-9, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e21, 1e308, -1e308, 255.5]
const TEXTS = [
  '',
  ' ',
  '0',
  '-1',
  '1e309',
  '01',
  '0x10',
  'NaN',
  '18446744073709551616',
  '9'.repeat(400),
  '\u0000',
  '\ud800',
  '\u{10ffff}',
  '../../etc/passwd',
  '/'.repeat(300),
  'tail1',
  'ＡＢＣ',
  '__proto__',
  'a'.repeat(5_000),
  '=',
  '\r\n\r\n',
]
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '',
  'x',
  '0',
  'version',
  'a'.repeat(5_000),
]

/** Compared with a number it throws: JSON can say that. */
const NO_NUMBER = { toString: 1, valueOf: 1 }

/** Any value of JSON that stands where another one was expected. */
export function strangeValue(random: Random): unknown {
  switch (below(random, 8)) {
    case 0:
      return pick(random, NUMBERS)
    case 1:
    case 2:
      return pick(random, TEXTS)
    case 3:
      return pick(random, [null, true, false])
    case 4:
      return pick(random, [[], {}, [null], [[]], [{}], { length: 1e9 }, NO_NUMBER, { length: NO_NUMBER }])
    case 5:
      return deep(random, 2 + below(random, 300))
    case 6:
      return copies(random, pick(random, [...NUMBERS, ...TEXTS.slice(0, 12)]))
    default:
      return { [pick(random, NAMES)]: pick(random, NUMBERS) }
  }
}

function deep(random: Random, levels: number): unknown {
  let value: unknown = 1
  const isList = random() < 0.5
  for (let level = 0; level < levels; level++) {
    value = isList ? [value] : { a: value }
  }
  return value
}

/** A copy of the value with one to three wounds. Bytes and other instances are leaves. */
export function bentValue(random: Random, valid: readonly unknown[]): unknown {
  if (below(random, 10) === 0) {
    return strangeValue(random)
  }
  let value = pick(random, valid)
  const wounds = 1 + below(random, 3)
  for (let wound = 0; wound < wounds; wound++) {
    value = wounded(random, value, valid)
  }
  return value
}

function wounded(random: Random, value: unknown, valid: readonly unknown[]): unknown {
  if (Array.isArray(value)) {
    return woundedList(random, value, valid)
  }
  if (!isFields(value)) {
    return woundedLeaf(random, value)
  }
  const names = Object.keys(value)
  const name = names.length === 0 ? 'x' : pick(random, names)
  switch (below(random, 8)) {
    case 0:
      return Object.fromEntries(Object.entries(value).filter(([field]) => field !== name))
    case 1:
      return withField(value, pick(random, NAMES), strangeValue(random))
    case 2:
      return { ...value, [name]: strangeValue(random) }
    case 3: {
      // Two fields change places.
      const other = names.length === 0 ? 'y' : pick(random, names)
      return { ...value, [name]: value[other], [other]: value[name] }
    }
    default:
      return { ...value, [name]: wounded(random, value[name], valid) }
  }
}

function woundedList(random: Random, list: readonly unknown[], valid: readonly unknown[]): unknown {
  if (list.length === 0) {
    return [strangeValue(random)]
  }
  const at = below(random, list.length)
  switch (below(random, 6)) {
    case 0:
      return list.filter((_, index) => index !== at)
    case 1:
      return [...list, list[at]]
    case 2:
      return copies(random, list[at])
    case 3:
      return list.with(at, strangeValue(random))
    default:
      return list.with(at, wounded(random, list[at], valid))
  }
}

function woundedLeaf(random: Random, value: unknown): unknown {
  if (typeof value === 'string' && value.length > 0 && random() < 0.6) {
    const at = below(random, value.length)
    const cut = pick(random, ['', value.slice(at, at + 1).toUpperCase(), '0', ' ', value])
    return `${value.slice(0, at)}${cut}${value.slice(at + 1)}`
  }
  if (typeof value === 'number' && random() < 0.6) {
    return pick(random, [-value, value + 0.5, value * 1e12, value + 1, value - 1, String(value)])
  }
  if (value instanceof Uint8Array && random() < 0.6) {
    return pick(random, [value.slice(1), new Uint8Array(value.length + 1), [...value], value.buffer])
  }
  return strangeValue(random)
}

/** Also `__proto__`, which a literal would not set as a field. */
function withField(value: Fields, name: string, field: unknown): Fields {
  const out: Fields = { ...value }
  Object.defineProperty(out, name, { value: field, enumerable: true, configurable: true, writable: true })
  return out
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/**
 * A copy of the value that has its types still, with one to three leaves or lists at their extremes: what a decoder sees that has no
 * fault but size. Codecs can encode it.
 */
export function stretchedValue(random: Random, valid: readonly unknown[]): unknown {
  let value = pick(random, valid)
  const times = 1 + below(random, 3)
  for (let time = 0; time < times; time++) {
    value = stretched(random, value)
  }
  return value
}

const BIGINTS = [0n, 1n, 2n ** 31n, 2n ** 47n, 2n ** 48n, 2n ** 53n, 2n ** 63n - 1n]
const LENGTHS = [0, 1, 19, 20, 21, 31, 32, 33, 63, 64, 65, 5_000]

function stretched(random: Random, value: unknown): unknown {
  if (Array.isArray(value)) {
    // Of an empty list nobody knows what may stand in it.
    if (value.length === 0) {
      return value
    }
    const at = below(random, value.length)
    return random() < 0.4
      ? pick(random, [[], value.toReversed(), copies(random, value[0])])
      : value.with(at, stretched(random, value[at]))
  }
  if (isFields(value)) {
    const names = Object.keys(value)
    const name = names.length === 0 ? undefined : pick(random, names)
    return name === undefined ? value : { ...value, [name]: stretched(random, value[name]) }
  }
  switch (typeof value) {
    case 'number':
      return pick(random, [0, 1, 2, 255, 65_536, 2 ** 31 - 1])
    case 'bigint':
      return pick(random, BIGINTS)
    case 'string':
      return pick(random, ['', value.slice(1), `${value}x`, 'x'.repeat(pick(random, LENGTHS)), '\u{1f40b}'.repeat(40)])
    case 'boolean':
      return !value
    default:
      return value instanceof Uint8Array ? new Uint8Array(pick(random, LENGTHS)).fill(below(random, 256)) : value
  }
}

/** Few as a rule: the long lists are what takes the time. */
function copies(random: Random, value: unknown): unknown[] {
  return new Array(below(random, below(random, 10) === 0 ? 6_000 : 40)).fill(value)
}

/** Text: three in four are JSON of a bent value, the rest a valid text with a wound in the text itself. */
export function bentText(random: Random, valid: readonly unknown[]): string {
  const turn = below(random, 16)
  if (turn < 12) {
    return textOf(bentValue(random, valid))
  }
  const text = textOf(pick(random, valid))
  const at = below(random, text.length + 1)
  switch (turn) {
    case 12:
      return text.slice(0, at)
    case 13:
      return `${text.slice(0, at)}${pick(random, ['\u0007', '"', '}', '[', '\\u', '\ud800', '1e999', ',,'])}${text.slice(at)}`
    case 14:
      return pick(random, [
        '',
        ' ',
        '\ufeff{}',
        'null',
        '[]',
        '{}{}',
        '"x"',
        `${text}${text}`,
        // JSON.parse has no stack to fall over, but whoever walks the value may.
        `${'['.repeat(below(random, 100_000))}`,
        nestedText(1 + below(random, 8_000)),
      ])
    default:
      return withTwice(random, text)
  }
}

/** The same field twice in the text: the last one counts, wherever it stands. */
function withTwice(random: Random, text: string): string {
  const names = [...text.matchAll(/"([a-zA-Z_]{1,30})":/g)].map(([, name]) => name ?? '')
  const name = names.length === 0 ? 'x' : pick(random, names)
  return text.startsWith('{') ? `{"${name}":${textOf(strangeValue(random))},${text.slice(1)}` : text
}

function nestedText(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
}

function textOf(value: unknown): string {
  return JSON.stringify(value) ?? 'undefined'
}
