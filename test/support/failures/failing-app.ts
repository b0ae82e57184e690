/**
 * The service shell as it ships, in the test's own process, so that a test can take away what it stands on: the line to the chain, the
 * clock, the disk, the peers. The other members of the network are the built programs, as processes of their own.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkStore } from '../../../src/host/work/ports.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { createFileLogger } from '../../../src/main/file-logger.ts'
import type { HostPortWrappers } from '../../../src/main/host-process.ts'
import { BUILT_IN_MODELS } from '../../../src/main/models/model-library.ts'
import type { ServiceShell } from '../../../src/main/service-shell.ts'
import { startServiceShell } from '../../../src/main/service-shell.ts'
import type { SettingsStore } from '../../../src/main/settings/settings-store.ts'
import { openSettings } from '../../../src/main/settings/settings-store.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG, uptimeMs } from '../../../src/main/system.ts'
import { diskOf } from '../../../src/main/troubles/disk.ts'
import type { PeerNode } from '../../../src/p2p/create-peer-node.ts'
import type { CutLine } from './cut-line.ts'
import { openCutLine } from './cut-line.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const NODE_FOLDER = join(ROOT, 'dist', 'node')
export const PROGRAM: string = join(NODE_FOLDER, 'tailrace.js')
export const SHIPPED_MODELS: string = join(ROOT, 'models')

/** What the test turns while the application runs. */
export interface Levers {
  /** Added to the wall clock. */
  clockSkewMs: number
  /** Added to the time since the computer's start: it slept so long. */
  sleptMs: number
  /** Every write of the host's store fails, and no space is left. */
  isDiskFull: boolean
  /** Connections to other hosts do not count. */
  isLonely: boolean
}

export interface FailingApp {
  readonly shell: ServiceShell
  readonly levers: Levers
  /** Between the application's host and the chain. */
  readonly line: CutLine
  /** The node itself, past the line. */
  readonly rpcUrl: string
  readonly said: readonly string[]
  stop(): Promise<void>
}

export async function startFailingApp(home: string, modelsFolder = SHIPPED_MODELS): Promise<FailingApp> {
  const levers: Levers = { clockSkewMs: 0, sleptMs: 0, isDiskFull: false, isLonely: false }
  const said: string[] = []
  let rpcUrl = ''
  const line = await openCutLine({ url: () => rpcUrl })
  const logFolder = join(home, 'logs')
  const settings = settingsOf(home)
  const around: Partial<HostPortWrappers> = {
    rpcUrl(url) {
      rpcUrl = url
      return line.url
    },
    peers: (peers) => lonely(peers, levers),
    store: (store) => onFullDisk(store, levers),
  }
  const disk = diskOf(home)
  try {
    const shell = await startServiceShell(
      {
        clock: { nowMs: () => SYSTEM_CLOCK.nowMs() + levers.clockSkewMs, sleep: SYSTEM_CLOCK.sleep },
        logger: createFileLogger({ folder: logFolder, name: 'app', level: 'debug' }),
        rng: SYSTEM_RNG,
        say: (text) => said.push(text),
        around,
        disk: {
          freeBytes: async () => (levers.isDiskFull ? 0 : disk.freeBytes()),
          tryWrite: async () => (levers.isDiskFull ? Promise.reject(noSpace()) : disk.tryWrite()),
        },
        uptimeMs: () => uptimeMs() + levers.sleptMs,
      },
      {
        home,
        logFolder,
        screenFolder: join(ROOT, 'dist', 'screen'),
        workerFile: new URL(`file://${NODE_FOLDER}/compute-worker.js`),
        inferenceWorkerFile: new URL(`file://${NODE_FOLDER}/inference-worker.js`),
        modelsFolder,
        program: [process.execPath, PROGRAM],
        rpcPort: 0,
        settings,
      },
    )
    const stop = async (): Promise<void> => {
      // A line that is cut would be waited for.
      line.set('open')
      await shell.stop()
      await line.close()
    }
    return { shell, levers, line, rpcUrl, said, stop }
  } catch (error) {
    await line.close()
    throw error
  }
}

function settingsOf(home: string): SettingsStore {
  return openSettings({
    file: join(home, 'settings.json'),
    env: {},
    flags: { screenPort: 0, allowSoftwareAdapter: true },
    shell: 'service',
    knownModels: BUILT_IN_MODELS,
  })
}

function noSpace(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28 })
}

const WRITES = /^(put|keep|note|forget|prune)/

function onFullDisk(store: WorkStore, levers: Levers): WorkStore {
  return withCalls(store, (name, call) => {
    if (WRITES.test(name) && levers.isDiskFull) {
      return Promise.reject(new CodedError('store_full', 'work.sqlite cannot be written', { cause: noSpace() }))
    }
    return call()
  })
}

function lonely(peers: PeerNode, levers: Levers): PeerNode {
  return withCalls(peers, (name, call) => {
    const answer = call()
    return name === 'counts' && levers.isLonely ? { ...(answer as object), connected: 0 } : answer
  })
}

/** The same object, each call of it through `around`. */
function withCalls<T extends object>(target: T, around: (name: string, call: () => unknown) => unknown): T {
  return new Proxy(target, {
    get(from, name) {
      const value: unknown = Reflect.get(from, name)
      return typeof value !== 'function'
        ? value
        : (...args: unknown[]) => around(String(name), () => Reflect.apply(value, from, args))
    },
  })
}
