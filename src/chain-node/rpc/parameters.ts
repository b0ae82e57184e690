/**
 * Parameters of RPC methods. Each kind reads the JSON form (POST, WebSocket) and the URI form (GET), as CometBFT defines them:
 * integers as strings or numbers, byte strings as base64 in JSON and as 0x… or a quoted text in a URI.
 */
import { z } from 'zod'
import { fromHex } from '../../lib/bytes.ts'
import { schemaVerdict } from '../../lib/schema-verdict.ts'
import { TX_LIMITS } from '../../protocol/tx.ts'
import { bytesFromBase64, toBase64 } from '../base64.ts'
import { RpcError } from './json-rpc.ts'

export interface Parameter<T> {
  readonly schema: z.ZodType<T>
  /** The JSON form of what stands in a URI. */
  readonly fromUri: (text: string) => unknown
}

type Shape = Readonly<Record<string, Parameter<unknown>>>
export type Arguments<S extends Shape> = { readonly [Name in keyof S]: S[Name] extends Parameter<infer T> ? T : never }

const MAX_BASE64 = 2 * TX_LIMITS.bytes
const MAX_HEX = 4 * TX_LIMITS.bytes

/** CometBFT reads an empty or absent value as the zero value. */
const absent = (value: unknown): unknown => (value === null || value === '' ? undefined : value)

function coded<T>(read: (text: string) => T) {
  return (text: string, context: z.RefinementCtx): T => {
    try {
      return read(text)
    } catch {
      // The reader's error says no more than this does.
      context.addIssue('cannot be decoded')
      return z.NEVER
    }
  }
}

const integerSchema = z
  .union([z.int(), z.string().regex(/^-?[0-9]{1,15}$/)])
  .transform(Number)
  .pipe(z.int())

export const text: Parameter<string> = {
  schema: z.string().max(4_096),
  fromUri: unquote,
}

export const optionalText: Parameter<string | undefined> = {
  schema: z.preprocess(absent, z.string().max(4_096).optional()),
  fromUri: unquote,
}

export const optionalInteger: Parameter<number | undefined> = {
  schema: z.preprocess(absent, integerSchema.optional()),
  fromUri: unquote,
}

export const flag: Parameter<boolean> = {
  schema: z.preprocess(
    (value) => (value === 'true' ? true : value === 'false' ? false : absent(value)),
    z.boolean().default(false),
  ),
  fromUri: unquote,
}

/** A byte string: base64 in JSON. */
export const bytes: Parameter<Uint8Array> = {
  schema: z.string().max(MAX_BASE64).transform(coded(bytesFromBase64)),
  fromUri: (uri) => toBase64(uri.startsWith('0x') ? uriHex(uri) : new Uint8Array(Buffer.from(unquote(uri)))),
}

/** A byte string: hex in JSON (CometBFT's HexBytes). */
export const hexBytes: Parameter<Uint8Array> = {
  schema: z.preprocess(
    (value) => value ?? '',
    z
      .string()
      .max(MAX_HEX)
      .transform((value) => (value.startsWith('0x') ? value.slice(2) : value))
      .transform(coded(fromHex)),
  ),
  fromUri: unquote,
}

/** @throws RpcError `params` */
export function decodeArguments<S extends Shape>(
  shape: S,
  params: Readonly<Record<string, unknown>> | readonly unknown[],
): Arguments<S> {
  const names = Object.keys(shape)
  const decoded: Record<string, unknown> = {}
  names.forEach((name, index) => {
    const value = isList(params) ? params[index] : Object.hasOwn(params, name) ? params[name] : undefined
    const result = schemaVerdict((shape[name] as Parameter<unknown>).schema, value)
    if (!result.success) {
      throw new RpcError('params', `${name}: ${result.error.issues[0]?.message ?? 'invalid'}`)
    }
    decoded[name] = result.data
  })
  return decoded as Arguments<S>
}

/** The JSON form of a GET's parameters. Unknown names are left out. @throws RpcError `params` */
export function paramsFromUri(shape: Shape, query: URLSearchParams): Record<string, unknown> {
  const params: Record<string, unknown> = {}
  for (const [name, parameter] of Object.entries(shape)) {
    const value = query.get(name)
    if (value !== null) {
      params[name] = parameter.fromUri(value)
    }
  }
  return params
}

function isList(params: Readonly<Record<string, unknown>> | readonly unknown[]): params is readonly unknown[] {
  return Array.isArray(params)
}

function unquote(uri: string): string {
  return uri.length >= 2 && uri.startsWith('"') && uri.endsWith('"') ? uri.slice(1, -1) : uri
}

function uriHex(uri: string): Uint8Array {
  try {
    return fromHex(uri.slice(2))
  } catch {
    throw new RpcError('params', 'not hexadecimal')
  }
}
