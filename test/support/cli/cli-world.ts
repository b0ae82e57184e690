/** The command line over a host without a network: the real parser, commands, client, socket and router; a backend and a terminal whose words the test sets. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { parseCommand } from '../../../src/cli/arguments.ts'
import { COMMANDS } from '../../../src/cli/commands.ts'
import type { CliContext, Terminal } from '../../../src/cli/context.ts'
import type { Control } from '../../../src/cli/control-client.ts'
import { controlOver } from '../../../src/cli/control-client.ts'
import { exitCodeOf, failureText } from '../../../src/cli/failure.ts'
import type { ScreenClient } from '../../../src/ipc/screen-client.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import type { Clock } from '../../../src/lib/runtime.ts'
import type { FakeBackend } from '../screen/fake-backend.ts'
import { createScreenHost, listenForScreens, REAL_CLOCK } from '../screen/screen-host.ts'

export interface CliRun {
  readonly code: number
  readonly out: string
  /** What was said to people on stderr, a failure at the end. */
  readonly said: string
  /** Procedures that were called: `host.join`. */
  readonly reached: readonly string[]
}

export interface CliWorld {
  readonly backend: FakeBackend
  /** Where settings and data would lie. */
  readonly env: Record<string, string>
  /** Answers to the next questions; where there are some, somebody sits at the terminal. */
  readonly answers: string[]
  /** False: nothing runs. */
  isRunning: boolean
  clock: Clock
  /** Called with each line of stdout. */
  onOut: ((line: string) => void) | undefined
  run(...argv: readonly string[]): Promise<CliRun>
  /** Ctrl-C. */
  interrupt(): void
  stop(): Promise<void>
}

export async function createCliWorld(): Promise<CliWorld> {
  const host = createScreenHost()
  const listener = await listenForScreens(host)
  let interrupted = new AbortController()
  const world: CliWorld = {
    backend: host.backend,
    env: {},
    answers: [],
    isRunning: true,
    clock: REAL_CLOCK,
    onOut: undefined,
    async run(...argv) {
      const out: string[] = []
      const said: string[] = []
      const reached: string[] = []
      interrupted = new AbortController()
      const context: CliContext = {
        terminal: terminalOf(world, out, said),
        env: world.env,
        platform: 'linux',
        clock: world.clock,
        signal: interrupted.signal,
        connect: () => connect(listener.url, world.isRunning, reached),
      }
      let code: number
      try {
        const parsed = parseCommand(argv, COMMANDS)
        if (parsed.kind !== 'run') {
          throw new Error(`${argv.join(' ')} is no command`)
        }
        code = await parsed.run(context)
      } catch (error) {
        said.push(failureText(error, argv.includes('--json')))
        code = exitCodeOf(error)
      }
      return { code, out: out.join('\n'), said: said.join('\n'), reached }
    },
    interrupt: () => interrupted.abort(),
    stop: () => listener.stop(),
  }
  return world
}

function terminalOf(world: CliWorld, out: string[], said: string[]): Terminal {
  const ask = async (question: string): Promise<string> => {
    said.push(question)
    return world.answers.shift() ?? ''
  }
  return {
    out(text) {
      out.push(text)
      world.onOut?.(text)
    },
    say: (text) => said.push(text),
    isInteractive: world.answers.length > 0,
    isColored: false,
    ask,
    askSecret: ask,
  }
}

async function connect(url: string, isRunning: boolean, reached: string[]): Promise<Control> {
  if (!isRunning) {
    throw new CodedError('not_running', 'Tailrace does not run', { fields: { home: '/nowhere' } })
  }
  const socket = new WebSocket(url)
  await once(socket, 'open')
  const control = controlOver(socket)
  return { ...control, client: recording(control.client, reached) }
}

/** The client, with the path of each call written down. */
function recording(client: ScreenClient, reached: string[]): ScreenClient {
  const wrap = (value: object, path: readonly string[]): object =>
    new Proxy(value, {
      get(target, name) {
        const inner: unknown = Reflect.get(target, name)
        const isPart = typeof name === 'string' && (typeof inner === 'object' || typeof inner === 'function')
        return isPart && inner !== null ? wrap(inner as object, [...path, name]) : inner
      },
      apply(target, self, args) {
        reached.push(path.join('.'))
        return Reflect.apply(target as () => unknown, self, args)
      },
    })
  return wrap(client, []) as ScreenClient
}
