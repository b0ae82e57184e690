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
import { loadOrCreateHostKeys } from '../../../src/main/host-keys.ts'
import { connectChainPort } from '../../../src/main/chain-port.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../../src/main/system.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { type AppProcess, startApp, stopProcess } from './app-process.ts'
import { type CheckArguments, parseCheckArguments } from './check-arguments.ts'
import { type CheckSummary, summarize } from './summary.ts'
import { openScreen, type ScreenDriver } from './screen-driver.ts'
import { watchNetwork } from './watch-network.ts'
import { followUntilDone } from './follow.ts'

const HARD_STOP_MS = 300_000

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

async function runCheck(args: CheckArguments): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'tailrace-check-'))
  const stopping = new AbortController()
  const hardStop = args.hold ? undefined : setTimeout(() => stopping.abort(new Error('hard stop after 300 s')), HARD_STOP_MS)
  const interrupt = (): void => stopping.abort(new Error('interrupted'))
  process.once('disconnect', interrupt)
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const stoppables: (() => Promise<unknown>)[] = []
  let isFailed = true
  try {
    const app = await startApp({ program: fileURLToPath(new URL('./tailrace.js', import.meta.url)), home, say })
    stoppables.push(() => app.stop())
    if (args.hold) {
      process.stdout.write(`${JSON.stringify({ endpoints: { rpc: app.started.rpc, screen: app.started.link } })}\n`)
    }
    const startedAtMs = Date.now()
    const chain = await connectChainPort(
      { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER },
      { rpcUrl: app.started.rpc, keys: loadOrCreateHostKeys(join(home, 'observer'), SYSTEM_RNG) },
      stopping.signal,
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
    const outcome = await followUntilDone({ chain, watch, screen, say, cheat: args.cheat, clickedAtMs }, stopping.signal)
    const summary = await summarize(
      { chain, rpcUrl: app.started.rpc, watch, outcome, cheat: args.cheat, startedAtMs },
      stopping.signal,
    )
    for (const error of screen.errors()) {
      say(`screen: ${error}`)
    }
    if (args.hold) {
      await holdUntilStopped(screen, summary, stopping.signal)
    } else {
      process.stdout.write(`${JSON.stringify(summary)}\n`)
    }
    isFailed = !summary.ok
    return summary.ok ? 0 : 1
  } finally {
    clearTimeout(hardStop)
    stopping.abort()
    for (const stop of stoppables.reverse()) {
      await stop().catch((error: unknown) => say(`while stopping: ${String(error)}`))
    }
    if (isFailed) {
      say(`kept for inspection: ${home}`)
    } else {
      rmSync(home, { recursive: true, force: true })
    }
  }
}

function startCheater(cheat: string, home: string, app: AppProcess): ReturnType<typeof spawn> {
  const program = fileURLToPath(new URL('./cheat-host.js', import.meta.url))
  const args = ['--cheat', cheat, '--home', join(home, 'companion-3'), '--rpc', app.started.rpc]
  const bootstrap = app.started.p2p.flatMap((address) => ['--bootstrap', address])
  say(`starting a third companion that will cheat: ${cheat}`)
  return spawn(process.execPath, [program, ...args, ...bootstrap], { stdio: ['pipe', 'ignore', 'inherit'] })
}

async function holdUntilStopped(screen: ScreenDriver, summary: CheckSummary, signal: AbortSignal): Promise<void> {
  process.stdout.write(`${JSON.stringify(summary)}\n`)
  say('holding; stop with Ctrl-C')
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
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
