/** All checks in the order in which a person would ask: this computer, its folder, then the running application. */
import { join } from 'node:path'
import type { ScreenSnapshot } from '../../ipc/snapshot.ts'
import type { Finding } from '../../ipc/wires/machine-wire.ts'
import { checked } from './check.ts'
import { checkClock } from './clock-check.ts'
import { checkFolder, checkKeyFiles, checkLock, checkSettings, checkSpace } from './folder-checks.ts'
import { checkBrowser, checkGraphics, checkMemory, checkNode, checkPorts } from './machine-checks.ts'
import { checkModels } from './model-checks.ts'
import { checkRunning } from './running-checks.ts'

/** The contract's bound. */
const MOST_FINDINGS = 64

export interface DoctorOptions {
  readonly home: string
  readonly settingsFile: string
  readonly screenPort: number
  readonly builtInModels: string
  readonly models: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly platform: NodeJS.Platform
  /** The desktop application brings its own browser. */
  readonly shell: 'service' | 'desktop'
}

/** What needs no running instance. `isRunning`: its ports are taken, by itself. */
export async function examineMachine(
  options: DoctorOptions,
  isRunning: boolean,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { home, env, platform } = options
  const findings = [
    await checked('node_version', () => checkNode(process.versions.node)),
    await checked('memory', () => checkMemory()),
    await checked('graphics', () => checkGraphics(platform)),
    options.shell === 'desktop' ? [] : await checked('browser', () => checkBrowser(env, platform)),
    await checked('data_folder', () => checkFolder(home)),
    await checked('disk_space', () => checkSpace(home)),
    await checked('folder_lock', () => checkLock(home)),
    await checked('settings', () => checkSettings(options.settingsFile, env)),
    await checked('key_files', () => checkKeyFiles(home)),
    isRunning ? [] : await checked('ports_free', () => checkPorts(home, options.screenPort)),
    await checked('model_files', () =>
      checkModels(options.builtInModels, options.models, join(home, 'models'), signal),
    ),
  ]
  signal.throwIfAborted()
  return findings.flat().slice(0, MOST_FINDINGS)
}

/** All, for the application that answers this itself. */
export async function examineAll(
  options: DoctorOptions,
  snapshot: () => ScreenSnapshot,
  nowMs: () => number,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const machine = await examineMachine(options, true, signal)
  const running = checkRunning(snapshot())
  const isHalted = running.some(({ code, verdict }) => code === 'chain_moving' && verdict !== 'ok')
  const { endpoints, epoch } = snapshot()
  const chain = { rpcUrl: endpoints.rpc, blockTimeMs: epoch?.blockTimeMs ?? 0, isHalted }
  const clock = await checked('clock', () => checkClock(chain, nowMs, signal))
  signal.throwIfAborted()
  return [...machine, ...clock, ...running].slice(0, MOST_FINDINGS)
}
