/**
 * The service shell: `tailrace start`. A local network of supervised processes, the app's own host in this process, and the
 * screen served to a browser tab, which lends its GPU. Invariant: whatever fails while starting, everything that was started
 * is stopped again; `stop` waits for a safe point and leaves no process behind. Read next: local-network.ts, host-process.ts.
 */
import { ComputeRelay } from '../ipc/compute-relay.ts'
import { createScreenRouter } from '../ipc/screen-router.ts'
import { toHex } from '../lib/bytes.ts'
import type { Clock, Logger, Rng } from '../lib/runtime.ts'
import type { ComputePort } from '../protocol/compute.ts'
import type { InferencePort } from '../protocol/inference.ts'
import { lockHome } from './data-folder.ts'
import { loadControlToken } from './gateway/control-routes.ts'
import { createGatewayClient } from './gateway/gateway-client.ts'
import type { HostProcess } from './host-process.ts'
import { startHostProcess } from './host-process.ts'
import type { LeaseWatch } from './leased-compute.ts'
import { createLeasedCompute } from './leased-compute.ts'
import { createLeasedInference } from './leased-inference.ts'
import { ensureLocalDeveloper } from './local-developer.ts'
import { BUILT_IN_MODELS } from './models/model-library.ts'
import { findPort, tryPort } from './network/free-port.ts'
import type { LocalNetwork } from './network/local-network.ts'
import { memberHome, startLocalNetwork } from './network/local-network.ts'
import { loadNetworkPorts } from './network/network-file.ts'
import { startNodeCompute } from './node-compute.ts'
import { createNodeInference } from './node-inference.ts'
import type { DeveloperDeskComponents } from './screen/developer-desk.ts'
import { createDeveloperDesk } from './screen/developer-desk.ts'
import { removeRunningInstance, writeRunningInstance } from './screen/running-instance.ts'
import type { LocalDeveloper } from './screen/screen-backend.ts'
import { createScreenBackend } from './screen/screen-backend.ts'
import type { ScreenServer } from './screen/screen-server.ts'
import { startScreenServer } from './screen/screen-server.ts'

export const DEFAULT_SCREEN_PORT = 7345
/** Share of the time that a tab's device races. */
const APP_DUTY_PPM = 1_000_000
/** A tab that computes on the processor shares it with this very network. */
const SOFTWARE_DUTY_PPM = 500_000
/** Without a tab, this process races on the CPU and leaves the machine to its owner. */
const FALLBACK_DUTY_PPM = 100_000

export interface ServiceShellComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  /** Says one line to the person at the terminal. */
  readonly say: (line: string) => void
}

export interface ServiceShellOptions {
  readonly home: string
  readonly logFolder: string
  /** Folder of the built screen. */
  readonly screenFolder: string
  /** The built compute worker. */
  readonly workerFile: URL
  /** The built inference worker. */
  readonly inferenceWorkerFile: URL
  /** Models that come with the program, a folder for each. */
  readonly modelsFolder: string
  readonly program: readonly [string, ...string[]]
  /** 0 = any free port. */
  readonly screenPort: number
  /** 0 = as stored, else any free port. */
  readonly rpcPort: number
  readonly allowSoftwareAdapter: boolean
}

export interface Endpoints {
  readonly rpc: string
  readonly screen: string
  readonly p2p: readonly string[]
  /** Base URL of the OpenAI-compatible API. */
  readonly openai: string
  /** Of the local developer, funded by the genesis. */
  readonly apiKey: string
}

export interface ServiceShell {
  readonly endpoints: Endpoints
  /** A fresh link with a one-time token. */
  link(): string
  stop(): Promise<void>
}

type Stoppable = () => Promise<void> | void

