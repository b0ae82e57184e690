import { basename, join } from 'node:path'
import { errorMessage } from '../../lib/coded-error.ts'
import { createWatchedFileLogger } from '../../main/file-logger.ts'
import type { HostProcessComponents } from '../../main/host-process.ts'
import { startHostProcess } from '../../main/host-process.ts'
import { createHostMonitor } from '../../main/metrics/host-monitor.ts'
import { BUILT_IN_MODELS } from '../../main/models/model-library.ts'
import { printReady } from '../../main/network/ready-line.ts'
import { startNodeCompute } from '../../main/node-compute.ts'
import { createNodeInference } from '../../main/node-inference.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../main/system.ts'
import { diskOf } from '../../main/troubles/disk.ts'
import { pauseWhileFull, startStorageWatch } from '../../main/troubles/storage-watch.ts'
import { BUILT_IN_MODELS_FOLDER, INFERENCE_WORKER_FILE, WORKER_FILE } from '../built-files.ts'
import type { CliContext } from '../context.ts'
import { untilStopped } from '../until-stopped.ts'
import { logLevelOf } from './log-level.ts'

interface HostArguments {
  readonly home: string
  readonly rpc: string
  readonly listen: readonly string[]
  readonly bootstrap: readonly string[]
  readonly moniker: string
  readonly shape: 'dev' | 'std'
  readonly models: string | undefined
  readonly 'duty-ppm': number
  readonly 'metrics-port': number | undefined
  readonly join: boolean
}

export async function runHost(args: HostArguments, { env }: Pick<CliContext, 'env'>): Promise<number> {
  const folder = join(args.home, '..', 'logs')
  const { logger, onLogFault } = createWatchedFileLogger({ folder, name: basename(args.home), level: logLevelOf(env) })
  const stopped = untilStopped({ withParent: !process.stdin.isTTY })
  const compute = startNodeCompute(WORKER_FILE, logger)
  const modelsFolder = args.models ?? BUILT_IN_MODELS_FOLDER
  const inference = createNodeInference({ workerFile: INFERENCE_WORKER_FILE, modelsFolder, threads: 1, logger })
  const storage = await startStorageWatch({ clock: SYSTEM_CLOCK, ...diskOf(args.home) })
  onLogFault((error) => storage.failed(error))
  const onFullDisk = {
    pause: pauseWhileFull(storage),
    onStoreFault: (error: unknown): void => storage.failed(error),
  }
  const metricsPort = args['metrics-port']
  const monitor = metricsPort === undefined ? undefined : createHostMonitor({ clock: SYSTEM_CLOCK, logger })
  const components: HostProcessComponents = {
    ...{ clock: SYSTEM_CLOCK, rng: SYSTEM_RNG, logger },
    ...{ compute: compute.port, inference, ...onFullDisk },
  }
  const host = await startHostProcess(monitor?.measure(components) ?? components, {
    home: args.home,
    rpcUrl: args.rpc,
    listen: args.listen,
    bootstrap: args.bootstrap,
    moniker: args.moniker,
    shape: args.shape,
    dutyPpm: args['duty-ppm'],
    allowSoftwareAdapter: false,
    models: BUILT_IN_MODELS,
  })
  const metrics = await monitor?.serve(host, metricsPort ?? 0)
  if (args.join) {
    host.contributor
      .join()
      .catch((error: unknown) => logger.log('error', 'join failed', { error: errorMessage(error) }))
  }
  printReady({ event: 'ready', role: 'host', p2p: [...host.peers.addresses()], address: host.keys.ownerAddress })
  logger.log('info', 'stopping', { reason: await stopped })
  await metrics?.stop()
  await host.stop()
  await storage.stop()
  await compute.stop()
  await inference.stop()
  return 0
}
