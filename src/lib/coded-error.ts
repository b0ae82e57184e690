/**
 * The one error type. An error is data: a `code` that survives every boundary (worker, IPC, network, RPC), typed `fields`
 * for the reader, and a message for people only. Nobody matches on the message and nobody uses `instanceof` across a
 * boundary: a receiver rebuilds the error with `codedErrorFromJson` and looks at the code.
 */
export type ErrorFields = Readonly<Record<string, string | number | boolean>>

export interface CodedErrorJson {
  readonly code: string
  readonly message: string
  readonly fields?: ErrorFields
}

export class CodedError<Code extends string = string> extends Error {
  readonly code: Code
  readonly fields: ErrorFields

  constructor(code: Code, message: string, options: { fields?: ErrorFields; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CodedError'
    this.code = code
    this.fields = options.fields ?? {}
  }

  toJSON(): CodedErrorJson {
    return { code: this.code, message: this.message, fields: this.fields }
  }
}

/** Rebuilds an error that crossed a boundary; anything that does not look like one becomes code `unknown`. */
export function codedErrorFromJson(value: unknown): CodedError {
  if (typeof value !== 'object' || value === null) {
    return new CodedError('unknown', String(value))
  }
  const { code, message, fields } = value as Partial<CodedErrorJson>
  if (typeof code !== 'string') {
    return new CodedError('unknown', typeof message === 'string' ? message : 'unknown error')
  }
  const text = typeof message === 'string' ? message : code
  return new CodedError(code, text, isErrorFields(fields) ? { fields } : {})
}

/** The code of anything thrown: a coded error's own, `aborted` for an abort, else `unknown`. */
export function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) {
    return 'unknown'
  }
  const { code, name } = error as { code?: unknown; name?: unknown }
  if (name === 'AbortError') {
    return 'aborted'
  }
  return typeof code === 'string' ? code : 'unknown'
}

/** Text of anything thrown, for logs. */
export function errorMessage(error: unknown): string {
  if (error instanceof Error) {
    return error.message
  }
  try {
    return String(error)
  } catch {
    // An object without a text form (no prototype, or a toString that throws): its text is not worth a second error.
    return 'unknown error'
  }
}

function isErrorFields(value: unknown): value is ErrorFields {
  if (typeof value !== 'object' || value === null) {
    return false
  }
  return Object.values(value).every((field) => ['string', 'number', 'boolean'].includes(typeof field))
}
