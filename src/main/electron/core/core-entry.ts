/** Entry of the core process, forked by main as a utility process: hands its platform to core-process.ts. */
import { fileURLToPath } from 'node:url'
import type { EmitterPort, PortEnd } from '../../../ipc/port-transport.ts'
import { endOfMainPort } from '../../../ipc/port-transport.ts'
import { SILENT_LOGGER } from '../../../lib/runtime.ts'
import { startApplicationCore } from '../../core/application-core.ts'
import { createFileLogger, createWatchedFileLogger } from '../../file-logger.ts'
import { BUILT_IN_MODELS } from '../../models/model-library.ts'
import { openSettings } from '../../settings/settings-store.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../system.ts'
import { connectVault } from '../keys/vault-port.ts'
import type { ControlServer } from './control-server.ts'
import { startControlServer } from './control-server.ts'
import type { CoreSurroundings, MainLink, StartedCore } from './core-process.ts'
import { onResumeOf, runCoreProcess } from './core-process.ts'
import type { CoreStart } from './core-wire.ts'

/** The part of a utility process's `process` that is used. */
interface ParentPort {
  postMessage(message: unknown): void
  on(
    type: 'message',
    listener: (event: { readonly data: unknown; readonly ports: readonly EmitterPort[] }) => void,
  ): unknown
}

const { parentPort } = process as unknown as { readonly parentPort: ParentPort }
const at = (path: string): URL => new URL(path, import.meta.url)

const link: MainLink = {
  post: (message) => parentPort.postMessage(message),
  onMessage: (listener) =>
    parentPort.on('message', ({ data, ports }) =>
      listener(
        data,
        ports.map((port): PortEnd => endOfMainPort(port)),
      ),
    ),
}

const [, , coreLogFolder] = process.argv

runCoreProcess({
  link,
  clock: SYSTEM_CLOCK,
  logger: coreLogFolder === undefined ? SILENT_LOGGER : createFileLogger({ folder: coreLogFolder, name: 'core' }),
  startCore,
  exit: (code) => process.exit(code),
})

async function startCore(surroundings: CoreSurroundings, options: CoreStart): Promise<StartedCore> {
  const { home, logFolder, rpcPort } = options
  const vault = await connectVault(surroundings.keys)
  const settings = openSettings({
    file: options.settingsFile,
    env: process.env,
    flags: options.flags,
    shell: 'desktop',
    knownModels: BUILT_IN_MODELS,
  })
  const level = settings.state().values.logLevel
  const { logger, onLogFault } = createWatchedFileLogger({ folder: logFolder, name: 'app', level })
  logger.log('info', 'the core starts', { owner: vault.state()?.address ?? 'none' })
  surroundings.power.onPower((event) => logger.log('info', 'power', { event }))
  const modelsFolder = fileURLToPath(at('../../models'))
  let control: ControlServer | undefined
  const core = await startApplicationCore(
    {
      clock: SYSTEM_CLOCK,
      rng: SYSTEM_RNG,
      logger,
      say: surroundings.say,
      spawn: surroundings.spawn,
      vault,
      update: surroundings.update,
      onResume: (listener) => onResumeOf(surroundings.power, listener),
      onLogFault,
    },
    {
      home,
      logFolder,
      workerFile: at('./compute-worker.js'),
      inferenceWorkerFile: at('./inference-worker.js'),
      modelsFolder,
      // Main forks its own copy of the program; only the arguments count.
      program: ['tailrace'],
      rpcPort,
      settings,
      shell: 'desktop',
      screenUrl: () => control?.url ?? '',
    },
  )
  try {
    const server = await startControlServer(
      { logger, rng: SYSTEM_RNG, core },
      { home, modelsFolder },
      surroundings.askMain,
    )
    control = server
    return { ...core, stop: () => server.stop().then(() => core.stop()) }
  } catch (error) {
    await core.stop()
    throw error
  }
}
