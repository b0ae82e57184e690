import { CodedError, errorCode, errorMessage } from '../lib/coded-error.ts'
import type { Clock } from '../lib/runtime.ts'
import { targetFromBytes } from '../race/find.ts'
import { findFirst, verifyAttempts } from './attempt-jobs.ts'
import type { BackendPool } from './backend-pool.ts'
import type { ComputeChannel } from './compute-channel.ts'
import type { ComputeEvent, OwnerMessage, ReplyBody, RequestBody, RequestType, WorkerMessage } from './contract.ts'
import { decodeOwnerMessage, requestIdOf } from './contract.ts'
import { probeBackends } from './probe.ts'
import type { BackendKind } from './race-engine.ts'
import { RaceSession } from './race-session.ts'

export interface ComputeServerComponents {
  readonly channel: ComputeChannel
  readonly pool: BackendPool
  readonly clock: Clock
}

type Request = Extract<OwnerMessage, { kind: 'request' }>

/** Requests that may be under way at once; the client sends one and a stop. */
const MAX_PENDING = 16

/** The worker's side of contract.ts: answers every request once, runs at most one race. */
export class ComputeServer {
  readonly #components: ComputeServerComponents
  readonly #pending = new Map<number, AbortController>()
  #race: { readonly raceId: string; readonly session: RaceSession } | undefined
  #unsubscribe: (() => void) | undefined

  constructor(components: ComputeServerComponents) {
    this.#components = components
  }

  start(): void {
    this.#unsubscribe = this.#components.channel.receive((message) => void this.#onMessage(message))
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    for (const controller of this.#pending.values()) {
      controller.abort()
    }
    await this.#race?.session.stop()
    this.#components.pool.close()
  }

  async #onMessage(value: unknown): Promise<void> {
    let message: OwnerMessage
    try {
      message = decodeOwnerMessage(value)
    } catch (error) {
      const id = requestIdOf(value)
      if (id !== undefined) {
        this.#fail(id, error)
      }
      return
    }
    if (message.kind === 'cancel') {
      this.#pending.get(message.id)?.abort()
      return
    }
    await this.#serve(message)
  }

  async #serve(request: Request): Promise<void> {
    const { id } = request
    if (this.#pending.has(id) || this.#pending.size >= MAX_PENDING) {
      this.#fail(id, new CodedError('worker_busy', 'too many requests under way, or an id used twice'))
      return
    }
    const controller = new AbortController()
    this.#pending.set(id, controller)
    try {
      this.#send({ kind: 'reply', id, body: await this.#answer(request, controller.signal) })
    } catch (error) {
      this.#fail(id, error)
    } finally {
      this.#pending.delete(id)
    }
  }

  async #answer(request: Request, signal: AbortSignal): Promise<ReplyBody<RequestType>> {
    switch (request.type) {
      case 'probe':
        return { backends: await probeBackends(this.#components, request.body.shape, signal) }
      case 'startRace':
        return this.#startRace(request.body)
      case 'stopRace':
        if (this.#race?.raceId === request.body.raceId) {
          await this.#race.session.stop()
        }
        return {}
      case 'verify':
        return verifyAttempts(this.#components, request.body, signal)
      case 'findOne':
        return findFirst(this.#components, request.body, signal)
      case 'dispose':
        this.#pending.delete(request.id)
        await this.stop()
        return {}
    }
  }

  async #startRace(job: RequestBody<'startRace'>): Promise<ReplyBody<'startRace'>> {
    if (this.#race !== undefined) {
      throw new CodedError('race_running', 'a worker runs one race at a time', {
        fields: { raceId: this.#race.raceId },
      })
    }
    targetFromBytes(job.target)
    const { pool, clock } = this.#components
    const model = pool.model(job.shape, job.epochSeed)
    let claimant = job.backend
    const components = {
      openBackend: (kind: BackendKind) => {
        claimant = kind
        return pool.open(kind, model)
      },
      oracle: pool.arbiter(job.shape, job.epochSeed, () => claimant),
      clock,
      emit: (event: ComputeEvent) => this.#emit(event),
    }
    const session = new RaceSession(components, job)
    this.#race = { raceId: job.raceId, session }
    try {
      return { backend: await session.start() }
    } catch (error) {
      this.#race = undefined
      throw error
    }
  }

  #emit(event: ComputeEvent): void {
    if (event.type === 'raceStopped') {
      this.#race = undefined
    }
    this.#send({ kind: 'event', ...event })
  }

  #fail(id: number, error: unknown): void {
    const json = error instanceof CodedError ? error.toJSON() : { code: errorCode(error), message: errorMessage(error) }
    this.#send({ kind: 'failure', id, error: json })
  }

  #send(message: WorkerMessage): void {
    this.#components.channel.send(message)
  }
}
