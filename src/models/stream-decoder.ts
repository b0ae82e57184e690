/**
 * Text of a growing list of tokens, piece by piece. A character's bytes may be spread over tokens; until they are all there the text
 * ends in one U+FFFD, which is held back. Each token is decoded together with the tokens of the last finished piece, because some
 * decoders treat the first token differently (a leading space goes), and never with more: long outputs cost no more per token.
 */
export interface StreamDecoder {
  /** The text that is certain after these tokens: an incomplete character is held back. */
  push(tokens: readonly number[]): string
  /** What was held back. The decoder is then as new. */
  flush(): string
}

export interface StreamDecoderPort {
  /** False for tokens that have no text: special ones, and ids that the tokenizer does not know. */
  isText(token: number): boolean
  /** Text of text tokens only; empty for none. */
  decodeText(tokens: number[]): string
}

const REPLACEMENT = '\ufffd'
/** A character has at most four bytes: with more tokens than that, what is held back is rather broken than incomplete. */
const USUAL_PENDING = 8
/** No text of people comes here: from here on what is incomplete is given out as U+FFFD, so that a token's cost stays bounded. */
const MOST_PENDING = 1_024

export function createStreamDecoder(port: StreamDecoderPort): StreamDecoder {
  return new TextWindow(port)
}

class TextWindow implements StreamDecoder {
  readonly #port: StreamDecoderPort
  /** Tokens of the last finished piece and their text. */
  #context: number[] = []
  #contextText = ''
  /** Tokens since, and how much of their text was given out. */
  #pending: number[] = []
  #given = 0

  constructor(port: StreamDecoderPort) {
    this.#port = port
  }

  push(tokens: readonly number[]): string {
    let out = ''
    for (const token of tokens) {
      out += this.#port.isText(token) ? this.#pushOne(token) : ''
    }
    return out
  }

  flush(): string {
    const text = this.#textAfterContext(this.#pending).slice(this.#given)
    this.#finish([])
    return text
  }

  #pushOne(token: number): string {
    this.#pending.push(token)
    const text = this.#textAfterContext(this.#pending)
    const isFinished = !text.endsWith(REPLACEMENT) || this.#pending.length >= MOST_PENDING
    const certain = isFinished ? text.length : text.length - 1
    const piece = text.slice(this.#given, certain)
    this.#given = certain
    if (isFinished) {
      this.#finish(this.#pending)
    } else if (this.#pending.length > USUAL_PENDING) {
      this.#finishBroken(text, token)
    }
    return piece
  }

  /**
   * Where the last token does not go on with the bytes before it, the text is that of both parts joined, and what comes later can
   * change the last part alone. (If it did go on, the joined parts would have one U+FFFD more.)
   */
  #finishBroken(text: string, last: number): void {
    const before = this.#pending.slice(0, -1)
    const beforeText = this.#textAfterContext(before)
    if (beforeText + this.#port.decodeText([last]) === text) {
      const given = this.#given - beforeText.length
      this.#finish(before)
      this.#pending = [last]
      this.#given = given
    }
  }

  #finish(tokens: number[]): void {
    this.#context = tokens
    this.#contextText = this.#port.decodeText(tokens)
    this.#pending = []
    this.#given = 0
  }

  #textAfterContext(tokens: readonly number[]): string {
    return this.#port.decodeText([...this.#context, ...tokens]).slice(this.#contextText.length)
  }
}
