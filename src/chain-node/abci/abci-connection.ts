import type { Socket } from 'node:net'
import { CodedError, errorCode, errorMessage } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import type { AbciRequest } from '../../protocol/abci/codec.ts'
import { decodeAbciRequest, encodeAbciException } from '../../protocol/abci/codec.ts'
import { ABCI_LIMITS } from './abci-limits.ts'
import { FrameDecoder } from './frame-decoder.ts'

/** Answers one request with the bytes that go back. */
export type AnswerRequest = (request: AbciRequest) => Uint8Array | Promise<Uint8Array>

export interface ConnectionComponents {
  readonly answer: AnswerRequest
  /** Of a request that could not be decoded or answered; its connection ends. */
  readonly onFailure?: (error: unknown) => void
  readonly clock: Clock
  readonly logger: Logger
}

export type ConnectionLimits = { readonly [Name in keyof typeof ABCI_LIMITS]: number }

/**
 * One connection of CometBFT. Invariant: requests are answered one after the other, in the order in which they came; while the
 * peer does not read, nothing of it is read either; whatever it sends, only this connection ends.
 */
export class AbciConnection {
  readonly #socket: Socket
  readonly #components: ConnectionComponents
  readonly #limits: ConnectionLimits
  readonly #decoder = new FrameDecoder()
  readonly #closed = new AbortController()
  #isWorking = false
  #isEnded = false
  /** The peer waits for us: it is not stuck. */
  #isAnswering = false
  /** Counts what moves: a peer is stuck when it waits for something and this stands still. */
  #progress = 0

  constructor(socket: Socket, components: ConnectionComponents, limits: ConnectionLimits = ABCI_LIMITS) {
    this.#socket = socket
    this.#components = components
    this.#limits = limits
    socket.setNoDelay(true)
    socket.setKeepAlive(true)
    socket.on('data', (chunk: Uint8Array) => this.#take(chunk))
    socket.on('error', (error) => components.logger.log('debug', 'connection error', { error: errorMessage(error) }))
    socket.on('close', () => this.#closed.abort())
    void this.#watch()
  }

  /** Ends it; a last answer that tells the peer why still goes. */
  close(): void {
    if (this.#isEnded) {
      this.#socket.destroySoon()
    } else {
      this.#socket.destroy()
    }
  }

  #take(chunk: Uint8Array): void {
    this.#progress += 1
    if (this.#isEnded) {
      return
    }
    this.#decoder.push(chunk)
    void this.#work()
  }

  async #work(): Promise<void> {
    if (this.#isWorking) {
      return
    }
    this.#isWorking = true
    this.#socket.pause()
    try {
      let handled = 0
      this.#socket.cork()
      for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) {
        this.#isAnswering = true
        const answer = this.#components.answer(decodeAbciRequest(frame))
        this.#socket.write(answer instanceof Uint8Array ? answer : await answer)
        this.#isAnswering = false
        this.#progress += 1
        handled += 1
        if (handled % this.#limits.turn === 0 || this.#socket.writableLength > this.#limits.unreadBytes) {
          await this.#rest()
        }
      }
      this.#socket.uncork()
      await this.#drained()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isWorking = false
    }
    if (!this.#isEnded) {
      this.#socket.resume()
    }
  }

  /** Lets the answers go and the other connections have their turn. */
  async #rest(): Promise<void> {
    this.#socket.uncork()
    await this.#drained()
    await new Promise((resolve) => setImmediate(resolve))
    this.#socket.cork()
  }

  async #drained(): Promise<void> {
    const socket = this.#socket
    if (socket.writableLength > this.#limits.unreadBytes && !this.#closed.signal.aborted) {
      await new Promise<void>((resolve) => {
        const settle = (): void => {
          socket.off('drain', settle).off('close', settle)
          resolve()
        }
        socket.once('drain', settle).once('close', settle)
      })
    }
    if (this.#closed.signal.aborted) {
      throw new CodedError('connection_closed', 'the peer left before it read its answers')
    }
  }

  /** Tells the peer where it still can be told, and ends the connection: what follows a broken frame means nothing. */
  #fail(error: unknown): void {
    this.#isEnded = true
    this.#isAnswering = false
    if (errorCode(error) === 'connection_closed') {
      return
    }
    const { logger, onFailure } = this.#components
    const text = `${errorCode(error)}: ${errorMessage(error)}`
    logger.log('error', 'request refused, connection closed', { error: text })
    this.#socket.uncork()
    if (this.#socket.writable) {
      this.#socket.end(encodeAbciException(text))
      this.#socket.destroySoon()
      // What still comes is read and dropped: unread bytes would make the system take back the answer.
      this.#socket.resume()
    }
    onFailure?.(error)
  }

  async #watch(): Promise<void> {
    const { clock, logger } = this.#components
    const { signal } = this.#closed
    try {
      for (let seen = -1; !signal.aborted; ) {
        const isOwed = this.#decoder.sizeBytes > 0 || this.#socket.writableLength > 0
        if (isOwed && !this.#isAnswering && seen === this.#progress) {
          logger.log('warn', 'a peer neither went on nor read its answers, connection closed', {
            unfinishedBytes: this.#decoder.sizeBytes,
            unreadBytes: this.#socket.writableLength,
          })
          this.#socket.destroy()
          return
        }
        seen = this.#progress
        await clock.sleep(this.#limits.stuckMs, signal)
      }
    } catch {
      // The clock wakes sleepers when the connection closes.
    }
  }
}
