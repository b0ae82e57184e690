/**
 * A model's files from a hub or any web server with the same paths: `<base>/<path>`, e.g. huggingface.co/<repo>/resolve/<revision>/.
 * Invariant: a read gives the bytes of its range in order or fails; whatever the server does (ignores ranges, redirects, asks to
 * wait, breaks off), it costs a bounded number of requests. The bytes themselves are checked by who reads them.
 * Read next: hub-answer.ts (what an answer means).
 */
import { CodedError, errorMessage } from '../lib/coded-error.ts'
import type { AbortSignalLike, Clock } from '../lib/runtime.ts'
import { followSignal, throwIfAborted, withAbort } from './abort.ts'
import type { HubAnswer } from './hub-answer.ts'
import { judgeAnswer } from './hub-answer.ts'
import type { ByteRange, ModelSource } from './ports.ts'

export interface HubSourceComponents {
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
}

export interface HubSourceOptions {
  /** http or https, ending in `/`: see hubBaseUrl. */
  readonly baseUrl: string
  /** Requests in a row without progress until a read fails (default 5). */
  readonly attempts?: number
  /** Silence on a connection after which it is given up (default 30 s). */
  readonly silenceMs?: number
}

const DEFAULT_ATTEMPTS = 5
const DEFAULT_SILENCE_MS = 30_000
const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 8_000
/** What a server may ask us to wait; beyond, the caller hears of it instead. */
const LONGEST_RETRY_AFTER_MS = 60_000
/** Less than this is no progress: else a server that sends a byte and breaks off would be asked for ever. */
const PROGRESS_BYTES = 256 * 1024

/** Where a hub keeps the files of a repository: name the revision by its commit. @throws CodedError `invalid_hub_address` */
export function hubBaseUrl(hub: string, repository: string, revision: string): string {
  if (!/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(repository) || !/^[\w-][\w.-]*$/.test(revision)) {
    throw new CodedError('invalid_hub_address', 'a repository is owner/name, a revision a commit, tag or branch')
  }
  return checkedBaseUrl(`${hub.replace(/\/+$/, '')}/${repository}/resolve/${revision}/`)
}

/** @throws CodedError `invalid_hub_address` */
export function createHubSource(components: HubSourceComponents, options: HubSourceOptions): ModelSource {
  const baseUrl = checkedBaseUrl(options.baseUrl)
  const attempts = options.attempts ?? DEFAULT_ATTEMPTS
  const request = createRequest(components, options.silenceMs ?? DEFAULT_SILENCE_MS)

  async function* read(
    path: string,
    range: ByteRange,
    signal: AbortSignalLike,
  ): AsyncGenerator<Uint8Array, void, void> {
    const url = baseUrl + path.split('/').map(encodeURIComponent).join('/')
    let received = 0
    let failures = 0
    let mayAskRange = true
    while (received < range.length) {
      throwIfAborted(signal)
      const before = received
      const rest = { ...range, offset: range.offset + received, length: range.length - received }
      let failure: HubFailure = BROKEN_OFF
      try {
        for await (const piece of request(url, rest, mayAskRange, signal)) {
          received += piece.length
          yield piece
        }
        if (received >= range.length) {
          return
        }
      } catch (error) {
        throwIfAborted(signal)
        failure = asFailure(error)
      }
      mayAskRange = mayAskRange && !failure.rangeRefused
      failures = received - before >= PROGRESS_BYTES ? 1 : failures + 1
      await waitOrGiveUp(components.clock, failure, failures, attempts, { path, signal })
    }
  }
  return { read }
}

interface HubFailure {
  readonly message: string
  readonly status: number
  /** The same request may succeed later. */
  readonly isPassing: boolean
  readonly rangeRefused: boolean
  readonly retryAfterMs: number | undefined
}

const BROKEN_OFF: HubFailure = {
  message: 'the connection broke off',
  status: 0,
  isPassing: true,
  rangeRefused: false,
  retryAfterMs: undefined,
}

/** An answer that carries no bytes, thrown inside this file alone. */
class RefusedAnswer extends Error {
  readonly failure: HubFailure

