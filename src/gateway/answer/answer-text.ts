/**
 * One order's tokens as the text that a client may see. Invariant: each character comes once, in order, never a part of a stop
 * text, never the text of an end token, never half a character; the log-probabilities of a token come with its first character.
 */
import type { StreamDecoder } from '../../models/stream-decoder.ts'
import type { GeneratedTokens } from '../../protocol/inference.ts'
import type { PositionScores } from '../../protocol/sampling/scores.ts'
import { decodeScores } from '../../protocol/sampling/scores.ts'
import type { GatewayModel } from '../ports.ts'
import { StopFilter } from './stop-filter.ts'

export interface ScoredToken {
  readonly token: number
  /** Characters of the answer before it. */
  readonly offset: number
  readonly scores: PositionScores
}

/** What may be shown now. */
export interface AnswerPiece {
  readonly text: string
  /** Empty where no log-probabilities are wanted. */
  readonly tokens: readonly ScoredToken[]
}

export interface AnswerTextOptions {
  readonly stop: readonly string[]
  readonly maxTokens: number
  /** Log-probabilities are wanted. */
  readonly wantsScores: boolean
}

const NO_TOKENS: readonly ScoredToken[] = []

export class AnswerText {
  readonly #eosTokens: ReadonlySet<number>
  readonly #decoder: StreamDecoder
  readonly #filter: StopFilter
  readonly #options: AnswerTextOptions
  #outputTokens = 0
  #isEnded = false
  #isExcessive = false
  /** Characters decoded, and of these shown. */
  #decodedLength = 0
  #shownLength = 0
  #waiting: ScoredToken[] = []

  constructor(model: Pick<GatewayModel, 'eosTokens' | 'text'>, options: AnswerTextOptions) {
    this.#eosTokens = new Set(model.eosTokens)
    this.#decoder = model.text.createStreamDecoder()
    this.#filter = new StopFilter(options.stop)
    this.#options = options
  }

  /** Tokens that the executor delivered, the end token and those of a stop text included: what is paid. */
  get outputTokens(): number {
    return this.#outputTokens
  }

  /** An end token or a stop text was seen: nothing more will be shown. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** The executor sends more than was ordered: it should be told to stop. */
  get isExcessive(): boolean {
    return this.#isExcessive
  }

  /** @throws CodedError `invalid_scores` where scores are wanted and are none. */
  push(chunk: GeneratedTokens): AnswerPiece {
    const scores = this.#options.wantsScores ? decodeScores(chunk.scores, chunk.tokens.length) : []
    let text = ''
    for (let position = 0; position < chunk.tokens.length; position++) {
      if (this.#isEnded || this.#outputTokens >= this.#options.maxTokens) {
        this.#isExcessive = true
        break
      }
      text += this.#accept(chunk.tokens[position] as number, scores[position])
    }
    return this.#piece(text)
  }

  /** What was held back, at the end. */
  finish(): AnswerPiece {
    let text = ''
    if (!this.#filter.isStopped) {
      text = this.#filter.push(this.#decoder.flush())
      this.#isEnded ||= this.#filter.isStopped
      text += this.#filter.flush()
    }
    const piece = this.#piece(text)
    if (this.#filter.isStopped) {
      return piece
    }
    // Tokens without text of their own, such as special ones at the end.
    return { text: piece.text, tokens: [...piece.tokens, ...this.#waiting.splice(0)] }
  }

  #accept(token: number, scores: PositionScores | undefined): string {
    this.#outputTokens++
    if (this.#eosTokens.has(token)) {
      this.#isEnded = true
      return ''
    }
    if (scores !== undefined) {
      this.#waiting.push({ token, offset: this.#decodedLength, scores })
    }
    const decoded = this.#decoder.push([token])
    this.#decodedLength += decoded.length
    const shown = this.#filter.push(decoded)
    this.#isEnded ||= this.#filter.isStopped
    return shown
  }

  #piece(text: string): AnswerPiece {
    this.#shownLength += text.length
    const waiting = this.#waiting.findIndex((entry) => entry.offset >= this.#shownLength)
    const count = waiting === -1 ? this.#waiting.length : waiting
    return { text, tokens: count === 0 ? NO_TOKENS : this.#waiting.splice(0, count) }
  }
}
