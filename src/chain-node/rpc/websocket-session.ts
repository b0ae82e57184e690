/** One WebSocket: any method, and subscriptions whose events carry the subscribe call's id, as CometBFT sends them. */
import type { RawData, WebSocket } from 'ws'
import { QUERY_LIMITS, RPC_LIMITS } from '../limits.ts'
import type { RpcDispatcher } from './dispatcher.ts'
import type { EventFeed, FeedEvent } from './event-feed.ts'
import type { Condition } from './event-query.ts'
import { matchesQuery, parseQuery } from './event-query.ts'
import type { RpcId, RpcRequest, RpcResponse } from './json-rpc.ts'
import { decodeBody, errorResponse, isRequest, RpcError, resultResponse } from './json-rpc.ts'
import { decodeArguments, text } from './parameters.ts'

interface Components {
  readonly dispatcher: RpcDispatcher
  readonly feed: EventFeed
  readonly signal: AbortSignal
}

interface Subscription {
  readonly id: RpcId
  readonly query: string
  readonly conditions: readonly Condition[]
}

export class WebSocketSession {
  readonly #socket: WebSocket
  readonly #components: Components
  readonly #subscriptions = new Map<string, Subscription>()
  #stopListening: (() => void) | undefined
  #inFlight = 0
  #isAlive = true

  constructor(socket: WebSocket, components: Components) {
    this.#socket = socket
    this.#components = components
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    socket.on('pong', () => {
      this.#isAlive = true
    })
    socket.on('close', () => this.#stopListening?.())
    socket.on('error', () => socket.terminate())
  }

  /** Closes a socket whose last ping was not answered, else pings again. */
  probe(): void {
    if (!this.#isAlive) {
      this.#socket.terminate()
      return
    }
    this.#isAlive = false
    this.#socket.ping()
  }

  close(): void {
    this.#stopListening?.()
    this.#socket.close(1001)
    this.#socket.terminate()
  }

  #receive(data: RawData, isBinary: boolean): void {
    const { entries, isBatch } = decodeBody(isBinary ? '' : String(data))
    if (isBatch) {
      this.#send(errorResponse(null, 'request', 'no batches over a WebSocket'))
      return
    }
    for (const entry of entries) {
      if (isRequest(entry)) {
        this.#handle(entry)
      } else {
        this.#send(entry)
      }
    }
  }

  #handle(request: RpcRequest): void {
    const id = request.id ?? null
    if (this.#inFlight >= RPC_LIMITS.inFlight) {
      this.#send(errorResponse(id, 'internal', `at most ${RPC_LIMITS.inFlight} requests at a time`))
      return
    }
    const own = this.#answerSubscription(request)
    if (own !== undefined) {
      this.#send(own)
      return
    }
    this.#inFlight += 1
    void this.#components.dispatcher.answer(request, this.#components.signal).then((response) => {
      this.#inFlight -= 1
      if (response !== undefined) {
        this.#send(response)
      }
    })
  }

  /** Undefined where the method is not about subscriptions. */
  #answerSubscription(request: RpcRequest): RpcResponse | undefined {
    const id = request.id ?? null
    try {
      switch (request.method) {
        case 'subscribe':
          this.#subscribe(id, queryOf(request))
          break
        case 'unsubscribe':
          if (!this.#subscriptions.delete(queryOf(request))) {
            throw new RpcError('internal', 'subscription not found')
          }
          break
        case 'unsubscribe_all':
          this.#subscriptions.clear()
          break
        default:
          return undefined
      }
      return resultResponse(id, {})
    } catch (error) {
      if (error instanceof RpcError) {
        return errorResponse(id, error.kind, error.detail)
      }
      throw error
    }
  }

  #subscribe(id: RpcId, query: string): void {
    const conditions = parseQuery(query)
    if (this.#subscriptions.has(query)) {
      throw new RpcError('internal', 'already subscribed')
    }
    if (this.#subscriptions.size >= RPC_LIMITS.subscriptionsPerClient) {
      throw new RpcError('internal', `at most ${RPC_LIMITS.subscriptionsPerClient} subscriptions a client`)
    }
    this.#subscriptions.set(query, { id, query, conditions })
    this.#stopListening ??= this.#components.feed.listen((event) => this.#forward(event))
  }

  #forward(event: FeedEvent): void {
    for (const { id, query, conditions } of this.#subscriptions.values()) {
      if (matchesQuery(conditions, event.attributes)) {
        const events = JSON.stringify(event.attributes)
        const result = `{"query":${JSON.stringify(query)},"data":${event.data()},"events":${events}}`
        this.#sendText(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`)
      }
    }
  }

  #send(response: RpcResponse): void {
    this.#sendText(JSON.stringify(response))
  }

  /** A reader that does not keep up is dropped: its unread answers are memory of this node. */
  #sendText(message: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) {
      return
    }
    if (this.#socket.bufferedAmount > RPC_LIMITS.socketBufferBytes) {
      this.#socket.terminate()
      return
    }
    this.#socket.send(message)
  }
}

function queryOf(request: RpcRequest): string {
  const { query } = decodeArguments({ query: text }, request.params)
  if (query.length > QUERY_LIMITS.characters) {
    throw new RpcError('params', `a query has at most ${QUERY_LIMITS.characters} characters`)
  }
  return query
}