/** @throws CodedError `already_running`, `child_failed`, `screen_not_built`, `port_taken` … */
export async function startServiceShell(
  components: ServiceShellComponents,
  options: ServiceShellOptions,
): Promise<ServiceShell> {
  const stoppables: Stoppable[] = []
  const stop = async (): Promise<void> => {
    for (const stopOne of stoppables.splice(0).reverse()) {
      await stopOne()
    }
  }
  try {
    const lock = lockHome(options.home)
    stoppables.push(() => lock.release())
    return await startParts(components, options, stoppables, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function startParts(
  components: ServiceShellComponents,
  options: ServiceShellOptions,
  stoppables: Stoppable[],
  stop: () => Promise<void>,
): Promise<ServiceShell> {
  const { clock, logger, rng, say } = components
  const { ports, changes } = await loadNetworkPorts(options.home, { rpcPort: options.rpcPort })
  for (const change of changes) {
    say(`Port ${change.from} (${change.name}) is taken by another program; using ${change.to}.`)
  }
  say('Starting the local network: one chain node, two companion hosts, one gateway …')
  const network = await startLocalNetwork(components, {
    home: options.home,
    ports,
    program: options.program,
    builtInModels: options.modelsFolder,
    onExit: (status, exit) => say(`${status.name} stopped (${exit}); starting it again.`),
  })
  stoppables.push(() => network.stop())

  const relay = new ComputeRelay({ clock, rng })
  stoppables.push(() => relay.stop())
  const compute = startCompute(options, relay, logger, stoppables)
  const inference = startInference(options, relay, logger, stoppables)
  const host = await startHostProcess(
    { clock, logger: logger.child('host'), rng, compute, inference },
    {
      home: memberHome(options.home, 'app'),
      rpcUrl: network.rpcUrl,
      listen: [`/ip4/127.0.0.1/tcp/${ports.appP2pPort}`],
      bootstrap: network.bootstrap,
      moniker: 'this computer',
      shape: 'dev',
      dutyPpm: APP_DUTY_PPM,
      allowSoftwareAdapter: options.allowSoftwareAdapter,
      models: BUILT_IN_MODELS,
    },
  )
  stoppables.push(() => host.stop())
  const control = toHex(rng.bytes(32))
  const developer = await startDeveloper(components, options, { network, host }, stoppables)
  const parts = { host, relay, control, rpcUrl: network.rpcUrl, developer }
  const screen = await startScreen(components, options, parts, stoppables)
  const endpoints: Endpoints = {
    rpc: network.rpcUrl,
    screen: `http://127.0.0.1:${screen.port}`,
    p2p: [...network.bootstrap, ...host.peers.addresses()],
    openai: network.openaiUrl,
    apiKey: developer.key.apiKey,
  }
  writeRunningInstance(options.home, { pid: process.pid, control, ...endpoints, p2p: [...endpoints.p2p] })
  stoppables.push(() => removeRunningInstance(options.home))
  return { endpoints, link: () => screen.link(), stop }
}

/** The tab's compute while one holds the lease, else this process's own. */
function startCompute(
  options: ServiceShellOptions,
  relay: ComputeRelay,
  logger: Logger,
  stoppables: Stoppable[],
): ComputePort {
  const fallback = startNodeCompute(options.workerFile, logger)
  stoppables.push(() => fallback.stop())
  return createLeasedCompute({
    leased: relay,
    lease: leaseWatchOf(relay),
    fallback: fallback.port,
    fallbackDutyPpm: FALLBACK_DUTY_PPM,
    softwareDutyPpm: SOFTWARE_DUTY_PPM,
    logger,
  })
}

/** The tab's inference where it is faster, else this process's own. */
function startInference(
  options: ServiceShellOptions,
  relay: ComputeRelay,
  logger: Logger,
  stoppables: Stoppable[],
): InferencePort {
  const { inferenceWorkerFile: workerFile, modelsFolder } = options
  const fallback = createNodeInference({ workerFile, modelsFolder, threads: 1, logger: logger.child('inference') })
  stoppables.push(() => fallback.stop())
  return createLeasedInference({ leased: relay, lease: leaseWatchOf(relay), fallback, logger })
}

function leaseWatchOf(relay: ComputeRelay): LeaseWatch {
  return { isHeld: () => relay.state().state === 'held', onChange: (listener) => relay.onLease(listener) }
}

/** The local developer's key, made at the first start, and this application's view of the gateway. */
async function startDeveloper(
  components: ServiceShellComponents,
  options: ServiceShellOptions,
  { network, host }: { readonly network: LocalNetwork; readonly host: HostProcess },
  stoppables: Stoppable[],
): Promise<LocalDeveloper> {
  const { clock, logger, rng } = components
  const stopping = new AbortController()
  stoppables.push(() => stopping.abort())
  const home = memberHome(options.home, 'developer')
  const key = await ensureLocalDeveloper(components, { home, rpcUrl: network.rpcUrl }, stopping.signal)
  const gateway = createGatewayClient(network.openaiUrl, loadControlToken(memberHome(options.home, 'gateway'), rng))
  const ownReceipt: DeveloperDeskComponents['ownReceipt'] = async (orderHash, signal) =>
    host.contributor.work?.receipt(orderHash, signal)
  const desk = createDeveloperDesk({ gateway, ownReceipt, apiKey: key.apiKey, rpcUrl: network.rpcUrl, clock, logger })
  return { desk, gateway, key: { ...key, model: BUILT_IN_MODELS[0] ?? '' } }
}

async function startScreen(
  components: ServiceShellComponents,
  options: ServiceShellOptions,
  parts: {
    readonly host: HostProcess
    readonly relay: ComputeRelay
    readonly control: string
    readonly rpcUrl: string
    readonly developer: LocalDeveloper
  },
  stoppables: Stoppable[],
): Promise<ScreenServer> {
  const { clock, logger } = components
  const stopping = new AbortController()
  stoppables.push(() => stopping.abort())
  let server: ScreenServer | undefined
  const backend = createScreenBackend(
    { host: parts.host, developer: parts.developer, clock, logger, lease: parts.relay },
    {
      dataFolder: options.home,
      logFolder: options.logFolder,
      dutyPpm: APP_DUTY_PPM,
      endpoints: () => ({ rpc: parts.rpcUrl, screen: server === undefined ? '' : `http://127.0.0.1:${server.port}` }),
    },
    stopping.signal,
  )
  const router = createScreenRouter({ backend, compute: parts.relay, clock, logger: logger.child('screen') })
  server = await startScreenServer(
    { logger: logger.child('screen'), rng: components.rng, router },
    {
      folder: options.screenFolder,
      modelsFolder: options.modelsFolder,
      port: await chooseScreenPort(options.screenPort, components.say),
      control: parts.control,
    },
  )
  const started = server
  stoppables.push(() => started.stop())
  return server
}

async function chooseScreenPort(wanted: number, say: (line: string) => void): Promise<number> {
  if (wanted === 0 || (await tryPort(wanted)) !== undefined) {
    return wanted
  }
  const port = await findPort(wanted + 1)
  say(`Port ${wanted} is taken by another program; the screen uses ${port}.`)
  return port
}
