import { basename, join } from 'node:path'
import { errorMessage } from '../lib/coded-error.ts'
import { createFileLogger } from '../main/file-logger.ts'
import { startHostProcess } from '../main/host-process.ts'
import { BUILT_IN_MODELS } from '../main/models/model-library.ts'
import { printReady } from '../main/network/ready-line.ts'
import { startNodeCompute } from '../main/node-compute.ts'
import { createNodeInference } from '../main/node-inference.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../main/system.ts'
import type { HostArguments } from './arguments.ts'
import { BUILT_IN_MODELS_FOLDER, INFERENCE_WORKER_FILE, WORKER_FILE } from './built-files.ts'
import { untilStopped } from './until-stopped.ts'

export async function runHost(args: HostArguments): Promise<number> {
  const logger = createFileLogger({ folder: join(args.home, '..', 'logs'), name: basename(args.home) })
  const stopped = untilStopped({ withParent: !process.stdin.isTTY })
  const compute = startNodeCompute(WORKER_FILE, logger)
  const inference = createNodeInference({
    workerFile: INFERENCE_WORKER_FILE,
    modelsFolder: args.models ?? BUILT_IN_MODELS_FOLDER,
    threads: 1,
    logger,
  })
  const host = await startHostProcess(
    { clock: SYSTEM_CLOCK, rng: SYSTEM_RNG, logger, compute: compute.port, inference },
    {
      home: args.home,
      rpcUrl: args.rpc,
      listen: args.listen,
      bootstrap: args.bootstrap,
      moniker: args.moniker,
      shape: args.shape,
      dutyPpm: args['duty-ppm'],
      allowSoftwareAdapter: false,
      models: BUILT_IN_MODELS,
    },
  )
  if (args.join) {
    host.contributor
      .join()
      .catch((error: unknown) => logger.log('error', 'join failed', { error: errorMessage(error) }))
  }
  printReady({
    event: 'ready',
    role: 'host',
    p2p: [...host.peers.addresses()],
    address: host.keys.ownerAddress,
  })
  logger.log('info', 'stopping', { reason: await stopped })
  await host.stop()
  await compute.stop()
  await inference.stop()
  return 0
}
