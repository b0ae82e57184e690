/**
 * `npm start -- --check`: the app without a person. Its own folder and ports, the real processes, a real browser with a real
 * click on Join; then it watches the chain until the way from the click to a credit is complete, prints one JSON object as the
 * last line of stdout, and exits 0 only if everything held. With `--cheat`, a third companion turns dishonest and has to be
 * caught while nobody honest is harmed. Progress goes to stderr.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { connectChainPort } from '../../../src/main/chain-port.ts'
import { loadOrCreateHostKeys } from '../../../src/main/host-keys.ts'
import { linkOfRunningInstance } from '../../../src/main/screen/running-instance.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../../src/main/system.ts'
import type { AppProcess } from './app-process.ts'
import { startApp, stopProcess } from './app-process.ts'
import type { CheckArguments } from './check-arguments.ts'
import { parseCheckArguments } from './check-arguments.ts'
import { followUntilDone } from './follow.ts'
import type { ScreenDriver } from './screen-driver.ts'
import { openScreen } from './screen-driver.ts'
import { summarize } from './summary.ts'
import { watchNetwork } from './watch-network.ts'

const HARD_STOP_MS = 300_000

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

type Stoppable = () => Promise<unknown>

async function runCheck(args: CheckArguments): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'tailrace-check-'))
  const stopping = new AbortController()
  const hardStop = args.hold
    ? undefined
    : setTimeout(() => stopping.abort(new Error('hard stop after 300 s')), HARD_STOP_MS)
  const interrupt = (): void => stopping.abort(new Error('interrupted'))
  process.once('disconnect', interrupt)
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const stoppables: Stoppable[] = []
  let isOk = false
  try {
    isOk = await runParts(args, home, stoppables, stopping.signal)
    return isOk ? 0 : 1
  } finally {
    clearTimeout(hardStop)
    stopping.abort()
    for (const stop of stoppables.reverse()) {
      await stop().catch((error: unknown) => say(`while stopping: ${String(error)}`))
    }
    if (isOk) {
      rmSync(home, { recursive: true, force: true })
    } else {
      say(`kept for inspection: ${home}`)
    }
  }
}

async function runParts(
  args: CheckArguments,
  home: string,
  stoppables: Stoppable[],
  signal: AbortSignal,
): Promise<boolean> {
  const app = await startApp({ program: fileURLToPath(new URL('./tailrace.js', import.meta.url)), home, say })
  stoppables.push(() => app.stop())
  if (args.hold) {
    // A link of its own: the one of the start is used up by the click below.
    const running = await linkOfRunningInstance(home)
    const endpoints = { rpc: app.started.rpc, screen: running?.link ?? app.started.screen }
    process.stdout.write(`${JSON.stringify({ endpoints })}\n`)
  }
  const startedAtMs = Date.now()
  const chain = await connectChainPort(
    { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER },
    { rpcUrl: app.started.rpc, keys: loadOrCreateHostKeys(join(home, 'observer'), SYSTEM_RNG) },
    signal,
  )
  stoppables.push(() => chain.close())
  if (args.cheat !== undefined) {
    const cheater = startCheater(args.cheat, home, app)
    stoppables.push(() => stopProcess(cheater))
  }
  const screen = await openScreen({ url: app.started.link, ...(args.pictures && { pictures: args.pictures }) })
  stoppables.push(() => screen.close())
  await screen.picture('1-before-join')
  const clickedAtMs = await screen.join()
  say('clicked Join')
  const watch = watchNetwork(chain)
  const outcome = await followUntilDone({ chain, watch, screen, say, cheat: args.cheat, clickedAtMs }, signal)
  const summaryParts = { chain, rpcUrl: app.started.rpc, watch, outcome, cheat: args.cheat, startedAtMs }
  const summary = await summarize(summaryParts, signal)
  for (const error of screen.errors()) {
    say(`screen: ${error}`)
  }
  process.stdout.write(`${JSON.stringify(summary)}\n`)
  if (args.hold) {
    await holdUntilStopped(screen, signal)
  }
  return summary.ok
}

function startCheater(cheat: string, home: string, app: AppProcess): ReturnType<typeof spawn> {
  const program = fileURLToPath(new URL('./cheat-host.js', import.meta.url))
  const args = ['--cheat', cheat, '--home', join(home, 'companion-3'), '--rpc', app.started.rpc]
  const bootstrap = app.started.p2p.flatMap((address) => ['--bootstrap', address])
  say(`starting a third companion that will cheat: ${cheat}`)
  return spawn(process.execPath, [program, ...args, ...bootstrap], { stdio: ['pipe', 'ignore', 'inherit'] })
}

/** Keeps everything running until the person stops it. */
async function holdUntilStopped(screen: ScreenDriver, signal: AbortSignal): Promise<void> {
  say('holding; stop with Ctrl-C')
  if (!signal.aborted) {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }
  await screen.picture('held')
}

runCheck(parseCheckArguments(process.argv.slice(2))).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`check failed: ${error instanceof Error ? error.message : String(error)}\n`)
    process.stdout.write(`${JSON.stringify({ ok: false, error: String(error) })}\n`)
    process.exit(1)
  },
)
