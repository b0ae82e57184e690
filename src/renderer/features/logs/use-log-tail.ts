import { useEffect, useState } from 'react'
import type { LogLine } from '../../../ipc/wires/machine-wire.ts'
import { MAX_LOG_LINES } from '../../../ipc/wires/machine-wire.ts'
import type { Loaded } from '../../state/use-screen.ts'
import { useLoaded } from '../../state/use-screen.ts'
import type { LogLevelName } from './log-words.ts'

/** How often a log that is followed is read. */
const FOLLOW_MS = 2_000
/** How long a filter rests before it is asked for. */
const TYPING_MS = 300

export interface LogQuery {
  /** Undefined while the list of files is not there. */
  readonly file: string | undefined
  readonly level: LogLevelName
  readonly contains: string
}

export interface LogTail {
  readonly lines: readonly LogLine[]
  readonly isCut: boolean
}

/** The newest lines that fit the query; while it follows, again and again as long as somebody looks. */
export function useLogTail(query: LogQuery, isFollowing: boolean): Loaded<LogTail> {
  const { file, level } = query
  const contains = useRested(query.contains, TYPING_MS)
  const tail = useLoaded<LogTail>(
    async (client) =>
      file === undefined
        ? { lines: [], isCut: false }
        : client.logs.tail({ file, lines: MAX_LOG_LINES, level, contains }),
    [file, level, contains],
  )
  const { reload } = tail
  useEffect(() => {
    if (!isFollowing) {
      return
    }
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), FOLLOW_MS)
    return () => clearInterval(timer)
  }, [isFollowing, reload])
  return tail
}

function useRested(value: string, delayMs: number): string {
  const [rested, setRested] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), delayMs)
    return () => clearTimeout(timer)
  }, [value, delayMs])
  return rested
}
