/**
 * A request body as JSON, within bounds: media type, bytes (of one body and of all that are being read), UTF-8, nesting. The
 * nesting is counted before the parser runs, so that no body reaches the parser's stack.
 */
import { CodedError } from '../../lib/coded-error.ts'
import { GATEWAY_LIMITS } from '../limits.ts'

/** Bytes that may be held by all bodies being read at one moment. */
export class BodyBudget {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  /** False where there is no room. */
  take(bytes: number): boolean {
    if (bytes > this.#left) {
      return false
    }
    this.#left -= bytes
    return true
  }

  give(bytes: number): void {
    this.#left += bytes
  }
}

export interface JsonBody {
  readonly value: unknown
  /** The body's text: for numbers that a double cannot hold. */
  readonly text: string
}

/** @throws CodedError `unsupported_media_type`, `body_too_large`, `overloaded`, `invalid_json`, `json_too_deep` */
export async function readJsonBody(request: Request, budget: BodyBudget): Promise<JsonBody> {
  checkMediaType(request.headers)
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > GATEWAY_LIMITS.bodyBytes) {
    throw tooLarge()
  }
  const bytes = await readBytes(request.body, budget)
  const depth = jsonDepth(bytes, GATEWAY_LIMITS.jsonDepth)
  if (depth > GATEWAY_LIMITS.jsonDepth) {
    throw new CodedError('json_too_deep', `The body nests deeper than ${GATEWAY_LIMITS.jsonDepth} levels.`)
  }
  return parse(bytes)
}

/**
 * The exact integer that the body's text gives for `field` of its outermost object. Doubles above 2^53 have lost digits.
 * Undefined where the number is no integer.
 */
export function exactInteger(body: JsonBody, field: string): bigint | undefined {
  const sources = new WeakMap<object, string>()
  const root: unknown = JSON.parse(body.text, function (this: object, key: string, value: unknown, context?: Source) {
    if (key === field && context?.source !== undefined) {
      sources.set(this, context.source)
    }
    return value
  })
  const source = typeof root === 'object' && root !== null ? sources.get(root) : undefined
  if (source !== undefined && /^-?\d{1,40}$/.test(source)) {
    return BigInt(source)
  }
  const value = (body.value as Record<string, unknown>)[field]
  return Number.isInteger(value) ? BigInt(value as number) : undefined
}

/** What JSON.parse hands a reviver beside the value (ECMAScript's "JSON.parse source text access"). */
interface Source {
  readonly source?: string
}

function checkMediaType(headers: Headers): void {
  const type = (headers.get('content-type') ?? '').split(';')
  const essence = (type[0] ?? '').trim().toLowerCase()
  const charset = type.find((part) => part.trim().toLowerCase().startsWith('charset='))
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/i.test(charset.trim())
  if (essence !== 'application/json' || !isUtf8) {
    throw new CodedError('unsupported_media_type', 'The body must be application/json in UTF-8.')
  }
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (encoding.trim().toLowerCase() !== 'identity') {
    throw new CodedError('unsupported_media_type', 'The body must not be compressed.')
  }
}

async function readBytes(body: ReadableStream<Uint8Array> | null, budget: BodyBudget): Promise<Uint8Array> {
  if (body === null) {
    return new Uint8Array(0)
  }
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) {
        return joined(chunks, length)
      }
      if (length + value.length > GATEWAY_LIMITS.bodyBytes) {
        throw tooLarge()
      }
      if (!budget.take(value.length)) {
        throw new CodedError('overloaded', 'too many bodies at one moment')
      }
      length += value.length
      chunks.push(value)
    }
  } catch (error) {
    // What is still to come is of no use; an error of the transport has ended it anyway.
    void reader.cancel().catch(() => undefined)
    throw error instanceof CodedError ? error : new CodedError('aborted', 'the body broke off', { cause: error })
  } finally {
    budget.give(length)
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const only = chunks[0]
  if (chunks.length === 1 && only !== undefined) {
    return only
  }
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Deepest nesting of arrays and objects; stops counting above `limit`. Bytes of UTF-8 above 127 never look like one of these. */
function jsonDepth(bytes: Uint8Array, limit: number): number {
  let depth = 0
  let deepest = 0
  let isInText = false
  for (let index = 0; index < bytes.length && deepest <= limit; index++) {
    const byte = bytes[index] as number
    if (isInText) {
      if (byte === BACKSLASH) {
        index++
      } else if (byte === QUOTE) {
        isInText = false
      }
    } else if (byte === QUOTE) {
      isInText = true
    } else if (byte === 0x5b || byte === 0x7b) {
      depth++
      deepest = depth > deepest ? depth : deepest
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--
    }
  }
  return deepest
}

function parse(bytes: Uint8Array): JsonBody {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { text, value: JSON.parse(text) as unknown }
  } catch (cause) {
    // The parser's message quotes the body: it stays out of the answer.
    throw new CodedError('invalid_json', 'The body is not valid JSON in UTF-8.', { cause })
  }
}

function tooLarge(): CodedError {
  return new CodedError('body_too_large', `The body is longer than ${GATEWAY_LIMITS.bodyBytes} bytes.`)
}
