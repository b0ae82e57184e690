import { basename, join } from 'node:path'
import { createWatchedFileLogger } from '../../main/file-logger.ts'
import { startGatewayProcess } from '../../main/gateway/gateway-process.ts'
import { printReady } from '../../main/network/ready-line.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../main/system.ts'
import { diskOf } from '../../main/troubles/disk.ts'
import { startStorageWatch } from '../../main/troubles/storage-watch.ts'
import { BUILT_IN_MODELS_FOLDER } from '../built-files.ts'
import type { CliContext } from '../context.ts'
import { untilStopped } from '../until-stopped.ts'
import { logLevelOf } from './log-level.ts'

interface GatewayArguments {
  readonly home: string
  readonly rpc: string
  readonly port: number
  readonly listen: readonly string[]
  readonly bootstrap: readonly string[]
  readonly models: string | undefined
}

export async function runGateway(args: GatewayArguments, { env }: Pick<CliContext, 'env'>): Promise<number> {
  const folder = join(args.home, '..', 'logs')
  const { logger, onLogFault } = createWatchedFileLogger({ folder, name: basename(args.home), level: logLevelOf(env) })
  const stopped = untilStopped({ withParent: !process.stdin.isTTY })
  const storage = await startStorageWatch({ clock: SYSTEM_CLOCK, ...diskOf(args.home) })
  onLogFault((error) => storage.failed(error))
  const gateway = await startGatewayProcess(
    { clock: SYSTEM_CLOCK, rng: SYSTEM_RNG, logger, storage },
    {
      home: args.home,
      rpcUrl: args.rpc,
      port: args.port,
      listen: args.listen,
      bootstrap: args.bootstrap,
      builtInModels: BUILT_IN_MODELS_FOLDER,
      modelsFolder: args.models ?? join(args.home, 'models'),
    },
  )
  printReady({ event: 'ready', role: 'gateway', openai: gateway.baseUrl, p2p: [...gateway.addresses] })
  logger.log('info', 'stopping', { reason: await stopped })
  await gateway.stop()
  await storage.stop()
  return 0
}
