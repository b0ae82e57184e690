import type { KeyboardEvent, ReactNode } from 'react'
import { useId, useLayoutEffect, useRef } from 'react'
import type { LogLine } from '../../../ipc/wires/machine-wire.ts'
import { fieldsText, lineClock, lineText } from './log-words.ts'

interface LogListProps {
  readonly lines: readonly LogLine[]
  readonly isFollowing: boolean
  /** Text of the chosen line. */
  readonly chosen: string | undefined
  readonly onChoose: (text: string) => void
  readonly onCopy: () => void
}

/** Lines, oldest first. One stop for the keyboard: arrows choose a line, Enter copies it. */
export function LogList({ lines, isFollowing, chosen, onChoose, onCopy }: LogListProps): ReactNode {
  const list = useRef<HTMLDivElement>(null)
  const id = useId()
  const texts = lines.map(lineText)
  const index = chosen === undefined ? -1 : texts.lastIndexOf(chosen)
  // biome-ignore lint/correctness/useExhaustiveDependencies: at each new line, to its end.
  useLayoutEffect(() => {
    if (isFollowing && list.current !== null) {
      list.current.scrollTop = list.current.scrollHeight
    }
  }, [isFollowing, lines])
  const move = (event: KeyboardEvent) => {
    const step = { ArrowUp: -1, ArrowDown: 1, Home: -lines.length, End: lines.length }[event.key]
    if (event.key === 'Enter' && index >= 0) {
      onCopy()
    }
    if (step === undefined || lines.length === 0) {
      return
    }
    event.preventDefault()
    const from = index < 0 ? (step < 0 ? lines.length : -1) : index
    const next = Math.min(lines.length - 1, Math.max(0, from + step))
    onChoose(texts[next] ?? '')
    document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: 'nearest' })
  }
  return (
    <div
      ref={list}
      className="log"
      role="listbox"
      aria-label="Log lines"
      tabIndex={0}
      aria-activedescendant={index < 0 ? undefined : `${id}-${index}`}
      onKeyDown={move}
      data-testid="log"
    >
      {lines.map((line, position) => (
        <LogRow
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name of their own, and equal ones are equal.
          key={position}
          id={`${id}-${position}`}
          line={line}
          isChosen={position === index}
          onChoose={() => onChoose(texts[position] ?? '')}
        />
      ))}
    </div>
  )
}

interface LogRowProps {
  readonly id: string
  readonly line: LogLine
  readonly isChosen: boolean
  readonly onChoose: () => void
}

function LogRow({ id, line, isChosen, onChoose }: LogRowProps): ReactNode {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys, for all of its lines.
    <div
      id={id}
      className="log-line"
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      data-level={line.level}
      data-testid="log-line"
      onClick={onChoose}
    >
      <time className="log-at" title={line.at} dateTime={line.at}>
        {lineClock(line.at)}
      </time>
      <span className="log-level">{line.level}</span>
      <span className="log-text">
        {line.scope !== '' && <span className="log-scope">{line.scope} </span>}
        <span className="log-message">{line.message}</span>
        <span className="log-fields"> {fieldsText(line.fields)}</span>
      </span>
    </div>
  )
}
