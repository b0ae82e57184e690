/**
 * The whole local network as its owner runs it, to be killed: `tailrace start` with its chain node, two companions and the gateway,
 * each a process of its own. A child is started again by its supervisor, the app by this file, on the same folder. Read next:
 * kill-load.ts (what goes on meanwhile), kill-audit.ts (what must be true at the end).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AppProcess, Started } from '../check/app-process.ts'
import { startApp } from '../check/app-process.ts'
import { waitFor } from '../wait-for.ts'

const PROGRAM = fileURLToPath(new URL('../../../dist/node/tailrace.js', import.meta.url))
const CHILDREN = ['node', 'companion-1', 'companion-2', 'gateway'] as const
export const VICTIMS = [...CHILDREN, 'app'] as const
export type Victim = (typeof VICTIMS)[number]

/** The supervisor's longest delay, a start on a busy machine, and as much again. */
const BACK_DEADLINE_MS = 60_000

export interface KillNetwork {
  readonly home: string
  started(): Started
  isRunning(victim: Victim): boolean
  /** Kills it at once and waits until it is gone; of the app also all its children. */
  kill(victim: Victim): Promise<void>
  /** Resolves when every process runs that should. The app is started here where it was killed. */
  allBack(): Promise<void>
  /** Asks the app to stop; no process of the network is left then. */
  stop(): Promise<void>
}

export async function startKillNetwork(home: string, say: (line: string) => void): Promise<KillNetwork> {
  const start = (): Promise<AppProcess> => startApp({ program: PROGRAM, home, allowSoftwareAdapter: false, say })
  let app: AppProcess | undefined = await start()
  const first = app.started
  let started = first
  const pidOf = (victim: Victim): number | undefined =>
    victim === 'app' ? app?.pid : processesUnder(join(home, victim))[0]

  return {
    home,
    started: () => started,
    isRunning: (victim) => pidOf(victim) !== undefined,
    async kill(victim) {
      const pid = pidOf(victim)
      if (pid === undefined) {
        throw new Error(`${victim} does not run`)
      }
      process.kill(pid, 'SIGKILL')
      if (victim === 'app') {
        app = undefined
        // The children hear of it through their pipes. Only then is the next start one on a folder that nobody uses.
        await waitFor('no process of the dead app', () => nobodyUnder(home), { deadlineMs: 30_000 })
      } else {
        await waitFor(`the end of ${victim}`, () => !existsSync(`/proc/${pid}`) || isZombie(pid))
      }
    },
    async allBack() {
      app ??= await start()
      started = app.started
      const isRunning = (): boolean => CHILDREN.every((name) => pidOf(name) !== undefined)
      await waitFor('every process of the network', isRunning, { deadlineMs: BACK_DEADLINE_MS })
    },
    async stop() {
      await app?.stop()
      app = undefined
      await waitFor('no process', () => nobodyUnder(home), { deadlineMs: 30_000 })
    },
  }
}

/** Processes with an argument that is this folder: `--home` of a member. */
function processesUnder(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) => argumentsOf(pid).some((argument) => argument === folder || argument.startsWith(`${folder}/`)))
    .map(Number)
}

/** @throws Error that names who is still there, for the wait that it ends. */
function nobodyUnder(folder: string): true {
  const left = processesUnder(folder)
  if (left.length > 0) {
    throw new Error(
      `still there: ${left.map((pid) => `${pid} ${argumentsOf(String(pid)).slice(2, 4).join(' ')}`).join(', ')}`,
    )
  }
  return true
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    // The process ended while we looked.
    return []
  }
}

function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    // Gone altogether.
    return true
  }
}
