import type { ChatEvent } from '../../ipc/wires/developer-wire.ts'

type ChatEnd = Extract<ChatEvent, { readonly type: 'done' }>

/** One question of the playground and its answer. */
export interface ChatTurn {
  readonly prompt: string
  readonly answer: string
  readonly state: 'streaming' | 'done' | 'stopped' | 'failed'
  readonly end: ChatEnd | undefined
  readonly failure: { readonly code: string; readonly message: string } | undefined
}
