import { join } from 'node:path'
import { createFileLogger } from '../../main/file-logger.ts'
import { printReady } from '../../main/network/ready-line.ts'
import { startNodeProcess } from '../../main/node-process.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../main/system.ts'
import type { CliContext } from '../context.ts'
import { untilStopped } from '../until-stopped.ts'
import { logLevelOf } from './log-level.ts'

interface NodeArguments {
  readonly home: string
  readonly 'rpc-port': number
  readonly 'metrics-port': number | undefined
}

export async function runNode(args: NodeArguments, { env }: Pick<CliContext, 'env'>): Promise<number> {
  const folder = join(args.home, '..', 'logs')
  const logger = createFileLogger({ folder, name: 'node', level: logLevelOf(env) })
  const stopped = untilStopped({ withParent: !process.stdin.isTTY })
  const node = await startNodeProcess(
    { clock: SYSTEM_CLOCK, rng: SYSTEM_RNG, logger },
    { home: args.home, rpcPort: args['rpc-port'], metricsPort: args['metrics-port'] },
  )
  printReady({ event: 'ready', role: 'node', rpc: node.rpcUrl })
  logger.log('info', 'stopping', { reason: await Promise.race([stopped, node.done.then(() => 'done')]) })
  await node.stop()
  return 0
}
