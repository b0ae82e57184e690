import { equalBytes } from '../lib/bytes.ts'
import { errorCode, errorMessage } from '../lib/coded-error.ts'
import type { Clock } from '../lib/runtime.ts'
import type { RaceOracle } from '../race/oracle.ts'
import type { BatchSizer } from './batch-sizer.ts'
import { createBatchSizer } from './batch-sizer.ts'
import type { ComputeEvent, ComputeProgress, RequestBody } from './contract.ts'
import { MAX_DUTY_PPM, MAX_NONCES } from './contract.ts'
import type { BackendKind, FoundAttempt, RaceBackend } from './race-engine.ts'
import { nonceRange } from './race-engine.ts'

export interface RaceSessionComponents {
  /** A started backend that passed the gate. */
  openBackend(kind: BackendKind): Promise<RaceBackend>
  readonly oracle: RaceOracle
  readonly clock: Clock
  emit(event: ComputeEvent): void
}

/** How long one batch should take: the session stops within one, and other requests wait for one. */
const BATCH_MS = 80
/** At a small duty a batch takes no more than its share of this, so that little is many small bursts, not few long ones. */
const CYCLE_MS = 500
/**
 * A batch that took longer than so many times its usual time (a cold start, a machine that was busy elsewhere) is idled for as if it had
 * taken that: at a small duty one hiccup would otherwise cost a race.
 */
const MOST_OVERRUN = 2
const PROGRESS_MS = 500
/** Rate window in progress ticks: four seconds. */
const RATE_TICKS = 8
/** Losses without one good batch in between before the race moves to the CPU. */
const MAX_LOSSES = 3
const LOSS_BACKOFF_MS = 250
/** Failures that another device of the same kind, or the same one with smaller batches, may not have. */
const RECOVERABLE: readonly string[] = ['device_lost', 'gpu_error', 'out_of_memory']
const MAX_REASON = 512

interface Flight {
  readonly start: bigint
  readonly attempts: number
  readonly submittedMs: number
  readonly finds: Promise<readonly FoundAttempt[]>
}

/**
 * One race: batches one after the other, idling for the duty cycle, every find recomputed on the oracle before it is
 * reported. A lost device is replaced, one without memory gets smaller batches, and what they left undone is tried again; nonces are visited in order, none left out.
 */
export class RaceSession {
  readonly #components: RaceSessionComponents
  readonly #job: RequestBody<'startRace'>
  readonly #stopping = new AbortController()
  readonly #flights: Flight[] = []
  #backend: RaceBackend | undefined
  #sizer: BatchSizer | undefined
  #targetMs = BATCH_MS
  #fastestAttemptMs: number | undefined
  #next: bigint
  #attempts = 0
  #finds = 0
  #faultyFinds = 0
  #losses = 0
  #lastDoneMs = 0
  #running: Promise<void> | undefined

  constructor(components: RaceSessionComponents, job: RequestBody<'startRace'>) {
    this.#components = components
    this.#job = job
    this.#next = job.startNonce
  }

  /** Opens the backend and starts racing; rejects where no backend opens. */
  async start(): Promise<BackendKind> {
    await this.#switchTo(this.#job.backend)
    this.#lastDoneMs = this.#components.clock.nowMs()
    this.#running = this.#run()
    return this.#kind
  }

