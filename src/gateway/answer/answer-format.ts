/**
 * What the two completion endpoints write: whole answers, and the frames of streams. Frames are put together from parts that are
 * serialised once for each answer; only the piece of text itself is serialised for each token.
 */
import type { ModelText } from '../../models/text.ts'
import { TOP_SCORES } from '../../protocol/inference.ts'
import type { PositionScores } from '../../protocol/sampling/scores.ts'
import { logProbability } from '../../protocol/sampling/scores.ts'
import type { AnswerPiece, ScoredToken } from './answer-text.ts'
import type { ChoiceEnd } from './follow-orders.ts'

export interface AnswerHead {
  readonly id: string
  /** Seconds since the Unix epoch. */
  readonly created: number
  readonly model: string
  /** Streams only: a last chunk with the usage is wanted, and `usage: null` in the others. */
  readonly includeUsage: boolean
}

export interface Usage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}

export interface WholeChoice {
  readonly index: number
  readonly piece: AnswerPiece
  readonly end: ChoiceEnd
}

export interface AnswerFormat {
  /** The first frame of a choice, or nothing. */
  opening(index: number): string
  piece(index: number, piece: AnswerPiece): string
  /** The last frame of a choice: why it ended, and the order behind it in the additional field `tailrace`. */
  ending(index: number, end: ChoiceEnd): string
  usage(usage: Usage): string
  whole(choices: readonly WholeChoice[], usage: Usage): string
}

export const DONE_FRAME = 'data: [DONE]\n\n'

export function dataFrame(json: string): string {
  return `data: ${json}\n\n`
}

/** OpenAI's chat form: `delta` in streams, `message` in whole answers. */
export function createChatFormat(head: AnswerHead, logprobs: LogprobWriter | undefined): AnswerFormat {
  const frames = createFrames(head, 'chat.completion.chunk')
  const logprobsOf = (piece: AnswerPiece): string => (logprobs === undefined ? 'null' : logprobs.chat(piece.tokens))
  return {
    opening: (index) => frames.choice(index, '"delta":{"role":"assistant","content":""}', 'null', null),
    piece: (index, piece) =>
      frames.choice(index, `"delta":{"content":${JSON.stringify(piece.text)}}`, logprobsOf(piece), null),
    ending: (index, end) => frames.choice(index, '"delta":{}', 'null', end),
    usage: frames.usage,
    whole: (choices, usage) =>
      wholeAnswer(head, 'chat.completion', choices, usage, ({ piece }) => {
        const message = `"message":{"role":"assistant","content":${JSON.stringify(piece.text)},"refusal":null}`
        return `${message},"logprobs":${logprobsOf(piece)}`
      }),
  }
}

/** OpenAI's older form: `text` everywhere. */
export function createLegacyFormat(head: AnswerHead, logprobs: LogprobWriter | undefined): AnswerFormat {
  const frames = createFrames(head, 'text_completion')
  const logprobsOf = (piece: AnswerPiece): string => (logprobs === undefined ? 'null' : logprobs.legacy(piece.tokens))
  return {
    opening: () => '',
    piece: (index, piece) => frames.choice(index, `"text":${JSON.stringify(piece.text)}`, logprobsOf(piece), null),
    ending: (index, end) => frames.choice(index, '"text":""', 'null', end),
    usage: frames.usage,
    whole: (choices, usage) =>
      wholeAnswer(
        head,
        'text_completion',
        choices,
        usage,
        ({ piece }) => `"text":${JSON.stringify(piece.text)},"logprobs":${logprobsOf(piece)}`,
      ),
  }
}

interface Frames {
  choice(index: number, content: string, logprobs: string, end: ChoiceEnd | null): string
  usage(usage: Usage): string
}

