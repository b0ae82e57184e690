import { join } from 'node:path'
import { createFileLogger } from '../main/file-logger.ts'
import { printReady } from '../main/network/ready-line.ts'
import { startNodeProcess } from '../main/node-process.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../main/system.ts'
import type { NodeArguments } from './arguments.ts'
import { untilStopped } from './until-stopped.ts'

export async function runNode(args: NodeArguments): Promise<number> {
  const logger = createFileLogger({ folder: join(args.home, '..', 'logs'), name: 'node' })
  const stopped = untilStopped({ withParent: !process.stdin.isTTY })
  const node = await startNodeProcess(
    { clock: SYSTEM_CLOCK, rng: SYSTEM_RNG, logger },
    { home: args.home, rpcPort: args['rpc-port'] },
  )
  printReady({ event: 'ready', role: 'node', rpc: node.rpcUrl })
  logger.log('info', 'stopping', { reason: await Promise.race([stopped, node.done.then(() => 'done')]) })
  await node.stop()
  return 0
}
