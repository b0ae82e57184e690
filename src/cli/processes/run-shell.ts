/** The service shell until Ctrl-C, `tailrace stop` or the end of the process that supervises it. */
import { createWatchedFileLogger } from '../../main/file-logger.ts'
import { startServiceShell } from '../../main/service-shell.ts'
import { SETTING_FORMS } from '../../main/settings/setting-forms.ts'
import type { SettingsStore } from '../../main/settings/settings-store.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../main/system.ts'
import {
  BUILT_IN_MODELS_FOLDER,
  INFERENCE_WORKER_FILE,
  PROGRAM_FILE,
  SCREEN_FOLDER,
  WORKER_FILE,
} from '../built-files.ts'
import type { CliContext } from '../context.ts'
import { untilStopped } from '../until-stopped.ts'
import type { Announced } from './announce.ts'
import { announce } from './announce.ts'

export interface ShellRun {
  readonly settings: SettingsStore
  readonly at: Announced
  readonly rpcPort: number
}

export async function runShell({ settings, at, rpcPort }: ShellRun, context: CliContext): Promise<void> {
  const { terminal } = context
  const { logLevel } = settings.state().values
  // The processes of the network have no settings of their own: they read this variable (log-level.ts).
  process.env[SETTING_FORMS.logLevel.variable] = logLevel
  const { logger, onLogFault } = createWatchedFileLogger({ folder: at.logFolder, name: 'app', level: logLevel })
  const stopped = untilStopped({ withParent: at.isJson && !process.stdin.isTTY })
  const shell = await startServiceShell(
    { clock: SYSTEM_CLOCK, rng: SYSTEM_RNG, logger, onLogFault, say: (line) => terminal.say(line) },
    {
      home: at.home,
      logFolder: at.logFolder,
      screenFolder: SCREEN_FOLDER,
      workerFile: WORKER_FILE,
      inferenceWorkerFile: INFERENCE_WORKER_FILE,
      modelsFolder: BUILT_IN_MODELS_FOLDER,
      program: [process.execPath, PROGRAM_FILE],
      rpcPort,
      settings,
    },
  )
  const opened = await announce({ link: shell.link(), ...shell.endpoints }, at, context)
  await Promise.race([stopped, shell.stopAsked])
  terminal.say('Stopping …')
  opened?.close()
  await shell.stop()
}
