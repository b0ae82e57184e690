import { CodedError, codedErrorFromJson } from '../../lib/coded-error.ts'
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type {
  GenerateJob,
  GenerateListener,
  GenerateResult,
  InferencePort,
  InferenceReport,
  ScoreJob,
  ScoreResult,
} from '../../protocol/inference.ts'
import type { ComputeChannel } from '../compute-channel.ts'
import type { OwnerMessage, ReplyBody, RequestBody, RequestType, TokensEvent, WorkerMessage } from './contract.ts'
import { decodeReply, decodeWorkerMessage } from './contract.ts'
import { abortedError } from './mutex.ts'

/** The owner's side of contract.ts. Every method rejects with a CodedError: the worker's code, `aborted`, `worker_gone`, `worker_busy`. */
export interface InferenceClient extends InferencePort {
  /** Asks the worker to free everything, then closes. */
  dispose(): Promise<void>
  /** Rejects everything under way with `worker_gone`: for owners that see the worker die. */
  close(reason: string, code?: 'worker_gone' | 'out_of_memory'): void
}

/** Requests under way at once; the worker holds fewer. */
const MAX_REQUESTS = 64

interface Request {
  readonly answer: PromiseWithResolvers<unknown>
  readonly listener: GenerateListener | undefined
  /** Settles when the listener has taken all chunks that came. */
  delivered: Promise<void>
  outputTokens: number
}

export function createInferenceClient(channel: ComputeChannel): InferenceClient {
  return new Client(channel)
}

class Client implements InferenceClient {
  readonly #channel: ComputeChannel
  readonly #unsubscribe: () => void
  readonly #requests = new Map<number, Request>()
  #nextId = 1
  #gone: CodedError | undefined

  constructor(channel: ComputeChannel) {
    this.#channel = channel
    this.#unsubscribe = channel.receive((message) => this.#onMessage(message))
  }

  load(model: string, signal: AbortSignalLike): Promise<InferenceReport> {
    return this.#ask('load', { model }, signal)
  }

  score(job: ScoreJob, signal: AbortSignalLike): Promise<ScoreResult> {
    return this.#ask('score', job, signal)
  }

  async generate(job: GenerateJob, listener: GenerateListener, signal: AbortSignalLike): Promise<GenerateResult> {
    if (signal.aborted) {
      return { finish: 'cancelled', outputTokens: 0 }
    }
    const { id, request } = this.#open(listener)
    // The worker's answer is awaited also then: it says how many tokens stand.
    const cancel = (): void => this.#send({ kind: 'cancel', id })
    signal.addEventListener('abort', cancel, { once: true })
    try {
      this.#send({ kind: 'request', id, type: 'generate', body: job })
      const result = decodeReply('generate', await request.answer.promise)
      await request.delivered
      if (result.outputTokens !== request.outputTokens) {
        throw new CodedError('invalid_message', 'the worker counts other tokens than it reported')
      }
      return result
    } finally {
      signal.removeEventListener('abort', cancel)
      this.#requests.delete(id)
    }
  }

  async dispose(): Promise<void> {
    if (this.#gone === undefined) {
      await this.#ask('dispose', {}, undefined)
      this.close('disposed')
    }
  }

  close(reason: string, code: 'worker_gone' | 'out_of_memory' = 'worker_gone'): void {
    this.#gone ??= new CodedError(code, reason)
    this.#unsubscribe()
    for (const { answer } of this.#requests.values()) {
      answer.reject(this.#gone)
    }
    this.#requests.clear()
  }

  async #ask<T extends Exclude<RequestType, 'generate'>>(
    type: T,
    body: RequestBody<T>,
    signal: AbortSignalLike | undefined,
  ): Promise<ReplyBody<T>> {
    if (signal?.aborted === true) {
      throw abortedError(signal)
    }
    const { id, request } = this.#open(undefined)
    const cancel = (): void => {
      // The worker unwinds on its own; its answer will find nobody.
      this.#send({ kind: 'cancel', id })
      request.answer.reject(abortedError(signal))
    }
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      this.#send({ kind: 'request', id, type, body } as OwnerMessage)
      return decodeReply(type, await request.answer.promise)
    } finally {
      signal?.removeEventListener('abort', cancel)
      this.#requests.delete(id)
    }
  }

  #open(listener: GenerateListener | undefined): { readonly id: number; readonly request: Request } {
    if (this.#gone !== undefined) {
      throw this.#gone
    }
    if (this.#requests.size >= MAX_REQUESTS) {
      throw new CodedError('worker_busy', 'too many requests wait for this worker', { fields: { max: MAX_REQUESTS } })
    }
    const id = this.#nextId++
    const request: Request = {
      answer: Promise.withResolvers(),
      listener,
      delivered: Promise.resolve(),
      outputTokens: 0,
    }
    this.#requests.set(id, request)
    return { id, request }
  }

  #send(message: OwnerMessage): void {
    this.#channel.send(message)
  }

  #onMessage(value: unknown): void {
    let message: WorkerMessage
    try {
      message = decodeWorkerMessage(value)
    } catch {
      // Nothing of ours: the tools of a page may also post to its workers.
      return
    }
    const request = this.#requests.get(message.id)
    if (request === undefined) {
      return
    }
    switch (message.kind) {
      case 'reply':
        request.answer.resolve(message.body)
        return
      case 'failure':
        request.answer.reject(codedErrorFromJson(message.error))
        return
      case 'tokens':
        this.#deliver(message, request)
    }
  }

  /** In order; the acknowledgement lets the worker go on. A listener that fails ends the generation with its error. */
  #deliver({ id, tokens, scores }: TokensEvent, request: Request): void {
    request.outputTokens += tokens.length
    request.delivered = request.delivered.then(async () => {
      try {
        await request.listener?.onTokens({ tokens, scores })
      } catch (error) {
        this.#send({ kind: 'cancel', id })
        throw error
      }
      this.#send({ kind: 'ack', id })
    })
    // Awaited when the worker has answered; a failure until then must not count as unhandled.
    request.delivered.catch(() => undefined)
  }
}
