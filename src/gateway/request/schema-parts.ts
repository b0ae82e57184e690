/**
 * Building blocks of the request schemas, and the way from the first thing wrong to an error that names its field. Null means
 * absent, as OpenAI's clients send it.
 */
import { z } from 'zod'
import type { CodedError } from '../../lib/coded-error.ts'
import { parameterError } from '../errors.ts'
import { GATEWAY_LIMITS } from '../limits.ts'

/** A list of at most `max` items; the length is checked before the items. */
export function boundedList<T extends z.ZodType>(item: T, max: number): z.ZodType<readonly z.output<T>[]> {
  const short = z.custom<readonly unknown[]>((value) => Array.isArray(value), {
    error: 'Expected a list.',
    abort: true,
  })
  return short
    .refine((value) => value.length <= max, { error: `At most ${max} items.`, abort: true })
    .pipe(z.array(item).readonly()) as unknown as z.ZodType<readonly z.output<T>[]>
}

/** A field of OpenAI's API that this network does not have: only values that ask for nothing pass. */
export function unsupportedUnless(isHarmless: (value: unknown) => boolean): z.ZodOptional<z.ZodUnknown> {
  return z
    .unknown()
    .refine(isHarmless, { error: 'Not supported by this network.', params: { code: 'unsupported_parameter' } })
    .optional()
}

export function unsupported(): z.ZodOptional<z.ZodUnknown> {
  return unsupportedUnless(() => false)
}

export function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** A function for `unsupportedUnless` that lets exactly these values pass. */
export function isOneOf(...values: readonly unknown[]): (value: unknown) => boolean {
  return (value) => values.includes(value)
}

export const shortText = z.string().max(GATEWAY_LIMITS.shortTextCharacters)

/** An object whose inside does not matter. */
export const anyObject = z.custom<object>((value) => isRecord(value), { error: 'Expected an object.' })

/** More fields than any request or message has: among so many is one that nobody knows, which is all there is to say. */
const MOST_FIELDS = 64

/** The object without its null fields (and without those after MOST_FIELDS), or the value itself where it is no object. */
export function withoutNulls(value: unknown): unknown {
  if (!isRecord(value)) {
    return value
  }
  const kept: [string, unknown][] = []
  for (const field in value) {
    if (kept.length === MOST_FIELDS) {
      break
    }
    if (value[field] !== null) {
      kept.push([field, value[field]])
    }
  }
  return Object.fromEntries(kept)
}

/**
 * `at`: where the value stands in the request.
 * @throws CodedError `missing_required_parameter`, `unknown_parameter`, `unsupported_parameter`, `invalid_type`, `invalid_value`
 */
export function parseWith<T extends z.ZodType>(schema: T, value: unknown, at: Path = []): z.output<T> {
  const parsed = verdictOf(schema, value)
  if (parsed?.success === true) {
    return parsed.data
  }
  throw errorOfIssue(parsed?.error.issues[0], value, at)
}

/** Undefined where the library throws instead (lib/schema-verdict.ts); its issues are needed whole here. */
function verdictOf<T extends z.ZodType>(schema: T, value: unknown): z.ZodSafeParseResult<z.output<T>> | undefined {
  try {
    return schema.safeParse(value)
  } catch {
    // A value whose length cannot become a number.
    return undefined
  }
}

type Path = readonly PropertyKey[]

function errorOfIssue(issue: z.core.$ZodIssue | undefined, value: unknown, at: Path): CodedError {
  if (issue === undefined) {
    return parameterError('invalid_value', '', 'The request is not valid.')
  }
  if (issue.code === 'unrecognized_keys') {
    const param = shown(paramOf([...at, ...issue.path, issue.keys[0] ?? '']))
    return parameterError('unknown_parameter', param, `Unknown parameter: '${param}'.`)
  }
  const { path, isMissing } = locate(value, issue.path)
  const param = shown(paramOf([...at, ...path]))
  if (param === '') {
    return parameterError('invalid_type', param, 'The body must be a JSON object.')
  }
  const code: unknown = issue.code === 'custom' ? issue.params?.code : undefined
  if (code === 'unsupported_parameter') {
    return parameterError(code, param, `Unsupported parameter: '${param}' is not supported by this network.`)
  }
  if (isMissing) {
    return parameterError('missing_required_parameter', param, `Missing required parameter: '${param}'.`)
  }
  const kind = issue.code === 'invalid_type' ? 'invalid_type' : 'invalid_value'
  return parameterError(
    kind,
    param,
    `Invalid ${kind === 'invalid_type' ? 'type' : 'value'} for '${param}': ${issue.message}`,
  )
}

/** `messages[2].content`, as OpenAI writes it. */
function paramOf(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
    .join('')
}

/** Field names come from the client: short and well-formed. */
function shown(param: string): string {
  return param.length <= 128 ? param.toWellFormed() : `${param.slice(0, 128).toWellFormed()}…`
}

/** The part of the path that the client sent (a text in place of a list ends it), and whether it ends in nothing. */
function locate(value: unknown, path: Path): { path: Path; isMissing: boolean } {
  let here: unknown = value
  for (const [depth, part] of path.entries()) {
    if (here === undefined || here === null || typeof here !== 'object') {
      return { path: path.slice(0, depth), isMissing: here === undefined || here === null }
    }
    here = Object.hasOwn(here, part) ? (here as Record<PropertyKey, unknown>)[part] : undefined
  }
  return { path, isMissing: here === undefined || here === null }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
