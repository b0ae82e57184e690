/** What a web server's answer to a request for bytes means. Only status and headers are read here. */
import type { ByteRange } from './ports.ts'

export type HubAnswer =
  | { readonly hasBytes: true /** Bytes of the body before the range. */; readonly skipBytes: number }
  | {
      readonly hasBytes: false
      readonly message: string
      readonly status: number
      /** The same request may succeed later. */
      readonly isPassing: boolean
      /** Ask once more, for the whole file. */
      readonly rangeRefused: boolean
      readonly retryAfterMs: number | undefined
    }

/** Timeouts, early data, too many requests, and everything that says the server is at fault. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

export function judgeAnswer(
  response: { readonly status: number; readonly headers: { get(name: string): string | null } },
  range: ByteRange,
  asksRange: boolean,
  nowMs: number,
): HubAnswer {
  const { status, headers } = response
  const refused = (message: string, rangeRefused = false): HubAnswer => ({
    hasBytes: false,
    message,
    status,
    isPassing: rangeRefused,
    rangeRefused,
    retryAfterMs: undefined,
  })
  if (PASSING.has(status)) {
    const retryAfterMs = parseRetryAfter(headers.get('retry-after'), nowMs)
    return {
      hasBytes: false,
      message: `answered ${status}`,
      status,
      isPassing: true,
      rangeRefused: false,
      retryAfterMs,
    }
  }
  const isCompressed = !['', 'identity'].includes(headers.get('content-encoding') ?? '')
  if (status === 200) {
    // Also the answer of a server that knows no ranges: the body is the whole file.
    const length = headers.get('content-length')
    return isCompressed || length === null || Number(length) === range.fileBytes
      ? { hasBytes: true, skipBytes: range.offset }
      : refused(`the file has ${length.slice(0, 20)} bytes, the manifest says ${range.fileBytes}`)
  }
  if (status === 206 && asksRange && !isCompressed) {
    return fitsRange(headers.get('content-range'), range)
      ? { hasBytes: true, skipBytes: 0 }
      : refused('answered with another range than asked', true)
  }
  if ((status === 206 || status === 416) && asksRange) {
    return refused(`answered ${status} to a range`, true)
  }
  return refused(`answered ${status}`)
}

/** Browsers hide the header from other origins unless the server shows it; the hash of the bytes then decides alone. */
function fitsRange(header: string | null, range: ByteRange): boolean {
  if (header === null) {
    return true
  }
  const [, first, , total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header) ?? []
  return Number(first) === range.offset && (total === '*' || Number(total) === range.fileBytes)
}

/** Seconds or an HTTP date; undefined where there is none or it makes no sense. */
function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) {
    return undefined
  }
  const waitMs = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined
}
