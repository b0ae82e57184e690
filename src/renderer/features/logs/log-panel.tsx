import type { ReactNode } from 'react'
import { useState } from 'react'
import type { ScreenClient } from '../../../ipc/screen-client.ts'
import { formatBytes } from '../../format/amounts.ts'
import { useLoaded } from '../../state/use-screen.ts'
import { Segments } from '../app/segments.tsx'
import { LogList } from './log-list.tsx'
import type { LogLevelName } from './log-words.ts'
import { LEVEL_NAMES, logErrorWords } from './log-words.ts'
import type { LogQuery, LogTail } from './use-log-tail.ts'
import { useLogTail } from './use-log-tail.ts'

const MAX_FILTER_CHARACTERS = 128

type LogInfo = Awaited<ReturnType<ScreenClient['logs']['info']>>

/** One file at a time, its newest lines, filtered. */
export function LogPanel(): ReactNode {
  const info = useLoaded<LogInfo>((client) => client.logs.info(), [])
  const [named, setNamed] = useState<string | undefined>(undefined)
  const [level, setLevel] = useState<LogLevelName>('info')
  const [contains, setContains] = useState('')
  const [isFollowing, setFollowing] = useState(true)
  const [chosen, setChosen] = useState<string | undefined>(undefined)
  const [copied, setCopied] = useState('')
  const files = info.value?.files ?? []
  const file = named ?? (files.find(({ name }) => name === 'app.log') ?? files[0])?.name
  const tail = useLogTail({ file, level, contains }, isFollowing)
  const choose = (text: string) => {
    setChosen(text)
    setCopied('')
    // A line that runs away cannot be read.
    setFollowing(false)
  }
  const copy = async () => setCopied(await copyText(chosen ?? ''))
  const error = info.error ?? tail.error
  return (
    <section className="panel log-panel" aria-label="Log">
      <div className="log-bar">
        <LogFilter
          files={files}
          query={{ file, level, contains }}
          onFile={setNamed}
          onLevel={setLevel}
          onContains={setContains}
        />
        <ChosenLine
          chosen={chosen}
          isFollowing={isFollowing}
          copied={copied}
          onFollow={setFollowing}
          onCopy={() => void copy()}
        />
      </div>
      {error !== undefined && (
        <p className="flow-fault" role="alert" data-testid="log-fault">
          {logErrorWords(error.code)}
        </p>
      )}
      <LogList
        lines={tail.value?.lines ?? []}
        isFollowing={isFollowing}
        chosen={chosen}
        onChoose={choose}
        onCopy={() => void copy()}
      />
      <p className="log-foot" data-testid="log-foot">
        {footWords(tail.value, tail.state === 'loading', contains !== '')}
      </p>
    </section>
  )
}

interface LogFilterProps {
  readonly files: LogInfo['files']
  readonly query: LogQuery
  readonly onFile: (file: string) => void
  readonly onLevel: (level: LogLevelName) => void
  readonly onContains: (text: string) => void
}

function LogFilter({ files, query, onFile, onLevel, onContains }: LogFilterProps): ReactNode {
  return (
    <>
      <label className="log-file">
        <span className="only-for-readers">File</span>
        <select className="input" value={query.file ?? ''} onChange={(event) => onFile(event.target.value)}>
          {files.map(({ name, sizeBytes }) => (
            <option key={name} value={name}>
              {name} ({formatBytes(sizeBytes)})
            </option>
          ))}
        </select>
      </label>
      <Segments legend="Least level" group="log-filter" segments={LEVEL_NAMES} value={query.level} onChange={onLevel} />
      <input
        type="search"
        className="input log-search"
        placeholder="Only lines with …"
        aria-label="Only lines that contain"
        autoComplete="off"
        spellCheck={false}
        maxLength={MAX_FILTER_CHARACTERS}
        value={query.contains}
        onChange={(event) => onContains(event.target.value)}
      />
    </>
  )
}

interface ChosenLineProps {
  readonly chosen: string | undefined
  readonly isFollowing: boolean
  readonly copied: string
  readonly onFollow: (isFollowing: boolean) => void
  readonly onCopy: () => void
}

function ChosenLine({ chosen, isFollowing, copied, onFollow, onCopy }: ChosenLineProps): ReactNode {
  return (
    <>
      <label className="log-follow">
        <input
          type="checkbox"
          checked={isFollowing}
          onChange={(event) => onFollow(event.target.checked)}
          data-testid="follow"
        />
        Follow
      </label>
      <button
        type="button"
        className="button button-small"
        data-testid="copy-line"
        disabled={chosen === undefined}
        onClick={onCopy}
      >
        Copy line
      </button>
      <span className="log-copied" role="status">
        {copied}
      </span>
    </>
  )
}

/** @returns what is said of it */
async function copyText(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text)
    return 'Copied'
  } catch {
    // Without permission the line is still there to select.
    return 'Not copied: this browser does not allow it'
  }
}

function footWords(tail: LogTail | undefined, isLoading: boolean, isFiltered: boolean): string {
  if (tail === undefined) {
    return isLoading ? 'Reading …' : ''
  }
  if (tail.lines.length === 0) {
    return isFiltered ? 'No line fits.' : 'No line of this level yet.'
  }
  const lines = `${tail.lines.length} ${tail.lines.length === 1 ? 'line' : 'lines'}`
  return tail.isCut ? `The newest ${lines}; older ones are in the file.` : `${lines}, all that fit.`
}
