/**
 * A companion that cheats: the very host of src/main with one of its ports wrapped. Its own program, so that nothing in src
 * knows of it. In the race it is honest until a race of its own has counted; in paid work it is drawn only once it has weight.
 */
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Logger } from '../../../src/lib/runtime.ts'
import { createFileLogger } from '../../../src/main/file-logger.ts'
import type { HostPortWrappers } from '../../../src/main/host-process.ts'
import { startHostProcess } from '../../../src/main/host-process.ts'
import { BUILT_IN_MODELS } from '../../../src/main/models/model-library.ts'
import { onParentGone } from '../../../src/main/network/exit-with-parent.ts'
import { printReady } from '../../../src/main/network/ready-line.ts'
import { startNodeCompute } from '../../../src/main/node-compute.ts'
import type { NodeInference } from '../../../src/main/node-inference.ts'
import { createNodeInference } from '../../../src/main/node-inference.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../../src/main/system.ts'
import type { ComputePort } from '../../../src/protocol/compute.ts'
import type { InferencePort } from '../../../src/protocol/inference.ts'
import { forgeFinds } from '../cheats/forged-find.ts'
import { skipChecks } from '../cheats/lazy-verifier.ts'
import { lieInChecks } from '../cheats/lying-verifier.ts'
import { padBatches } from '../cheats/padded-batch.ts'
import { handOutNothing, openNothing } from '../cheats/withheld-opening.ts'
import { roundModels, serveWrongModel } from '../cheats/wrong-model.ts'
import type { CheatKind } from './check-arguments.ts'
import { CHEATS } from './check-arguments.ts'

const MODELS_FOLDER = fileURLToPath(new URL('../../models', import.meta.url))

const { values } = parseArgs({
  options: {
    cheat: { type: 'string' },
    home: { type: 'string' },
    rpc: { type: 'string' },
    bootstrap: { type: 'string', multiple: true },
  },
})
const { home, rpc } = values
const cheat = CHEATS.find((kind) => kind === values.cheat)
if (home === undefined || rpc === undefined || cheat === undefined) {
  throw new Error(`usage: cheat-host --cheat ${CHEATS.join('|')} --home DIR --rpc URL [--bootstrap ADDRESS …]`)
}
const logger = createFileLogger({ folder: join(home, '..', 'logs'), name: basename(home) })
const compute = startNodeCompute(new URL('./compute-worker.js', import.meta.url), logger)
const engines: NodeInference[] = []
const host = await startHostProcess(
  {
    clock: SYSTEM_CLOCK,
    rng: SYSTEM_RNG,
    logger,
    compute: computeOf(cheat, compute.port),
    inference: inferenceOf(cheat, home),
    around: wrappersOf(cheat),
  },
  {
    home,
    rpcUrl: rpc,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: values.bootstrap ?? [],
    moniker: 'companion-3',
    shape: 'dev',
    dutyPpm: 40_000,
    allowSoftwareAdapter: false,
    models: BUILT_IN_MODELS,
  },
)
host.contributor.join().catch((error: unknown) => logger.log('error', 'join failed', { error: String(error) }))
printReady({ event: 'ready', role: 'host', p2p: [...host.peers.addresses()], address: host.keys.ownerAddress })

function computeOf(kind: CheatKind, port: ComputePort): ComputePort {
  switch (kind) {
    case 'forged-find':
      return forgeFinds(port)
    case 'lazy-verifier':
      return skipChecks(port)
    default:
      return port
  }
}

function inferenceOf(kind: CheatKind, folder: string): InferencePort {
  const honest = startEngine(MODELS_FOLDER, logger)
  if (kind !== 'wrong-model') {
    return honest
  }
  const rounded = join(folder, 'rounded-models')
  roundModels(MODELS_FOLDER, rounded, BUILT_IN_MODELS)
  return serveWrongModel(honest, startEngine(rounded, logger.child('rounded')))
}

function startEngine(modelsFolder: string, log: Logger): NodeInference {
  const workerFile = new URL('./inference-worker.js', import.meta.url)
  const engine = createNodeInference({ workerFile, modelsFolder, threads: 1, logger: log })
  engines.push(engine)
  return engine
}

function wrappersOf(kind: CheatKind): Partial<HostPortWrappers> {
  switch (kind) {
    case 'lying-verifier':
      return { chain: lieInChecks }
    case 'withheld-opening':
      return { chain: openNothing, peers: handOutNothing }
    case 'padded-batch': {
      const batches = padBatches()
      return { chain: batches.wrapChain, store: batches.wrapStore }
    }
    default:
      return {}
  }
}

async function stop(): Promise<void> {
  await host.stop()
  await compute.stop()
  await Promise.all(engines.map((engine) => engine.stop()))
  process.exit(0)
}
process.once('SIGTERM', () => void stop())
onParentGone(() => void stop())
