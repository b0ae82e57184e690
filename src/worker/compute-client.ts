import { CodedError, codedErrorFromJson } from '../lib/coded-error.ts'
import type { AbortSignalLike } from '../lib/runtime.ts'
import type { ComputeChannel } from './compute-channel.ts'
import type {
  ComputeEvent,
  ComputeProgress,
  EventBody,
  OwnerMessage,
  ReplyBody,
  RequestBody,
  RequestType,
  WorkerMessage,
} from './contract.ts'
import { decodeReply, decodeWorkerMessage } from './contract.ts'

/** Requests that wait for the one under way. */
const MAX_QUEUED = 64

/** What a race tells its owner besides its end. */
export interface ComputeRaceListener {
  onFinds?(body: EventBody<'finds'>): void
  onProgress?(body: EventBody<'progress'>): void
  onFaultyFind?(body: EventBody<'faultyFind'>): void
  onDeviceLost?(body: EventBody<'deviceLost'>): void
  onMemoryShort?(body: EventBody<'memoryShort'>): void
}

/** The owner's side of contract.ts. Every method rejects with a CodedError: the worker's code, `aborted`, `worker_gone`, `queue_full`. */
export interface ComputeClient {
  probe(body: RequestBody<'probe'>, signal?: AbortSignalLike): Promise<ReplyBody<'probe'>>
  /** Races until the signal aborts; resolves with the last progress, rejects where the race cannot start or fails. */
  race(body: RequestBody<'startRace'>, listener: ComputeRaceListener, signal: AbortSignalLike): Promise<ComputeProgress>
  verify(body: RequestBody<'verify'>, signal?: AbortSignalLike): Promise<ReplyBody<'verify'>>
  findOne(body: RequestBody<'findOne'>, signal?: AbortSignalLike): Promise<ReplyBody<'findOne'>>
  /** Asks the worker to free everything, then closes. */
  dispose(): Promise<void>
  /** Rejects everything under way with `worker_gone`: for owners that see the worker die. */
  close(reason: string): void
}

interface Waiting {
  readonly resolve: (body: unknown) => void
  readonly reject: (error: Error) => void
}

interface RunningRace {
  readonly raceId: string
  readonly listener: ComputeRaceListener
  readonly ended: PromiseWithResolvers<ComputeProgress>
  failure: CodedError | undefined
}

export function createComputeClient(channel: ComputeChannel): ComputeClient {
  return new Client(channel)
}

class Client implements ComputeClient {
  readonly #channel: ComputeChannel
  readonly #unsubscribe: () => void
  readonly #waiting = new Map<number, Waiting>()
  readonly #queue: (() => void)[] = []
  #isBusy = false
  #nextId = 1
  #race: RunningRace | undefined
  #gone: CodedError | undefined

  constructor(channel: ComputeChannel) {
    this.#channel = channel
    this.#unsubscribe = channel.receive((message) => this.#onMessage(message))
  }

  probe(body: RequestBody<'probe'>, signal?: AbortSignalLike): Promise<ReplyBody<'probe'>> {
    return this.#request('probe', body, signal)
  }

  verify(body: RequestBody<'verify'>, signal?: AbortSignalLike): Promise<ReplyBody<'verify'>> {
    return this.#request('verify', body, signal)
  }

  findOne(body: RequestBody<'findOne'>, signal?: AbortSignalLike): Promise<ReplyBody<'findOne'>> {
    return this.#request('findOne', body, signal)
  }

  async race(
    body: RequestBody<'startRace'>,
    listener: ComputeRaceListener,
    signal: AbortSignalLike,
  ): Promise<ComputeProgress> {
    if (this.#race !== undefined) {
      throw new CodedError('race_running', 'this worker already races')
    }
    const race: RunningRace = { raceId: body.raceId, listener, ended: Promise.withResolvers(), failure: undefined }
    this.#race = race
    // Also awaited below; a race that ends before that must not count as unhandled.
    race.ended.promise.catch(() => undefined)
    const stop = (): void => void this.#send('stopRace', { raceId: body.raceId }).catch(() => undefined)
    try {
      if (signal.aborted) {
        throw abortedError(signal)
      }
      signal.addEventListener('abort', stop, { once: true })
      // Not cancelled by the signal: a race that starts must be known here, or nobody would stop it.
      await this.#request('startRace', body)
      return await race.ended.promise
    } finally {
      signal.removeEventListener('abort', stop)
      this.#race = undefined
    }
  }

