/**
 * The tab's end of the compute lease: takes the requests of the host, runs them on the tab's own compute, sends the replies
 * back one after another (so that finds keep their order and a slow host slows the replies, not the memory). Invariant: when
 * the lease ends, everything it started is aborted.
 */

import { toHex } from '../lib/bytes.ts'
import { CodedError, errorCode, errorMessage } from '../lib/coded-error.ts'
import type { AbortSignalLike, Clock } from '../lib/runtime.ts'
import type { ComputePort, RaceProgress } from '../protocol/compute.ts'
import type { GeneratedTokens, InferencePort } from '../protocol/inference.ts'
import { SCORE_BYTES } from '../protocol/inference.ts'
import { decodeCheckJob, decodeRaceJob, encodeDeviceReport } from './compute-codec.ts'
import type { ComputeJobWire, ComputeReply, LeaseEvent, ReplyOutcome } from './wires/compute-wire.ts'
import { MAX_REPLY_FINDS } from './wires/compute-wire.ts'
import { decodeGenerateJob, decodeScoreJob, encodeReport, encodeScored, TAB_LIMITS } from './wires/inference-wire.ts'

/** How the lease ended. `ended`: the host closed the channel or the connection went. */
export type LeaseEnd = 'held_elsewhere' | 'revoked' | 'ended'

/** The two procedures of the contract that this needs. */
export interface LeaseChannel {
  lease(
    input: { clientId: string; force: boolean },
    options: { signal: AbortSignal },
  ): Promise<AsyncIterable<LeaseEvent>>
  reply(input: { leaseId: string; requestId: number; reply: ComputeReply }): Promise<{ outcome: ReplyOutcome }>
}

export interface ServeLeaseComponents {
  readonly channel: LeaseChannel
  readonly compute: ComputePort
  /** Serves models in this tab. */
  readonly inference: InferencePort
  readonly clock: Clock
  /** Called once the lease is this tab's. */
  readonly onGranted: () => void
}

export interface ServeLeaseOptions {
  readonly clientId: string
  readonly force: boolean
  /** Longest silence about a request that runs. */
  readonly workingIntervalMs: number
}

/** Holds the lease until it ends. Rejects only with what the channel itself throws. */
export async function serveLease(
  components: ServeLeaseComponents,
  options: ServeLeaseOptions,
  signal: AbortSignal,
): Promise<LeaseEnd> {
  const over = new AbortController()
  const end = () => over.abort(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  const running = new Map<number, AbortController>()
  let leaseId = ''
  try {
    const { clientId, force } = options
    for await (const event of await components.channel.lease({ clientId, force }, { signal: over.signal })) {
      switch (event.type) {
        case 'granted':
          leaseId = event.leaseId
          components.onGranted()
          break
        case 'held_elsewhere':
        case 'revoked':
          return event.type
        case 'cancel':
          running.get(event.requestId)?.abort(new CodedError('aborted', 'the host cancelled'))
          break
        case 'request': {
          const job = new AbortController()
          running.set(event.requestId, job)
          const sender = new ReplySender(components, leaseId, event.requestId, job)
          void runRequest(components, options, event.request, sender, job.signal).finally(() => {
            running.delete(event.requestId)
            job.abort()
          })
        }
      }
    }
    return 'ended'
  } finally {
    signal.removeEventListener('abort', end)
    over.abort()
    for (const job of running.values()) {
      job.abort(new CodedError('aborted', 'the lease ended'))
    }
  }
}

async function runRequest(
  components: ServeLeaseComponents,
  options: ServeLeaseOptions,
  request: ComputeJobWire,
  sender: ReplySender,
  signal: AbortSignal,
): Promise<void> {
  void sayWorking(components.clock, options.workingIntervalMs, sender, signal)
  try {
    sender.finish(await answer(components, request, sender, signal))
  } catch (error) {
    const code = signal.aborted ? 'aborted' : errorCode(error)
    sender.finish({ type: 'failed', error: { code, message: errorMessage(error).slice(0, 1_024), ...fieldsOf(error) } })
  }
  await sender.drained()
}

/** What the sentence about it needs, within the contract's bounds. */
function fieldsOf(error: unknown): { fields?: Record<string, string | number | boolean> } {
  const entries = error instanceof CodedError ? Object.entries(error.fields).slice(0, 8) : []
  const cut = entries.map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, 256) : value] as const)
  return cut.length === 0 ? {} : { fields: Object.fromEntries(cut) }
}

