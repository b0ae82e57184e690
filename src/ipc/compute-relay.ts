/**
 * The host's end of the compute lease: one tab at a time computes, and to the host it looks like its ComputePort and InferencePort. Invariant:
 * every pending request ends — with its result, with the caller's abort, or with `compute_unavailable` as soon as the tab is
 * gone, replaced or silent. A tab's replies are checked here for order and kind, so a confused page cannot confuse the host.
 */
import { toHex } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Rng } from '../lib/runtime.ts'
import type { CheckJob, ComputePort, DeviceReport, RaceJob, RaceListener, RaceProgress } from '../protocol/compute.ts'
import type {
  GenerateJob,
  GenerateListener,
  GenerateResult,
  InferencePort,
  InferenceReport,
  ScoreJob,
  ScoreResult,
} from '../protocol/inference.ts'
import { decodeDeviceReport, encodeCheckJob, encodeRaceJob } from './compute-codec.ts'
import { EventQueue } from './event-queue.ts'
import { modelReader, refuseTooLong, scoreReader, tokensReader } from './inference-readers.ts'
import type { ReplyReader } from './pending-request.ts'
import { PendingRequest } from './pending-request.ts'
import { checkReader, findReader, probeReader, raceReader } from './reply-readers.ts'
import type { LeaseState } from './snapshot.ts'
import type {
  ComputeJobWire,
  ComputeReply,
  LeaseEvent,
  LeaseInput,
  ReplyInput,
  ReplyOutcome,
} from './wires/compute-wire.ts'
import { MAX_CHECK_NONCES } from './wires/compute-wire.ts'
import { encodeGenerateJob, encodeScoreJob } from './wires/inference-wire.ts'

export interface ComputeRelayOptions {
  /** A request is given up after this long without any reply. Hidden tabs may wake once a minute only. */
  readonly silenceTimeoutMs: number
  /** How long an aborted race may take to report its end. */
  readonly cancelTimeoutMs: number
  readonly maxPending: number
}

export const DEFAULT_RELAY_OPTIONS: ComputeRelayOptions = {
  silenceTimeoutMs: 90_000,
  cancelTimeoutMs: 5_000,
  maxPending: 64,
}

interface Lease {
  readonly leaseId: string
  readonly clientId: string
  readonly sinceMs: number
  readonly events: EventQueue<LeaseEvent>
}

export class ComputeRelay implements ComputePort, InferencePort {
  readonly #clock: Clock
  readonly #rng: Rng
  readonly #options: ComputeRelayOptions
  readonly #pending = new Map<number, PendingRequest>()
  readonly #listeners = new Set<(state: LeaseState) => void>()
  #lease: Lease | undefined
  #nextRequestId = 1

  constructor(components: { readonly clock: Clock; readonly rng: Rng }, options: Partial<ComputeRelayOptions> = {}) {
    this.#clock = components.clock
    this.#rng = components.rng
    this.#options = { ...DEFAULT_RELAY_OPTIONS, ...options }
  }

  state(): LeaseState {
    const lease = this.#lease
    return lease === undefined ? { state: 'free' } : { state: 'held', clientId: lease.clientId, sinceMs: lease.sinceMs }
  }

