import type { FormEvent, KeyboardEvent, ReactNode } from 'react'
import { useRef, useState } from 'react'
import type { GatewaySnapshot } from '../../../ipc/work-snapshot.ts'
import { useActions, useScreen } from '../../state/use-screen.ts'
import { isDemoModel } from './demo-model.ts'
import type { PlaygroundValues } from './playground-settings.tsx'
import { PlaygroundSettings } from './playground-settings.tsx'

const MAX_PROMPT_CHARACTERS = 4_000

function firstSettings(model: string): PlaygroundValues {
  // A model that reads 256 tokens has no room for a conversation.
  return { temperature: 0.8, maxTokens: 128, withEarlierTurns: !isDemoModel(model) }
}

interface PlaygroundFormProps {
  readonly gateway: GatewaySnapshot
  readonly isStreaming: boolean
}

/** The prompt, how it is to be answered, and one button: Send, or Stop while an answer comes. */
export function PlaygroundForm({ gateway, isStreaming }: PlaygroundFormProps): ReactNode {
  const { chat } = useActions()
  const isLinked = useScreen((state) => state.link === 'connected')
  const field = useRef<HTMLTextAreaElement>(null)
  const [prompt, setPrompt] = useState('')
  const [settings, setSettings] = useState(() => firstSettings(gateway.model))
  const canSend = isLinked && gateway.state === 'ready' && prompt.trim() !== '' && !isStreaming
  const send = (event: FormEvent | KeyboardEvent) => {
    event.preventDefault()
    if (canSend) {
      void chat.send(prompt.trim(), { ...settings, model: gateway.model })
      setPrompt('')
    }
  }
  const stop = () => {
    chat.stop()
    field.current?.focus()
  }
  return (
    <form className="playground-form" onSubmit={send}>
      <label className="only-for-readers" htmlFor="playground-prompt">
        Your prompt
      </label>
      <textarea
        id="playground-prompt"
        ref={field}
        className="playground-prompt"
        rows={2}
        maxLength={MAX_PROMPT_CHARACTERS}
        placeholder={isDemoModel(gateway.model) ? 'Begin a sentence, and it babbles on' : 'Ask your network'}
        value={prompt}
        onChange={(event) => setPrompt(event.target.value)}
        onKeyDown={(event) => isSendKey(event) && send(event)}
      />
      <div className="playground-bar">
        <PlaygroundSettings settings={settings} onChange={setSettings} />
        <SendOrStop isStreaming={isStreaming} canSend={canSend} onStop={stop} />
      </div>
    </form>
  )
}

interface SendOrStopProps {
  readonly isStreaming: boolean
  readonly canSend: boolean
  readonly onStop: () => void
}

/** Keys of their own: the button that was pressed must not become the one that submits. */
function SendOrStop({ isStreaming, canSend, onStop }: SendOrStopProps): ReactNode {
  return isStreaming ? (
    <button key="stop" type="button" className="button playground-send" data-testid="stop" onClick={onStop}>
      Stop
    </button>
  ) : (
    <button
      key="send"
      type="submit"
      className="button button-main playground-send"
      data-testid="send"
      disabled={!canSend}
    >
      Send
    </button>
  )
}

/** Enter sends, with Shift it is a new line; not while an input method composes a character. */
function isSendKey(event: KeyboardEvent): boolean {
  return event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing
}
