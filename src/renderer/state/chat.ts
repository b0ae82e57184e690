/**
 * The playground's conversation. It belongs to the tab and outlives the page that shows it. Invariant: at most one turn is
 * under way, and each turn ends once: answered, stopped or failed.
 */
import type { ChatEvent, ChatInput } from '../../ipc/wires/developer-wire.ts'
import { MAX_CHAT_MESSAGES } from '../../ipc/wires/developer-wire.ts'
import type { ChatTurn } from './chat-turn.ts'
import type { ScreenStore } from './screen-store.ts'

export interface ChatSettings {
  readonly model: string
  readonly temperature: number
  readonly maxTokens: number
  /** Sends the turns before as well. */
  readonly withEarlierTurns: boolean
}

/** Streams one answer; fails only by an event or by rejecting with a coded error. */
export type ChatStream = (input: ChatInput, signal: AbortSignal) => Promise<AsyncIterable<ChatEvent>>

export interface ChatActions {
  /** Does nothing while a turn is under way. Never rejects. */
  send(prompt: string, settings: ChatSettings): Promise<void>
  /** Cancels the order of the turn that is under way. */
  stop(): void
  clear(): void
}

const KEPT_TURNS = 50
const MAX_PROMPT_CHARACTERS = 16_384
const MAX_ANSWER_CHARACTERS = 262_144

export interface ChatComponents {
  readonly store: ScreenStore
  readonly stream: ChatStream
  /** Code and text of whatever the stream throws. */
  readonly failureOf: (error: unknown) => { readonly code: string; readonly message: string }
}

export function createChatActions({ store, stream, failureOf }: ChatComponents): ChatActions {
  let running: AbortController | undefined
  const change = (difference: Partial<ChatTurn>) => {
    store.setState(({ chat }) => {
      const last = chat.at(-1)
      return last === undefined ? {} : { chat: [...chat.slice(0, -1), { ...last, ...difference }] }
    })
  }
  async function follow(input: ChatInput, signal: AbortSignal): Promise<void> {
    let answer = ''
    for await (const event of await stream(input, signal)) {
      if (signal.aborted) {
        break
      }
      switch (event.type) {
        case 'text':
          answer = (answer + event.text).slice(0, MAX_ANSWER_CHARACTERS)
          change({ answer })
          break
        case 'done':
          change({ state: 'done', end: event })
          return
        case 'failed':
          change({ state: 'failed', failure: event })
          return
      }
    }
    change(signal.aborted ? { state: 'stopped' } : { state: 'failed', failure: { code: 'stream_ended', message: '' } })
  }
  return {
    async send(prompt, settings) {
      if (running !== undefined) {
        return
      }
      const own = new AbortController()
      running = own
      const earlier = settings.withEarlierTurns ? store.getState().chat : []
      const turn: ChatTurn = { prompt, answer: '', state: 'streaming', end: undefined, failure: undefined }
      store.setState(({ chat }) => ({ chat: [...chat.slice(1 - KEPT_TURNS), turn] }))
      try {
        await follow(inputOf(prompt, earlier, settings), own.signal)
      } catch (error) {
        change(own.signal.aborted ? { state: 'stopped' } : { state: 'failed', failure: failureOf(error) })
      } finally {
        running = undefined
      }
    },
    stop: () => running?.abort(),
    clear: () => {
      if (running === undefined) {
        store.setState({ chat: [] })
      }
    },
  }
}

/** The newest turns that fit; an answer that failed is no part of a conversation. */
function inputOf(prompt: string, earlier: readonly ChatTurn[], settings: ChatSettings): ChatInput {
  const before = earlier
    .filter(({ state, answer }) => answer !== '' && state !== 'failed')
    .slice(-Math.floor((MAX_CHAT_MESSAGES - 1) / 2))
    .flatMap((turn) => [
      { role: 'user' as const, content: turn.prompt },
      { role: 'assistant' as const, content: turn.answer.slice(0, MAX_PROMPT_CHARACTERS) },
    ])
  return {
    model: settings.model,
    messages: [...before, { role: 'user', content: prompt.slice(0, MAX_PROMPT_CHARACTERS) }],
    temperature: settings.temperature,
    maxTokens: settings.maxTokens,
  }
}
