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
import { connectChainClient } from '../../../src/chain-client/create-chain-client.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { connectChainPort } from '../../../src/main/chain-port.ts'
import { loadOrCreateHostKeys } from '../../../src/main/host-keys.ts'
import { signerOfHostKeys } from '../../../src/main/keys/local-signer.ts'
import { linkOfRunningInstance } from '../../../src/main/screen/running-instance.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../../src/main/system.ts'
import type { AppProcess } from './app-process.ts'
import { startApp, stopProcess } from './app-process.ts'
import type { CheckArguments } from './check-arguments.ts'
import { parseCheckArguments } from './check-arguments.ts'
import { appAddress, followUntilDone, isCheaterCaught } from './follow.ts'
import type { PlacedCompletion } from './orders.ts'
import { placeOrders, verifyReceipts } from './orders.ts'
import type { ScreenDriver } from './screen-driver.ts'
import { openScreen } from './screen-driver.ts'
import { summarize } from './summary.ts'
import type { NetworkWatch } from './watch-network.ts'
import { watchNetwork } from './watch-network.ts'

const HARD_STOP_MS = 300_000
const MODEL = 'whale-0.9m'

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
    const { rpc, openai, apiKey } = app.started
    const endpoints = { rpc, screen: running?.link ?? app.started.screen, openai }
    process.stdout.write(`${JSON.stringify({ endpoints, apiKey })}\n`)
  }
  const startedAtMs = Date.now()
  const chain = await connectChainPort(
    { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER },
    { rpcUrl: app.started.rpc, signer: signerOfHostKeys(loadOrCreateHostKeys(join(home, 'observer'), SYSTEM_RNG)) },
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
  const developer = beDeveloper(app, watch, args, signal)
  const isWorkDone = (): boolean => developer.isDone() && isCheckedSomewhere(watch)
  const followed = followUntilDone({ chain, watch, screen, say, cheat: args.cheat, clickedAtMs, isWorkDone }, signal)
  const [outcome, orders] = await Promise.all([followed, developer.orders])
  const receiptsVerifiedOffline = await developer.verifyReceipts(orders)
  const summaryParts = {
    ...{ chain, rpcUrl: app.started.rpc, watch, outcome, cheat: args.cheat, startedAtMs },
    ...{ orders, receiptsVerifiedOffline },
  }
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

interface Developer {
  readonly orders: Promise<readonly PlacedCompletion[]>
  isDone(): boolean
  verifyReceipts(orders: readonly PlacedCompletion[]): Promise<number>
}

const ENOUGH_ORDERS = 6
const ENOUGH_OWN = 2
/** A cheat needs to be drawn before it can be caught. */
const MOST_ORDERS = { honest: 60, cheat: 400 }

/** Orders until enough are served; where somebody cheats in paid work, until that one is caught. */
function beDeveloper(app: AppProcess, watch: NetworkWatch, args: CheckArguments, signal: AbortSignal): Developer {
  const plan = { baseUrl: app.started.openai, apiKey: app.started.apiKey, model: MODEL }
  let isDone = false
  const isEnough = (orders: readonly PlacedCompletion[]): boolean => {
    const own = orders.filter(({ executor }) => executor === appAddress(watch)).length
    return orders.length >= ENOUGH_ORDERS && own >= ENOUGH_OWN && isCheaterCaught(watch, args.cheat)
  }
  const most = args.cheat === undefined ? MOST_ORDERS.honest : MOST_ORDERS.cheat
  const orders = placeOrders({ ...plan, isEnough, most, say }, signal).then((placed) => {
    isDone = true
    return placed
  })
  // Whoever follows hears of a failure by its own way; here it must not be unhandled meanwhile.
  orders.catch(() => undefined)
  return {
    orders,
    isDone: () => isDone,
    async verifyReceipts(placed) {
      const components = { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER }
      const chain = await connectChainClient(components, { rpcUrl: app.started.rpc }, signal)
      try {
        return await verifyReceipts(plan, placed, chain, signal)
      } finally {
        chain.close()
      }
    },
  }
}

function isCheckedSomewhere(watch: NetworkWatch): boolean {
  return [...watch.totals.values()].some(({ work }) => work.checksPassed > 0 && work.batches.length > 0)
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