function createFrames(head: AnswerHead, object: string): Frames {
  const start = `data: {${headJson(head, object)},"choices":[`
  const close = head.includeUsage ? ',"usage":null}\n\n' : '}\n\n'
  return {
    choice: (index, content, logprobs, end) => {
      const finish = end === null ? 'null' : JSON.stringify(end.finish)
      const choice = `{"index":${index},${content},"logprobs":${logprobs},"finish_reason":${finish}}]`
      return end === null
        ? `${start}${choice}${close}`
        : `${start}${choice},"tailrace":${tailraceJson([{ index, end }])}${close}`
    },
    usage: (usage) => `${start}],"usage":${JSON.stringify(usage)}}\n\n`,
  }
}

function wholeAnswer(
  head: AnswerHead,
  object: string,
  choices: readonly WholeChoice[],
  usage: Usage,
  content: (choice: WholeChoice) => string,
): string {
  const list = choices.map(
    (choice) => `{"index":${choice.index},${content(choice)},"finish_reason":${JSON.stringify(choice.end.finish)}}`,
  )
  const tail = `"usage":${JSON.stringify(usage)},"tailrace":${tailraceJson(choices)}`
  return `{${headJson(head, object)},"choices":[${list.join(',')}],${tail}}`
}

function headJson(head: AnswerHead, object: string): string {
  return JSON.stringify({ id: head.id, object, created: head.created, model: head.model }).slice(1, -1)
}

function tailraceJson(choices: readonly { readonly index: number; readonly end: ChoiceEnd }[]): string {
  const orders = choices.map(({ index, end }) => ({
    index,
    order: end.orderHash,
    executor: end.executor,
    receipt: end.receiptHash,
    price_utail: end.pricePaid.toString(),
  }))
  return JSON.stringify({ orders })
}

const encoder = new TextEncoder()

/** Log-probabilities in OpenAI's two forms, with at most `topCount` alternatives. */
export class LogprobWriter {
  readonly #text: ModelText
  readonly #topCount: number
  readonly #tokenTexts = new Map<number, string>()

  constructor(text: ModelText, topCount: number) {
    this.#text = text
    this.#topCount = Math.min(topCount, TOP_SCORES)
  }

  chat(tokens: readonly ScoredToken[]): string {
    const content = tokens.map(({ token, scores }) => ({
      ...this.#entry(token, logprobOf(scores.chosen, scores)),
      top_logprobs: scores.top
        .slice(0, this.#topCount)
        .map((one) => this.#entry(one.token, logprobOf(one.score, scores))),
    }))
    return JSON.stringify({ content, refusal: null })
  }

  legacy(tokens: readonly ScoredToken[]): string {
    return JSON.stringify({
      text_offset: tokens.map(({ offset }) => offset),
      token_logprobs: tokens.map(({ scores }) => logprobOf(scores.chosen, scores)),
      tokens: tokens.map(({ token }) => this.#textOf(token)),
      top_logprobs: this.#topCount === 0 ? null : tokens.map((entry) => this.#legacyTop(entry)),
    })
  }

  /** Texts may repeat (pieces of characters): the better one stays. The chosen token is always in it. */
  #legacyTop({ token, scores }: ScoredToken): Record<string, number> {
    const best = new Map<string, number>()
    for (const one of [...scores.top.slice(0, this.#topCount), { token, score: scores.chosen }]) {
      const text = this.#textOf(one.token)
      if (!best.has(text)) {
        best.set(text, logprobOf(one.score, scores))
      }
    }
    return Object.fromEntries(best)
  }

  #entry(token: number, logprob: number): { token: string; logprob: number; bytes: number[] | null } {
    const text = this.#textOf(token)
    // A piece of a character has no text of its own, so its bytes are not known here.
    const bytes = text.includes('\ufffd') ? null : [...encoder.encode(text)]
    return { token: text, logprob, bytes }
  }

  #textOf(token: number): string {
    const known = this.#tokenTexts.get(token)
    if (known !== undefined) {
      return known
    }
    const text = this.#text.decode([token])
    this.#tokenTexts.set(token, text)
    return text
  }
}

/** Of a score among those of its position. */
function logprobOf(score: number, { logSumExp }: PositionScores): number {
  return logProbability(score, logSumExp)
}
