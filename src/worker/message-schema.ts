import { CodedError } from '../lib/coded-error.ts'

/**
 * Decoders with bounds for messages that cross a thread: one declaration gives the type and the check. A decoder copies
 * what it accepts, so unknown fields never travel on. Every refusal is CodedError `invalid_message` with the field's path.
 */
export interface Decoder<T> {
  decode(value: unknown, path: string): T
}

/** The type that a decoder yields. */
export type Decoded<D> = D extends Decoder<infer T> ? T : never

type Fields = Readonly<Record<string, Decoder<unknown>>>

type OptionalKeys<F extends Fields> = { [K in keyof F]: undefined extends Decoded<F[K]> ? K : never }[keyof F]

export type RecordOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Decoded<F[K]>
} & { readonly [K in OptionalKeys<F>]?: Exclude<Decoded<F[K]>, undefined> }

function refuse(path: string, expected: string): never {
  throw new CodedError('invalid_message', `${path}: expected ${expected}`, { fields: { path } })
}

export function record<F extends Fields>(fields: F): Decoder<RecordOf<F>> {
  return {
    decode(value, path) {
      if (typeof value !== 'object' || value === null) {
        refuse(path, 'an object')
      }
      const source = value as Readonly<Record<string, unknown>>
      const out: Record<string, unknown> = {}
      for (const [name, decoder] of Object.entries(fields)) {
        const decoded = decoder.decode(source[name], `${path}.${name}`)
        if (decoded !== undefined) {
          out[name] = decoded
        }
      }
      return out as RecordOf<F>
    },
  }
}

export function optional<T>(inner: Decoder<T>): Decoder<T | undefined> {
  return { decode: (value, path) => (value === undefined ? undefined : inner.decode(value, path)) }
}

export function list<T>(item: Decoder<T>, maxItems: number): Decoder<readonly T[]> {
  return {
    decode(value, path) {
      if (!Array.isArray(value) || value.length > maxItems) {
        refuse(path, `at most ${maxItems} items`)
      }
      return value.map((entry: unknown, index) => item.decode(entry, `${path}[${index}]`))
    },
  }
}

export function oneOf<const T extends string>(...allowed: readonly T[]): Decoder<T> {
  return {
    decode: (value, path) => allowed.find((entry) => entry === value) ?? refuse(path, `one of ${allowed.join(', ')}`),
  }
}

/** A string of at most `maxLength` UTF-16 units. */
export function text(maxLength: number): Decoder<string> {
  return {
    decode: (value, path) =>
      typeof value === 'string' && value.length <= maxLength ? value : refuse(path, `text of at most ${maxLength}`),
  }
}

/** A byte string of exactly `length` bytes; the copy owns its buffer. */
export function bytes(length: number): Decoder<Uint8Array> {
  return {
    decode: (value, path) =>
      value instanceof Uint8Array && value.length === length ? value.slice() : refuse(path, `${length} bytes`),
  }
}

export function integer(min: number, max: number): Decoder<number> {
  return {
    decode: (value, path) =>
      Number.isInteger(value) && (value as number) >= min && (value as number) <= max
        ? (value as number)
        : refuse(path, `an integer from ${min} to ${max}`),
  }
}

/** At most `maxItems` integers; the copy is a plain array. */
export function integers(min: number, max: number, maxItems: number): Decoder<readonly number[]> {
  const isAllowed = (item: unknown): boolean =>
    Number.isInteger(item) && (item as number) >= min && (item as number) <= max
  return {
    decode: (value, path) =>
      Array.isArray(value) && value.length <= maxItems && value.every(isAllowed)
        ? (value.slice() as number[])
        : refuse(path, `at most ${maxItems} integers from ${min} to ${max}`),
  }
}

/** A byte string of at most `maxLength` bytes; the copy owns its buffer. */
export function bytesUpTo(maxLength: number): Decoder<Uint8Array> {
  return {
    decode: (value, path) =>
      value instanceof Uint8Array && value.length <= maxLength
        ? value.slice()
        : refuse(path, `at most ${maxLength} bytes`),
  }
}

/** At most `maxItems` signed 32-bit integers; the copy owns its buffer. */
export function int32s(maxItems: number): Decoder<Int32Array> {
  return {
    decode: (value, path) =>
      value instanceof Int32Array && value.length <= maxItems
        ? value.slice()
        : refuse(path, `at most ${maxItems} 32-bit integers`),
  }
}

/** A finite number ≥ 0: rates only, never money or consensus. */
export const rate: Decoder<number> = {
  decode: (value, path) =>
    typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : refuse(path, 'a number from 0'),
}

export const flag: Decoder<boolean> = {
  decode: (value, path) => (typeof value === 'boolean' ? value : refuse(path, 'a boolean')),
}

/** Unsigned 64-bit integer. */
export const u64: Decoder<bigint> = {
  decode: (value, path) =>
    typeof value === 'bigint' && value >= 0n && value >> 64n === 0n
      ? value
      : refuse(path, 'an unsigned 64-bit integer'),
}
