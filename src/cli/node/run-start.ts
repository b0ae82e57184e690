import { join } from 'node:path'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import { findCometbft } from '../../main/cometbft/binary.ts'
import { startCometNode } from '../../main/cometbft/comet-node.ts'
import { FINAL_EXIT_CODE } from '../../main/cometbft/exit-codes.ts'
import { lockHome } from '../../main/data-folder.ts'
import { createFileLogger } from '../../main/file-logger.ts'
import { printReady } from '../../main/network/ready-line.ts'
import { SYSTEM_CLOCK } from '../../main/system.ts'
import { PROGRAM_FILE } from '../built-files.ts'
import type { CliContext } from '../context.ts'
import { failureText } from '../failure.ts'
import { logLevelOf } from '../processes/log-level.ts'
import { untilStopped } from '../until-stopped.ts'

/** @throws CodedError `node_running`, `no_cometbft`, `not_a_node`, `no_genesis`, `child_failed` … */
export async function runNodeStart({ home }: { readonly home: string }, context: CliContext): Promise<number> {
  const { env, terminal } = context
  const { path: binary, version } = findCometbft(env)
  const lock = lockNode(home)
  try {
    const folder = join(home, 'logs')
    const level = logLevelOf(env)
    const logger = createFileLogger({ folder, name: 'node', level, echo: 'warn' })
    const cometLogger = createFileLogger({ folder, name: 'cometbft', level })
    const stopped = untilStopped({ withParent: true })
    terminal.say(`starting the application and CometBFT ${version} in ${home}`)
    const program = [process.execPath, PROGRAM_FILE] as const
    const node = await startCometNode(
      { clock: SYSTEM_CLOCK, logger, cometLogger },
      { name: 'node', home, program, binary },
    )
    printReady({ event: 'ready', role: 'node', rpc: node.rpcUrl })
    try {
      logger.log('info', 'stopping', { reason: await Promise.race([stopped, node.done.then(() => 'done')]) })
    } finally {
      await node.stop()
    }
    return 0
  } catch (error) {
    if (errorCode(error) !== 'node_stopped') {
      throw error
    }
    terminal.say(failureText(error, false))
    return FINAL_EXIT_CODE
  } finally {
    lock.release()
  }
}

function lockNode(home: string): ReturnType<typeof lockHome> {
  try {
    return lockHome(home)
  } catch (error) {
    if (error instanceof CodedError && error.code === 'already_running') {
      throw new CodedError('node_running', error.message, { fields: error.fields })
    }
    throw error
  }
}
