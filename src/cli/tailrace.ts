#!/usr/bin/env node
/**
 * The `tailrace` command: reads the command line, runs one command until it is done or told to stop, and turns every failure into a
 * line, what to do about it, and an exit code (0 done, 1 failed, 2 bad usage). Read next: command.ts (how a command is declared),
 * commands.ts (all of them), control-client.ts (the way to the running application), then main/service-shell.ts.
 */
import { once } from 'node:events'
import { networkHome } from '../main/data-folder.ts'
import { SYSTEM_CLOCK } from '../main/system.ts'
import { VERSION } from '../main/version.ts'
import { parseCommand } from './arguments.ts'
import { COMMANDS } from './commands.ts'
import type { CliContext } from './context.ts'
import { connectControl } from './control-client.ts'
import { exitCodeOf, failureText } from './failure.ts'
import { helpFor } from './help.ts'
import { createTerminal } from './terminal.ts'

const argv = process.argv.slice(2)

function createContext(): CliContext {
  const { env, platform } = process
  let interrupted: AbortController | undefined
  return {
    env,
    platform,
    terminal: createTerminal(env),
    clock: SYSTEM_CLOCK,
    // Who never looks at it keeps the default: Ctrl-C ends the process.
    get signal() {
      if (interrupted === undefined) {
        const controller = new AbortController()
        interrupted = controller
        process.once('SIGINT', () => controller.abort())
        process.once('SIGTERM', () => controller.abort())
      }
      return interrupted.signal
    },
    connect: (home) => connectControl(networkHome(home, env, platform)),
  }
}

async function main(context: CliContext): Promise<number> {
  const parsed = parseCommand(argv, COMMANDS)
  switch (parsed.kind) {
    case 'run':
      return await parsed.run(context)
    case 'version':
      context.terminal.out(VERSION)
      return 0
    case 'help':
      context.terminal.out(helpFor(COMMANDS, parsed.about))
      return 0
  }
}

const context = createContext()
main(context)
  .catch((error: unknown) => {
    context.terminal.say(failureText(error, argv.includes('--json')))
    return exitCodeOf(error)
  })
  .then(async (code) => {
    // A pipe takes its time: what was printed must be out before the process ends.
    if (process.stdout.writableLength > 0) {
      await once(process.stdout, 'drain')
    }
    process.exit(code)
  })
