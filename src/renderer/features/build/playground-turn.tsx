import type { ReactNode } from 'react'
import type { NetworkHost } from '../../../ipc/snapshot.ts'
import { formatCount, formatTail } from '../../format/amounts.ts'
import type { ChatTurn } from '../../state/chat-turn.ts'
import { chatFailureSentence } from '../words/failures.ts'
import { hostName } from './host-name.ts'

interface PlaygroundTurnProps {
  readonly turn: ChatTurn
  readonly hosts: readonly NetworkHost[]
}

export function PlaygroundTurn({ turn, hosts }: PlaygroundTurnProps): ReactNode {
  return (
    <li className="turn" data-state={turn.state} data-testid="turn" aria-busy={turn.state === 'streaming'}>
      <p className="turn-prompt">
        <span className="only-for-readers">You: </span>
        {turn.prompt}
      </p>
      {(turn.answer !== '' || turn.state === 'streaming') && (
        <p className="turn-answer">
          <span className="only-for-readers">Answer: </span>
          {turn.answer}
          {turn.state === 'streaming' && <span className="turn-caret" aria-hidden="true" />}
        </p>
      )}
      <p className="turn-end number" data-tone={turn.state === 'failed' ? 'bad' : 'plain'}>
        {turnStatus(turn, hosts)}
      </p>
    </li>
  )
}

/** How a turn goes or went, in words; also said to a screen reader when it changes. */
export function turnStatus({ state, answer, end, failure }: ChatTurn, hosts: readonly NetworkHost[]): string {
  switch (state) {
    case 'streaming':
      return answer === '' ? 'A host is being drawn.' : 'Answering.'
    case 'stopped':
      return 'Stopped. What was delivered until then is paid.'
    case 'failed':
      return failure === undefined ? 'It failed.' : chatFailureSentence(failure.code, failure.message)
    case 'done':
      return end === undefined
        ? 'Done.'
        : `${answeredBy(hostName(end.executor, hosts))} · ${formatCount(end.promptTokens)} + ${formatCount(end.outputTokens)} tokens · ${formatTail(end.price)} TAIL${end.finish === 'length' ? ' · cut at max tokens' : ''}`
  }
}

function answeredBy(name: string): string {
  return name === 'You' ? 'Answered by you' : `Answered by ${name}`
}