  constructor(failure: HubFailure) {
    super(failure.message)
    this.failure = failure
  }
}

function asFailure(error: unknown): HubFailure {
  return error instanceof RefusedAnswer ? error.failure : { ...BROKEN_OFF, message: errorMessage(error) }
}

async function waitOrGiveUp(
  clock: Clock,
  failure: HubFailure,
  failures: number,
  attempts: number,
  about: { readonly path: string; readonly signal: AbortSignalLike },
): Promise<void> {
  const fields = { file: about.path, status: failure.status }
  if (!failure.isPassing) {
    throw new CodedError('source_mismatch', `the source of ${about.path}: ${failure.message}`, { fields })
  }
  const backoffMs = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS)
  const delayMs = Math.max(backoffMs, failure.retryAfterMs ?? 0)
  if (failures >= attempts || delayMs > LONGEST_RETRY_AFTER_MS) {
    throw new CodedError('source_unavailable', `the source of ${about.path}: ${failure.message}`, {
      fields: { ...fields, ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }) },
    })
  }
  await clock.sleep(failure.rangeRefused ? 0 : delayMs, about.signal)
}

type Request = (
  url: string,
  range: ByteRange,
  mayAskRange: boolean,
  signal: AbortSignalLike,
) => AsyncIterable<Uint8Array>

/** One request: the bytes of the range that its answer gives, perhaps not all. Throws what the network throws, or a RefusedAnswer. */
function createRequest({ fetch, clock }: HubSourceComponents, silenceMs: number): Request {
  return async function* request(url, range, mayAskRange, signal) {
    const { controller, release } = followSignal(signal)
    try {
      const asksRange = mayAskRange && range.length < range.fileBytes
      const last = range.offset + range.length - 1
      const response = await withinSilence(
        clock,
        silenceMs,
        fetch(url, {
          // A compressed range would be a range of other bytes. Browsers set this header themselves and ignore ours.
          headers: { 'accept-encoding': 'identity', ...(asksRange ? { range: `bytes=${range.offset}-${last}` } : {}) },
          signal: controller.signal,
        }),
        signal,
      )
      const answer = judgeAnswer(response, range, asksRange, clock.nowMs())
      if (!answer.hasBytes) {
        throw new RefusedAnswer(answer)
      }
      yield* bodyOf(response, answer, range.length, (work) => withinSilence(clock, silenceMs, work, signal))
    } finally {
      release()
      // Also where the reader has enough: what the server still sends is not wanted.
      controller.abort()
    }
  }
}

async function* bodyOf(
  response: Response,
  answer: Extract<HubAnswer, { hasBytes: true }>,
  length: number,
  within: <T>(work: Promise<T>) => Promise<T>,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = response.body?.getReader()
  let skip = answer.skipBytes
  let rest = length
  while (reader !== undefined && rest > 0) {
    const { done, value } = await within(reader.read())
    if (done) {
      return
    }
    const wanted = value.subarray(Math.min(skip, value.length)).subarray(0, rest)
    skip -= Math.min(skip, value.length)
    rest -= wanted.length
    if (wanted.length > 0) {
      yield wanted
    }
  }
}

/** @throws CodedError `silent` when nothing came in time, or the signal's reason */
async function withinSilence<T>(
  clock: Clock,
  silenceMs: number,
  work: Promise<T>,
  signal: AbortSignalLike,
): Promise<T> {
  const timer = new AbortController()
  const silence = clock.sleep(silenceMs, timer.signal).then(() => {
    throw new CodedError('silent', `nothing came for ${silenceMs} ms`)
  })
  try {
    return await withAbort(Promise.race([work, silence]), signal)
  } finally {
    timer.abort()
  }
}

function checkedBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isFine =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.pathname.endsWith('/') &&
    url.search === '' &&
    url.hash === ''
  if (!isFine || url.username !== '' || url.password !== '') {
    throw new CodedError('invalid_hub_address', 'the address of a hub is http or https and ends in /')
  }
  return url.href
}