  async dispose(): Promise<void> {
    if (this.#gone === undefined) {
      await this.#send('dispose', {})
      this.close('disposed')
    }
  }

  close(reason: string): void {
    this.#gone ??= new CodedError('worker_gone', reason)
    this.#unsubscribe()
    for (const waiting of this.#waiting.values()) {
      waiting.reject(this.#gone)
    }
    this.#waiting.clear()
    this.#race?.ended.reject(this.#gone)
    this.#runNext()
  }

  /** One request at a time, in the order of the calls; a stop and a dispose go past the queue. */
  async #request<T extends RequestType>(
    type: T,
    body: RequestBody<T>,
    signal?: AbortSignalLike,
  ): Promise<ReplyBody<T>> {
    if (this.#queue.length >= MAX_QUEUED) {
      throw new CodedError('queue_full', 'too many requests wait for this worker', { fields: { max: MAX_QUEUED } })
    }
    if (this.#isBusy) {
      await this.#turn(signal)
    }
    this.#isBusy = true
    try {
      return await this.#send(type, body, signal)
    } finally {
      this.#runNext()
    }
  }

  /** Waits in the queue; an abort leaves it. */
  #turn(signal: AbortSignalLike | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#queue.splice(this.#queue.indexOf(enter), 1)
        reject(abortedError(signal))
      }
      const enter = (): void => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      this.#queue.push(enter)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  /** Hands the turn on without a gap, so that no call in between overtakes the queue. */
  #runNext(): void {
    const next = this.#queue.shift()
    this.#isBusy = next !== undefined
    next?.()
  }

  async #send<T extends RequestType>(type: T, body: RequestBody<T>, signal?: AbortSignalLike): Promise<ReplyBody<T>> {
    if (this.#gone !== undefined) {
      throw this.#gone
    }
    if (signal?.aborted === true) {
      throw abortedError(signal)
    }
    const id = this.#nextId++
    const answer = Promise.withResolvers<unknown>()
    const cancel = (): void => {
      // The worker unwinds on its own; its answer will find nobody.
      this.#channel.send({ kind: 'cancel', id } satisfies OwnerMessage)
      answer.reject(abortedError(signal))
    }
    this.#waiting.set(id, answer)
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      this.#channel.send({ kind: 'request', id, type, body } as OwnerMessage)
      return decodeReply(type, await answer.promise)
    } finally {
      signal?.removeEventListener('abort', cancel)
      this.#waiting.delete(id)
    }
  }

  #onMessage(value: unknown): void {
    let message: WorkerMessage
    try {
      message = decodeWorkerMessage(value)
    } catch {
      // Nothing of ours: the tools of a page may also post to its workers.
      return
    }
    switch (message.kind) {
      case 'reply':
        this.#waiting.get(message.id)?.resolve(message.body)
        return
      case 'failure':
        this.#waiting.get(message.id)?.reject(codedErrorFromJson(message.error))
        return
      case 'event':
        this.#onEvent(message)
    }
  }

  #onEvent(event: ComputeEvent): void {
    const race = this.#race
    if (race === undefined || race.raceId !== event.body.raceId) {
      return
    }
    switch (event.type) {
      case 'finds':
        race.listener.onFinds?.(event.body)
        return
      case 'progress':
        race.listener.onProgress?.(event.body)
        return
      case 'faultyFind':
        race.listener.onFaultyFind?.(event.body)
        return
      case 'deviceLost':
        race.listener.onDeviceLost?.(event.body)
        return
      case 'memoryShort':
        race.listener.onMemoryShort?.(event.body)
        return
      case 'failed':
        race.failure = new CodedError(event.body.code, event.body.message)
        return
      case 'raceStopped':
        if (race.failure === undefined) {
          race.ended.resolve(event.body.progress)
        } else {
          race.ended.reject(race.failure)
        }
    }
  }
}

function abortedError(signal: AbortSignalLike | undefined): CodedError {
  return new CodedError('aborted', 'the request was aborted', { cause: signal?.reason })
}
