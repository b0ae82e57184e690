import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { defaultHome, lockHome } from '../main/data-folder.ts'
import { createFileLogger } from '../main/file-logger.ts'
import type { OpenedBrowser } from '../main/screen/open-browser.ts'
import { openBrowser } from '../main/screen/open-browser.ts'
import { linkOfRunningInstance } from '../main/screen/running-instance.ts'
import { DEFAULT_SCREEN_PORT, startServiceShell } from '../main/service-shell.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../main/system.ts'
import type { StartArguments } from './arguments.ts'
import {
  BUILT_IN_MODELS_FOLDER,
  INFERENCE_WORKER_FILE,
  PROGRAM_FILE,
  SCREEN_FOLDER,
  WORKER_FILE,
} from './built-files.ts'
import { untilStopped } from './until-stopped.ts'

export async function runStart(args: StartArguments): Promise<number> {
  const home = args.home ?? join(defaultHome(process.env, process.platform), 'local-network')
  const logFolder = join(home, 'logs')
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`)
  }
  const running = args.reset ? undefined : await linkOfRunningInstance(home)
  if (running !== undefined) {
    say('Tailrace already runs on this folder.')
    await announce(args, running.link, running, { home, logFolder, say })
    return 0
  }
  if (args.reset) {
    resetNetwork(home)
    say(`The local network in ${home} was deleted.`)
  }
  const logger = createFileLogger({ folder: logFolder, name: 'app' })
  const stopped = untilStopped({ withParent: args.json && !process.stdin.isTTY })
  const shell = await startServiceShell(
    { clock: SYSTEM_CLOCK, rng: SYSTEM_RNG, logger, say },
    {
      home,
      logFolder,
      screenFolder: SCREEN_FOLDER,
      workerFile: WORKER_FILE,
      inferenceWorkerFile: INFERENCE_WORKER_FILE,
      modelsFolder: BUILT_IN_MODELS_FOLDER,
      program: [process.execPath, PROGRAM_FILE],
      screenPort: args['screen-port'] ?? DEFAULT_SCREEN_PORT,
      rpcPort: args['rpc-port'],
      allowSoftwareAdapter: args['allow-software-adapter'],
    },
  )
  const opened = await announce(args, shell.link(), shell.endpoints, { home, logFolder, say })
  await stopped
  say('Stopping …')
  opened?.close()
  await shell.stop()
  return 0
}

async function announce(
  args: StartArguments,
  link: string,
  endpoints: { readonly rpc: string; readonly screen: string; readonly p2p: readonly string[] },
  at: { readonly home: string; readonly logFolder: string; readonly say: (line: string) => void },
): Promise<OpenedBrowser | undefined> {
  if (args.json) {
    process.stdout.write(`${JSON.stringify({ event: 'started', ...endpoints, link })}\n`)
  }
  const browser = {
    browser: process.env.TAILRACE_BROWSER,
    platform: process.platform,
    profile: join(at.home, 'browser'),
    isRoot: process.getuid?.() === 0,
  }
  const opened = args['no-open'] ? undefined : await openBrowser(link, browser)
  at.say(
    opened !== undefined
      ? `The screen is open in your browser. If not: ${link}`
      : `Open this link in a browser: ${link}`,
  )
  at.say(`Data: ${at.home}   Logs: ${at.logFolder}   Stop: Ctrl-C`)
  return opened
}

/** Everything of the local network, but not the keys of this computer's own host. */
function resetNetwork(home: string): void {
  const lock = lockHome(home)
  try {
    const parts = [
      'node',
      'companion-1',
      'companion-2',
      'developer',
      'gateway',
      'models',
      join('app', 'work.sqlite'),
      join('app', 'work.sqlite-wal'),
      'network.json',
      join('app', 'memory.json'),
      'logs',
    ]
    for (const part of parts) {
      rmSync(join(home, part), { recursive: true, force: true })
    }
  } finally {
    lock.release()
  }
}
