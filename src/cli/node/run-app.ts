import { join } from 'node:path'
import { errorCode } from '../../lib/coded-error.ts'
import { startAppProcess } from '../../main/cometbft/app-process.ts'
import { FINAL_EXIT_CODE, FINAL_FAULTS } from '../../main/cometbft/exit-codes.ts'
import { createFileLogger } from '../../main/file-logger.ts'
import { printReady } from '../../main/network/ready-line.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../main/system.ts'
import type { CliContext } from '../context.ts'
import { failureText } from '../failure.ts'
import { logLevelOf } from '../processes/log-level.ts'
import { untilStopped } from '../until-stopped.ts'

interface AppArguments {
  readonly home: string
  readonly address: string | undefined
  readonly record: string | undefined
}

export async function runApp(args: AppArguments, { env, terminal }: CliContext): Promise<number> {
  const logger = createFileLogger({ folder: join(args.home, 'logs'), name: 'app', level: logLevelOf(env) })
  const stopped = untilStopped({ withParent: !process.stdin.isTTY })
  try {
    const app = await startAppProcess(
      { clock: SYSTEM_CLOCK, rng: SYSTEM_RNG, logger },
      { home: args.home, address: args.address, recordBlocksTo: args.record },
    )
    printReady({ event: 'ready', role: 'app', abci: app.address })
    logger.log('info', 'stopping', { reason: await Promise.race([stopped, app.done.then(() => 'done')]) })
    await app.stop()
    return 0
  } catch (error) {
    if (!FINAL_FAULTS.includes(errorCode(error))) {
      throw error
    }
    terminal.say(failureText(error, false))
    return FINAL_EXIT_CODE
  }
}
