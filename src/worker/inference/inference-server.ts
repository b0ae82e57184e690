import { CodedError, errorCode, errorMessage } from '../../lib/coded-error.ts'
import type { SamplingParams } from '../../protocol/gen/tailrace/v1/work.ts'
import type { GeneratedTokens } from '../../protocol/inference.ts'
import type { ComputeChannel } from '../compute-channel.ts'
import { requestIdOf } from '../contract.ts'
import type { OwnerMessage, ReplyBody, RequestBody, RequestType, WorkerMessage } from './contract.ts'
import { decodeOwnerMessage } from './contract.ts'
import type { InferenceEngine } from './inference-engine.ts'
import { abortedError } from './mutex.ts'

export interface InferenceServerComponents {
  readonly channel: ComputeChannel
  readonly engine: Pick<InferenceEngine, 'load' | 'generate' | 'score' | 'stop'>
}

type Request = Extract<OwnerMessage, { kind: 'request' }>

interface Pending {
  readonly controller: AbortController
  /** Resolves when the chunk that is on its way has been acknowledged. */
  acknowledge: (() => void) | undefined
}

/** More than the engine's queues hold: those refuse with `worker_busy` first. */
const MAX_PENDING = 64

/** The worker's side of contract.ts: answers every request once. */
export class InferenceServer {
  readonly #components: InferenceServerComponents
  readonly #pending = new Map<number, Pending>()
  #unsubscribe: (() => void) | undefined

  constructor(components: InferenceServerComponents) {
    this.#components = components
  }

  start(): void {
    this.#unsubscribe = this.#components.channel.receive((message) => void this.#onMessage(message))
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    for (const { controller } of this.#pending.values()) {
      controller.abort()
    }
    await this.#components.engine.stop()
  }

  async #onMessage(value: unknown): Promise<void> {
    let message: OwnerMessage
    try {
      message = decodeOwnerMessage(value)
    } catch (error) {
      const id = requestIdOf(value)
      if (id !== undefined && !this.#pending.has(id)) {
        this.#fail(id, error)
      }
      return
    }
    switch (message.kind) {
      case 'cancel':
        this.#pending.get(message.id)?.controller.abort()
        return
      case 'ack':
        this.#pending.get(message.id)?.acknowledge?.()
        return
      case 'request':
        await this.#serve(message)
    }
  }

  async #serve(request: Request): Promise<void> {
    const { id } = request
    if (this.#pending.has(id)) {
      // Failing this id would end the request that has it.
      return
    }
    if (this.#pending.size >= MAX_PENDING) {
      this.#fail(id, new CodedError('worker_busy', 'too many requests under way'))
      return
    }
    const pending: Pending = { controller: new AbortController(), acknowledge: undefined }
    this.#pending.set(id, pending)
    try {
      this.#send({ kind: 'reply', id, body: await this.#answer(request, pending) })
    } catch (error) {
      this.#fail(id, error)
    } finally {
      this.#pending.delete(id)
    }
  }

  async #answer(request: Request, pending: Pending): Promise<ReplyBody<RequestType>> {
    const { engine } = this.#components
    const { signal } = pending.controller
    switch (request.type) {
      case 'load':
        return engine.load(request.body.model, signal)
      case 'generate':
        return this.#generate(request.id, request.body, pending)
      case 'score':
        return engine.score({ ...request.body, sampling: samplingOf(request.body) }, signal)
      case 'dispose':
        this.#pending.delete(request.id)
        await this.stop()
        return {}
    }
  }

  #generate(id: number, body: RequestBody<'generate'>, pending: Pending): Promise<ReplyBody<'generate'>> {
    const onTokens = async ({ tokens, scores }: GeneratedTokens): Promise<void> => {
      const acknowledged = this.#acknowledgement(pending)
      this.#send({ kind: 'tokens', id, tokens, scores })
      await acknowledged
    }
    const job = { ...body, sampling: samplingOf(body) }
    return this.#components.engine.generate(job, { onTokens }, pending.controller.signal)
  }

  /** Also ends by the cancel: an owner that has gone acknowledges nothing. */
  #acknowledgement(pending: Pending): Promise<void> {
    const { signal } = pending.controller
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        pending.acknowledge = undefined
        reject(abortedError(signal))
      }
      if (signal.aborted) {
        onAbort()
        return
      }
      pending.acknowledge = () => {
        pending.acknowledge = undefined
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  #fail(id: number, error: unknown): void {
    const json = error instanceof CodedError ? error.toJSON() : { code: errorCode(error), message: errorMessage(error) }
    this.#send({ kind: 'failure', id, error: json })
  }

  #send(message: WorkerMessage): void {
    this.#components.channel.send(message)
  }
}

/** The generated message type has a mutable list. */
function samplingOf({ sampling }: Pick<RequestBody<'score'>, 'sampling'>): SamplingParams {
  return { ...sampling, logitBias: [...sampling.logitBias] }
}