  /** Resolves when the last batch is done and `raceStopped` is sent. Batches under way are dropped. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  get #kind(): BackendKind {
    return this.#backend?.kind ?? this.#job.backend
  }

  async #run(): Promise<void> {
    const ticking = this.#reportProgress()
    try {
      while (!this.#stopping.signal.aborted) {
        await this.#runBatch()
      }
    } catch (error) {
      this.#components.emit({
        type: 'failed',
        body: { raceId: this.#job.raceId, code: errorCode(error), message: errorMessage(error).slice(0, MAX_REASON) },
      })
    } finally {
      this.#stopping.abort()
      await Promise.allSettled(this.#flights.map((flight) => flight.finds))
      await this.#backend?.stop()
      await ticking
      this.#components.emit({ type: 'raceStopped', body: { raceId: this.#job.raceId, progress: this.#progress(0) } })
    }
  }

  async #runBatch(): Promise<void> {
    const { clock } = this.#components
    const stop = this.#stopping.signal
    this.#submit()
    const flight = this.#flights[0] as Flight
    try {
      const finds = await flight.finds
      this.#flights.shift()
      if (stop.aborted) {
        return
      }
      const nowMs = clock.nowMs()
      const busyMs = nowMs - Math.max(flight.submittedMs, this.#lastDoneMs)
      this.#lastDoneMs = nowMs
      this.#losses = 0
      this.#sizer?.record(flight.attempts, busyMs)
      this.#attempts += flight.attempts
      this.#confirm(finds)
      await this.#idle(this.#charged(flight.attempts, clock.nowMs() - nowMs + busyMs))
    } catch (error) {
      if (!stop.aborted) {
        await this.#recover(error)
      }
    }
  }

  /** Keeps the device fed. Below full duty only one batch is under way, or idling would idle nothing. */
  #submit(): void {
    const backend = this.#backend as RaceBackend
    const wanted = this.#job.dutyPpm === MAX_DUTY_PPM ? backend.batchesInFlight : 1
    while (this.#flights.length < wanted) {
      const attempts = this.#sizer?.next() ?? 1
      const nonces = nonceRange(this.#next, attempts)
      // Read before `run`: the oracle computes within the call.
      const submittedMs = this.#components.clock.nowMs()
      const finds = backend.run({ host: this.#job.host, target: this.#job.target, nonces }, this.#stopping.signal)
      // Whoever waits for it handles a failure; until then it must not count as unhandled.
      finds.catch(() => undefined)
      this.#flights.push({ start: this.#next, attempts, submittedMs, finds })
      this.#next = BigInt.asUintN(64, this.#next + BigInt(attempts))
    }
  }

  /** What a batch counts for the duty: its time, but no more than MOST_OVERRUN times what such a batch takes. */
  #charged(attempts: number, busyMs: number): number {
    const usualMs = Math.max(this.#targetMs, attempts * (this.#fastestAttemptMs ?? 0))
    const attemptMs = busyMs / attempts
    this.#fastestAttemptMs = Math.min(this.#fastestAttemptMs ?? attemptMs, attemptMs)
    return Math.min(busyMs, MOST_OVERRUN * usualMs)
  }

  /** Busy share = duty. A turn of the event loop is given up even at full duty: stop and other requests come through it. */
  async #idle(busyMs: number): Promise<void> {
    const idleMs = (busyMs * (MAX_DUTY_PPM - this.#job.dutyPpm)) / this.#job.dutyPpm
    await this.#components.clock.sleep(idleMs, this.#stopping.signal).catch(() => undefined)
  }

  #confirm(found: readonly FoundAttempt[]): void {
    const { oracle, emit } = this.#components
    const { raceId, host } = this.#job
    const confirmed: FoundAttempt[] = []
    for (const find of found) {
      const computed = oracle.attempt(host, find.nonce)
      if (equalBytes(computed, find.digest)) {
        confirmed.push(find)
      } else {
        this.#faultyFinds++
        emit({ type: 'faultyFind', body: { raceId, nonce: find.nonce, claimed: find.digest, computed } })
      }
    }
    this.#finds += confirmed.length
    for (let from = 0; from < confirmed.length; from += MAX_NONCES) {
      const part = confirmed.slice(from, from + MAX_NONCES)
      const nonces = part.map((find) => find.nonce)
      emit({ type: 'finds', body: { raceId, nonces, digests: part.map((find) => find.digest) } })
    }
  }

  /** A failed batch: another device of the same kind, after repeated losses the CPU. Other failures end the race. */
  async #recover(error: unknown): Promise<void> {
    const code = errorCode(error)
    if (this.#kind === 'cpu' || !RECOVERABLE.includes(code)) {
      throw error
    }
    const oldest = this.#flights[0]
    this.#next = oldest?.start ?? this.#next
    await Promise.allSettled(this.#flights.map((flight) => flight.finds))
    this.#flights.length = 0
    await this.#backend?.stop()
    this.#losses++
    const continuesOn = this.#losses >= MAX_LOSSES ? 'cpu' : await this.#reopen()
    if (continuesOn === 'cpu') {
      await this.#switchTo('cpu')
    }
    if (code === 'out_of_memory' && continuesOn === 'webgpu') {
      // The device is as good as it was; that its batches are smaller now is said where it was opened.
      return
    }
    const reason = errorMessage(error).slice(0, MAX_REASON)
    this.#components.emit({ type: 'deviceLost', body: { raceId: this.#job.raceId, reason, continuesOn } })
  }

  async #reopen(): Promise<BackendKind> {
    const backoffMs = LOSS_BACKOFF_MS * 2 ** (this.#losses - 1)
    await this.#components.clock.sleep(backoffMs, this.#stopping.signal).catch(() => undefined)
    try {
      await this.#switchTo('webgpu')
      return 'webgpu'
    } catch {
      // No adapter any more, or one that fails the gate: the CPU always works.
      return 'cpu'
    }
  }

  async #switchTo(kind: BackendKind): Promise<void> {
    this.#backend = undefined
    const backend = await this.#components.openBackend(kind)
    const { maxAttempts, plannedAttempts = maxAttempts } = backend
    this.#backend = backend
    if (maxAttempts < plannedAttempts) {
      this.#components.emit({ type: 'memoryShort', body: { raceId: this.#job.raceId, maxAttempts, plannedAttempts } })
    }
    this.#targetMs = Math.min(BATCH_MS, (CYCLE_MS * this.#job.dutyPpm) / MAX_DUTY_PPM)
    this.#fastestAttemptMs = undefined
    this.#sizer = createBatchSizer({ targetMs: this.#targetMs, maxAttempts })
  }

  async #reportProgress(): Promise<void> {
    const { clock, emit } = this.#components
    const ticks = [{ atMs: clock.nowMs(), attempts: 0 }]
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(PROGRESS_MS, this.#stopping.signal).catch(() => undefined)
      if (this.#stopping.signal.aborted) {
        return
      }
      const now = { atMs: clock.nowMs(), attempts: this.#attempts }
      const first = ticks[0] ?? now
      const seconds = (now.atMs - first.atMs) / 1000
      emit({
        type: 'progress',
        body: this.#progress(seconds > 0 ? (now.attempts - first.attempts) / seconds : 0),
      })
      ticks.push(now)
      if (ticks.length > RATE_TICKS) {
        ticks.shift()
      }
    }
  }

  #progress(attemptsPerSecond: number): ComputeProgress {
    return {
      raceId: this.#job.raceId,
      attempts: this.#attempts,
      finds: this.#finds,
      faultyFinds: this.#faultyFinds,
      attemptsPerSecond,
      backend: this.#kind,
    }
  }
}