  /** Called after each change of the holder. */
  onLease(listener: (state: LeaseState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves once a tab holds the lease; rejects with the signal's reason. */
  async whenLeased(signal: AbortSignalLike): Promise<void> {
    while (this.#lease === undefined) {
      if (signal.aborted) {
        throw abortReason(signal)
      }
      await new Promise<void>((resolve) => {
        const done = () => {
          unsubscribe()
          signal.removeEventListener('abort', done)
          resolve()
        }
        const unsubscribe = this.onLease(done)
        signal.addEventListener('abort', done, { once: true })
      })
    }
  }

  /** The lease channel of one tab; ends when the tab goes (its signal), is replaced, or does not get the lease. */
  async *lease(input: LeaseInput, signal?: AbortSignalLike): AsyncGenerator<LeaseEvent, void> {
    const held = this.#lease
    if (held !== undefined && held.clientId !== input.clientId && !input.force) {
      yield { type: 'held_elsewhere' }
      return
    }
    const lease = this.#grant(input.clientId)
    try {
      for (;;) {
        const event = await lease.events.next(signal)
        if (event === undefined) {
          return
        }
        yield event
      }
    } finally {
      this.#release(lease)
    }
  }

  /** A promise where the host is not ready for the next reply: the tab sends one after another, so it waits. */
  reply(input: ReplyInput): ReplyOutcome | Promise<ReplyOutcome> {
    if (this.#lease?.leaseId !== input.leaseId) {
      return 'stale_lease'
    }
    const pending = this.#pending.get(input.requestId)
    if (pending === undefined) {
      return 'unknown_request'
    }
    const ready = pending.receive(input.reply)
    return ready === undefined ? 'accepted' : ready.then(() => 'accepted' as const)
  }

  /** Ends the lease and fails what is pending. */
  stop(): void {
    const lease = this.#lease
    if (lease !== undefined) {
      lease.events.push({ type: 'revoked' })
      this.#release(lease)
    }
  }

  probe(signal: AbortSignalLike): Promise<DeviceReport> {
    return this.#request({ kind: 'probe' }, probeReader(decodeDeviceReport), signal)
  }

  /** Once aborted, it waits a bounded time for the tab's last finds and resolves with the last progress. */
  race(job: RaceJob, listener: RaceListener, signal: AbortSignalLike): Promise<RaceProgress> {
    return this.#request({ kind: 'race', job: encodeRaceJob(job) }, raceReader(job, listener), signal)
  }

  async check(job: CheckJob, signal: AbortSignalLike): Promise<readonly Uint8Array[]> {
    const digests: Uint8Array[] = []
    for (let from = 0; from < job.nonces.length; from += MAX_CHECK_NONCES) {
      const part = { ...job, nonces: job.nonces.slice(from, from + MAX_CHECK_NONCES) }
      const reader = checkReader(part.nonces.length)
      digests.push(...(await this.#request({ kind: 'check', job: encodeCheckJob(part) }, reader, signal)))
    }
    return digests
  }

  findOne(job: RaceJob, signal: AbortSignalLike): Promise<bigint> {
    return this.#request({ kind: 'find_one', job: encodeRaceJob(job) }, findReader(job.startNonce), signal)
  }

  load(model: string, signal: AbortSignalLike): Promise<InferenceReport> {
    return this.#request({ kind: 'load_model', model }, modelReader(model), signal)
  }

  /** Once aborted, it waits a bounded time for the tab's last tokens. @throws CodedError `too_long_for_tab` */
  async generate(job: GenerateJob, listener: GenerateListener, signal: AbortSignalLike): Promise<GenerateResult> {
    refuseTooLong(job.prompt.length, job.maxTokens)
    return this.#request({ kind: 'generate', job: encodeGenerateJob(job) }, tokensReader(job, listener), signal)
  }

  /** @throws CodedError `too_long_for_tab` */
  async score(job: ScoreJob, signal: AbortSignalLike): Promise<ScoreResult> {
    refuseTooLong(job.prompt.length, job.output.length)
    return this.#request({ kind: 'score', job: encodeScoreJob(job) }, scoreReader(job), signal)
  }

  async #request<Result>(
    request: ComputeJobWire,
    reader: ReplyReader<Result>,
    signal: AbortSignalLike,
  ): Promise<Result> {
    if (signal.aborted) {
      throw abortReason(signal)
    }
    const lease = this.#lease
    if (lease === undefined) {
      throw new CodedError('compute_unavailable', 'no tab computes', { fields: { reason: 'no_lease' } })
    }
    if (this.#pending.size >= this.#options.maxPending) {
      throw new CodedError('compute_unavailable', 'too many requests', { fields: { reason: 'too_many_requests' } })
    }
    const requestId = this.#nextRequestId++
    return new Promise<Result>((resolve, reject) => {
      const cancel = () => lease.events.push({ type: 'cancel', requestId })
      const fail = (error: unknown) => {
        // A race that was told to stop has done its work: what it reported counts, however it ended.
        const last = signal.aborted ? reader.afterAbort?.() : undefined
        if (last === undefined) {
          reject(error)
        } else {
          resolve(last.result)
        }
      }
      const read = (reply: ComputeReply) => {
        const step = reader.read(reply)
        if (step.type === 'done') {
          resolve(step.result)
        } else if (step.type === 'failed') {
          if (step.isBadReply) {
            cancel()
          }
          fail(step.error)
        }
        return { isOver: step.type !== 'more', until: step.type === 'more' ? step.until : undefined }
      }
      const ended = () => this.#pending.delete(requestId)
      const silent = () => this.#revoke(lease, 'silent')
      const pending = new PendingRequest(
        this.#clock,
        { read, fail, cancel, ended, silent },
        { ...this.#options, waitsAfterAbort: reader.afterAbort !== undefined },
      )
      this.#pending.set(requestId, pending)
      lease.events.push({ type: 'request', requestId, request })
      pending.start(signal)
    })
  }

  #grant(clientId: string): Lease {
    if (this.#lease !== undefined) {
      this.#revoke(this.#lease, 'replaced')
    }
    const lease: Lease = {
      leaseId: toHex(this.#rng.bytes(16)),
      clientId,
      sinceMs: this.#clock.nowMs(),
      // Each pending request makes two events at most, and the grant and the revocation one each.
      events: new EventQueue(4 * this.#options.maxPending + 2),
    }
    lease.events.push({ type: 'granted', leaseId: lease.leaseId })
    this.#lease = lease
    this.#notify()
    return lease
  }

  #revoke(lease: Lease, reason: string): void {
    lease.events.push({ type: 'revoked' })
    this.#release(lease, reason)
  }

  #release(lease: Lease, reason = 'tab_gone'): void {
    lease.events.close()
    if (this.#lease !== lease) {
      return
    }
    this.#lease = undefined
    const error = new CodedError('compute_unavailable', 'the tab that computed is gone', { fields: { reason } })
    for (const pending of [...this.#pending.values()]) {
      pending.fail(error)
    }
    this.#notify()
  }

  #notify(): void {
    const state = this.state()
    for (const listener of [...this.#listeners]) {
      listener(state)
    }
  }
}

function abortReason(signal: AbortSignalLike): unknown {
  return signal.reason ?? new CodedError('aborted', 'aborted')
}
