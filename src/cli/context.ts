/** What a command is handed: the terminal, the environment, and the way to the running application. */
import type { Clock } from '../lib/runtime.ts'
import type { Control } from './control-client.ts'

export interface Terminal {
  /** A line for programs and people, to stdout. */
  out(text: string): void
  /** A line for people alone, to stderr. */
  say(text: string): void
  /** Somebody sits there: questions can be asked. */
  readonly isInteractive: boolean
  /** Colours may be used on stdout: a terminal, and NO_COLOR not set. */
  readonly isColored: boolean
  ask(question: string): Promise<string>
  /** What is typed is not shown. */
  askSecret(question: string): Promise<string>
}

export interface CliContext {
  readonly terminal: Terminal
  readonly env: NodeJS.ProcessEnv
  readonly platform: NodeJS.Platform
  readonly clock: Clock
  /** Ends with Ctrl-C, for commands that follow or wait. */
  readonly signal: AbortSignal
  /** Opens the contract of the instance on this folder. @throws CodedError `not_running` [home], `not_answering` [home, pid] */
  connect(home: string | undefined): Promise<Control>
}