async function answer(
  { compute, inference }: Pick<ServeLeaseComponents, 'compute' | 'inference'>,
  request: ComputeJobWire,
  sender: ReplySender,
  signal: AbortSignal,
): Promise<ComputeReply> {
  switch (request.kind) {
    case 'probe':
      return { type: 'probe_report', report: encodeDeviceReport(await compute.probe(signal)) }
    case 'check': {
      const digests = await compute.check(decodeCheckJob(request.job), signal)
      return { type: 'digests', digests: digests.map(toHex) }
    }
    case 'find_one':
      return { type: 'find', nonce: (await compute.findOne(decodeRaceJob(request.job), signal)).toString() }
    case 'race': {
      const listener = {
        onFinds: (nonces: readonly bigint[]) => sender.finds(nonces),
        onProgress: (progress: RaceProgress) => sender.progress(progress),
        onNotice: (code: string) => sender.notice(code),
      }
      return { type: 'race_done', progress: await compute.race(decodeRaceJob(request.job), listener, signal) }
    }
    case 'load_model':
      return { type: 'model_report', report: encodeReport(await inference.load(request.model, signal)) }
    case 'generate': {
      const listener = { onTokens: (chunk: GeneratedTokens) => sender.tokens(chunk) }
      const { finish, outputTokens } = await inference.generate(decodeGenerateJob(request.job), listener, signal)
      return { type: 'generated', finish, outputTokens }
    }
    case 'score':
      return { type: 'scored', ...encodeScored(await inference.score(decodeScoreJob(request.job), signal)) }
  }
}

async function sayWorking(
  clock: Clock,
  intervalMs: number,
  sender: ReplySender,
  signal: AbortSignalLike,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(intervalMs, signal).catch(() => undefined)
    if (!signal.aborted) {
      sender.working()
    }
  }
}

const MAX_WAITING_NOTICES = 16

/** Sends the replies of one request in order, one in flight; what waits is merged, so it stays small. */
class ReplySender {
  readonly #components: ServeLeaseComponents
  readonly #leaseId: string
  readonly #requestId: number
  readonly #job: AbortController
  #finds: bigint[] = []
  #notices: string[] = []
  #tokens: ComputeReply[] = []
  #progress: RaceProgress | undefined
  #isWorking = false
  #last: ComputeReply | undefined
  #isSending = false
  #sent: Promise<void> = Promise.resolve()

  constructor(components: ServeLeaseComponents, leaseId: string, requestId: number, job: AbortController) {
    this.#components = components
    this.#leaseId = leaseId
    this.#requestId = requestId
    this.#job = job
  }

  finds(nonces: readonly bigint[]): void {
    this.#finds.push(...nonces)
    this.#wake()
  }

  progress(progress: RaceProgress): void {
    this.#progress = progress
    this.#wake()
  }

  /** Resolves when the host took them: the worker is never ahead of who reads. */
  tokens({ tokens, scores }: GeneratedTokens): Promise<void> {
    for (let from = 0; from < tokens.length; from += TAB_LIMITS.chunkTokens) {
      const part = tokens.slice(from, from + TAB_LIMITS.chunkTokens)
      const bytes = scores.subarray(from * SCORE_BYTES, (from + part.length) * SCORE_BYTES)
      this.#tokens.push({ type: 'tokens', tokens: [...part], scores: toHex(bytes) })
    }
    this.#wake()
    return this.drained()
  }

  notice(code: string): void {
    if (this.#notices.length < MAX_WAITING_NOTICES) {
      this.#notices.push(code)
    }
    this.#wake()
  }

  working(): void {
    this.#isWorking = true
    this.#wake()
  }

  /** The last reply; nothing is sent after it. */
  finish(reply: ComputeReply): void {
    this.#last ??= reply
    this.#wake()
  }

  async drained(): Promise<void> {
    while (this.#isSending) {
      await this.#sent
    }
  }

  #wake(): void {
    if (!this.#isSending) {
      this.#isSending = true
      this.#sent = this.#send()
    }
  }

  async #send(): Promise<void> {
    for (let reply = this.#next(); reply !== undefined; reply = this.#next()) {
      try {
        const input = { leaseId: this.#leaseId, requestId: this.#requestId, reply }
        const { outcome } = await this.#components.channel.reply(input)
        if (outcome !== 'accepted') {
          this.#giveUp(outcome)
        }
      } catch (error) {
        this.#giveUp(errorCode(error))
      }
    }
    this.#isSending = false
  }

  /** Finds first, the end last. */
  #next(): ComputeReply | undefined {
    if (this.#finds.length > 0) {
      return { type: 'race_finds', nonces: this.#finds.splice(0, MAX_REPLY_FINDS).map(String) }
    }
    const tokens = this.#tokens.shift()
    if (tokens !== undefined) {
      return tokens
    }
    const code = this.#notices.shift()
    if (code !== undefined) {
      return { type: 'race_notice', code }
    }
    if (this.#progress !== undefined) {
      const progress = this.#progress
      this.#progress = undefined
      return { type: 'race_progress', progress }
    }
    if (this.#last !== undefined) {
      const last = this.#last
      this.#last = undefined
      this.#isWorking = false
      return last
    }
    const isWorking = this.#isWorking
    this.#isWorking = false
    return isWorking ? { type: 'working' } : undefined
  }

  /** Nobody listens to this request any more. */
  #giveUp(reason: string): void {
    this.#finds = []
    this.#tokens = []
    this.#notices = []
    this.#progress = undefined
    this.#last = undefined
    this.#isWorking = false
    this.#job.abort(new CodedError('aborted', 'the host no longer listens', { fields: { reason } }))
  }
}
