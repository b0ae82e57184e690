/**
 * What both shells run: a local network of supervised processes, this computer's own host, and the contract that a screen speaks to.
 * Invariant: whatever fails while starting, everything that was started is stopped again; `stop` waits for a safe point and leaves
 * no process behind; the host can be replaced under a screen that stays. Read next: ../network/local-network.ts, ../host-process.ts,
 * desks.ts, and the shells: ../service-shell.ts (a browser tab) and ../electron (the desktop).
 */
import { ComputeRelay } from '../../ipc/compute-relay.ts'
import type { ScreenBackend, ScreenRouter } from '../../ipc/screen-router.ts'
import { createScreenRouter } from '../../ipc/screen-router.ts'
import type { Clock, Logger, Rng } from '../../lib/runtime.ts'
import type { ComputePort } from '../../protocol/compute.ts'
import type { InferencePort } from '../../protocol/inference.ts'
import { lockHome } from '../data-folder.ts'
import type { OnLogFault } from '../file-logger.ts'
import { loadControlToken } from '../gateway/control-routes.ts'
import { createGatewayClient } from '../gateway/gateway-client.ts'
import type { HostPortWrappers, HostProcess } from '../host-process.ts'
import { startHostProcess } from '../host-process.ts'
import type { LeaseWatch } from '../leased-compute.ts'
import { createLeasedCompute } from '../leased-compute.ts'
import { createLeasedInference } from '../leased-inference.ts'
import { ensureLocalDeveloper } from '../local-developer.ts'
import { BUILT_IN_MODELS } from '../models/model-library.ts'
import type { LocalNetwork } from '../network/local-network.ts'
import { memberHome, modelsFolder, startLocalNetwork } from '../network/local-network.ts'
import { loadNetworkPorts } from '../network/network-file.ts'
import type { SpawnChild } from '../network/spawn-child.ts'
import { startNodeCompute } from '../node-compute.ts'
import { createNodeInference } from '../node-inference.ts'
import type { DeveloperDeskComponents } from '../screen/developer-desk.ts'
import { createDeveloperDesk } from '../screen/developer-desk.ts'
import type { LocalDeveloper } from '../screen/screen-backend.ts'
import { createScreenBackend } from '../screen/screen-backend.ts'
import { createDutyCompute } from '../settings/duty-compute.ts'
import type { SettingsStore } from '../settings/settings-store.ts'
import { createSteadyClock } from '../system.ts'
import type { RunningHealth } from '../troubles/health.ts'
import { startHealth } from '../troubles/health.ts'
import type { Health, OnResume } from '../troubles/host-troubles.ts'
import type { StoragePorts } from '../troubles/storage-watch.ts'
import { pauseWhileFull } from '../troubles/storage-watch.ts'
import { openVault } from '../wallet/open-vault.ts'
import type { Vault } from '../wallet/vault.ts'
import { createDesks } from './desks.ts'
import type { SwitchingBackend } from './switching-backend.ts'
import { createSwitchingBackend } from './switching-backend.ts'

/** Of the host itself; what the person chose is the compute's to keep, so that it changes while a race runs. */
const APP_DUTY_PPM = 1_000_000
/** A tab that computes on the processor shares it with this very network. */
const SOFTWARE_DUTY_PPM = 500_000
/** A processor races by WebAssembly: a small share of it keeps up with the companions and leaves the machine to its owner. */
const CPU_DUTY_PPM = 50_000

export interface CoreComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  /** Says one line to the person at the terminal. */
  readonly say: (line: string) => void
  /** How a member of the local network comes to life; a Node process where absent. */
  readonly spawn?: SpawnChild | undefined
  /** A newer version, where the shell knows of one. */
  readonly update?: SnapshotUpdate | undefined
  /** Who holds the owner's secret, where that is another process; one over the data folder where absent. */
  readonly vault?: Vault | undefined
  /** Puts something around the ports of the application's host; nothing where absent. */
  readonly around?: Partial<HostPortWrappers> | undefined
  /** The data folder's disk; the platform's where absent. */
  readonly disk?: Omit<StoragePorts, 'clock'> | undefined
  /** Milliseconds since the computer started, sleep included; the platform's where absent. */
  readonly uptimeMs?: (() => number) | undefined
  /** The computer woke, where the shell hears of it. */
  readonly onResume?: OnResume | undefined
  /** Log lines that could not be written; the disk is then looked at. */
  readonly onLogFault?: OnLogFault | undefined
}

type SnapshotUpdate = () => ReturnType<ScreenBackend['snapshot']>['update']

export interface CoreOptions {
  readonly home: string
  readonly logFolder: string
  /** The built compute worker. */
  readonly workerFile: URL
  /** The built inference worker. */
  readonly inferenceWorkerFile: URL
  /** Models that come with the program, a folder for each. */
  readonly modelsFolder: string
  readonly program: readonly [string, ...string[]]
  /** 0 = as stored, else any free port. */
  readonly rpcPort: number
  readonly settings: SettingsStore
  readonly shell: 'service' | 'desktop'
  /** `http://127.0.0.1:port` of the screen once it is served; empty before, or where none is. */
  readonly screenUrl: () => string
}

export interface CoreEndpoints {
  readonly rpc: string
  readonly p2p: readonly string[]
  /** Base URL of the OpenAI-compatible API. */
  readonly openai: string
  /** Of the local developer, funded by the genesis. */
  readonly apiKey: string
}

export interface ApplicationCore {
  readonly backend: ScreenBackend
  readonly router: ScreenRouter
  endpoints(): CoreEndpoints
  stop(): Promise<void>
}

type Stoppable = () => Promise<unknown> | unknown

/** @throws CodedError `already_running`, `child_failed`, `damaged_file` … */
export async function startApplicationCore(components: CoreComponents, options: CoreOptions): Promise<ApplicationCore> {
  const stoppables: Stoppable[] = []
  const stop = async (): Promise<void> => {
    for (const stopOne of stoppables.splice(0).reverse()) {
      await stopOne()
    }
  }
  try {
    const lock = lockHome(options.home)
    stoppables.push(() => lock.release())
    const network = await startNetwork(components, options)
    stoppables.push(() => network.stop())
    return { ...(await startParts(components, options, network, stoppables)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startNetwork(components: CoreComponents, options: CoreOptions): Promise<LocalNetwork & AppPort> {
  const { say } = components
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
  return { ...network, appP2pPort: ports.appP2pPort }
}

interface AppPort {
  readonly appP2pPort: number
}

/** Compute, inference, developer, host and router; what they share lives as long as the core, the host may be replaced. */
async function startParts(
  components: CoreComponents,
  options: CoreOptions,
  network: LocalNetwork & AppPort,
  stoppables: Stoppable[],
): Promise<Omit<ApplicationCore, 'stop'>> {
  const { clock, logger, rng } = components
  // Silence is a span: a clock that is set must not end a lease.
  const relay = new ComputeRelay({ clock: createSteadyClock(clock), rng })
  stoppables.push(() => relay.stop())
  const health = await startHealth(
    { ...components, lease: relay },
    { home: options.home, modelsFolder: options.modelsFolder, cacheFolder: modelsFolder(options.home) },
  )
  stoppables.push(() => health.stop())
  const compute = startCompute(options, relay, logger, health, stoppables)
  const inference = startInference(options, relay, logger, health, stoppables)
  const home = memberHome(options.home, 'app')
  const vault = components.vault ?? (await openVault(components, { home, network: 'local' }))
  const parts = { network, relay, compute, inference, vault, health }
  const slot = createHostSlot(components, options, parts)
  stoppables.push(() => slot.stop())
  const { host, developer, backend: first } = await slot.open()
  const backend = createSwitchingBackend(first)
  slot.follow(backend)
  const router = createScreenRouter({ backend, compute: relay, clock, logger: logger.child('screen') })
  const addresses = host.peers.addresses()
  return {
    backend,
    router,
    endpoints: () => ({
      rpc: network.rpcUrl,
      p2p: [...network.bootstrap, ...addresses],
      openai: network.openaiUrl,
      apiKey: developer.key.apiKey,
    }),
  }
}

interface SharedParts {
  readonly network: LocalNetwork & AppPort
  readonly relay: ComputeRelay
  readonly compute: ComputePort
  readonly inference: InferencePort
  readonly vault: Vault
  readonly health: Health
}

interface OpenHost {
  readonly host: HostProcess
  readonly developer: LocalDeveloper
  readonly backend: ScreenBackend
}

interface HostSlot {
  /** Starts the host and what looks at it. */
  open(): Promise<OpenHost>
  /** What is told of each host that replaces another. */
  follow(backend: SwitchingBackend): void
  stop(): Promise<void>
}

/** Holds the one host that runs; a restart stops it entirely before the next one begins. */
function createHostSlot(components: CoreComponents, options: CoreOptions, parts: SharedParts): HostSlot {
  let stoppables: Stoppable[] = []
  let followed: SwitchingBackend | undefined
  // Where the host is replaced while this runs, what the person chose for the start was obeyed already.
  let resume = options.settings.state().values.resumeAtStart
  async function stop(): Promise<void> {
    for (const stopOne of stoppables.splice(0).reverse()) {
      await stopOne()
    }
  }
  async function open(): Promise<OpenHost> {
    stoppables = []
    const host = await startHost(components, options, { ...parts, resume })
    resume = true
    stoppables.push(() => host.stop())
    const developer = await startDeveloper(components, options, { network: parts.network, host }, stoppables)
    const restartHost = async (): Promise<void> => {
      await stop()
      const next = await open()
      followed?.switchTo(next.backend)
    }
    const backend = openBackend(components, options, { ...parts, host, developer, restartHost }, stoppables)
    return { host, developer, backend }
  }
  return {
    open,
    stop,
    follow(backend) {
      followed = backend
    },
  }
}

/** The desks of this host and what the screen sees of both. */
function openBackend(
  components: CoreComponents,
  options: CoreOptions,
  parts: SharedParts & {
    readonly host: HostProcess
    readonly developer: LocalDeveloper
    readonly restartHost: () => Promise<void>
  },
  stoppables: Stoppable[],
): ScreenBackend {
  const desks = createDesks(
    {
      ...components,
      ...parts,
      settings: options.settings,
      snapshot: () => backend.snapshot(),
    },
    {
      home: options.home,
      logFolder: options.logFolder,
      modelsFolder: options.modelsFolder,
      shell: options.shell,
    },
  )
  stoppables.push(() => desks.stop())
  const stopping = new AbortController()
  stoppables.push(() => stopping.abort())
  const backend: ScreenBackend = createScreenBackend(
    { ...parts, desks, clock: components.clock, logger: components.logger, lease: parts.relay },
    {
      dataFolder: options.home,
      logFolder: options.logFolder,
      endpoints: () => ({ rpc: parts.network.rpcUrl, screen: options.screenUrl() }),
    },
    stopping.signal,
  )
  return backend
}

async function startHost(
  { clock, logger, rng, around = {} }: CoreComponents,
  options: CoreOptions,
  { network, compute, inference, vault, health, resume }: SharedParts & { readonly resume: boolean },
): Promise<HostProcess> {
  const { values } = options.settings.state()
  return startHostProcess(
    {
      clock,
      logger: logger.child('host'),
      rng,
      compute,
      inference,
      identity: await vault.hostSecrets(),
      pause: pauseWhileFull(health.storage),
      onStoreFault: (error) => health.storage.failed(error),
      around,
    },
    {
      home: memberHome(options.home, 'app'),
      rpcUrl: network.rpcUrl,
      listen: [`/ip4/127.0.0.1/tcp/${network.appP2pPort}`],
      bootstrap: network.bootstrap,
      moniker: 'this computer',
      shape: 'dev',
      dutyPpm: APP_DUTY_PPM,
      allowSoftwareAdapter: values.allowSoftwareAdapter,
      resume,
      models: values.models.filter((model) => BUILT_IN_MODELS.includes(model)),
    },
  )
}

/** The tab's compute while one holds the lease, else this process's own. */
function startCompute(
  options: CoreOptions,
  relay: ComputeRelay,
  logger: Logger,
  { device }: Health,
  stoppables: Stoppable[],
): ComputePort {
  const fallback = startNodeCompute(options.workerFile, logger)
  stoppables.push(() => fallback.stop())
  const compute = createLeasedCompute({
    leased: device.compute('tab', relay),
    lease: leaseWatchOf(relay),
    fallback: device.compute('here', fallback.port),
    cpuDutyPpm: CPU_DUTY_PPM,
    softwareDutyPpm: SOFTWARE_DUTY_PPM,
    logger,
  })
  return createDutyCompute(compute, {
    ppm: () => options.settings.state().values.dutyPpm,
    onChange: (listener) => options.settings.onChange(listener),
  })
}

/** The tab's inference where it is faster, else this process's own. */
function startInference(
  options: CoreOptions,
  relay: ComputeRelay,
  logger: Logger,
  { device, onRepaired }: RunningHealth,
  stoppables: Stoppable[],
): InferencePort {
  const { inferenceWorkerFile: workerFile, modelsFolder } = options
  const fallback = createNodeInference({ workerFile, modelsFolder, threads: 1, logger: logger.child('inference') })
  stoppables.push(() => fallback.stop())
  const ports = { leased: device.inference('tab', relay), fallback: device.inference('here', fallback) }
  const inference = createLeasedInference({ ...ports, lease: leaseWatchOf(relay), logger })
  stoppables.push(onRepaired(() => inference.reload()))
  return inference
}

function leaseWatchOf(relay: ComputeRelay): LeaseWatch {
  return { isHeld: () => relay.state().state === 'held', onChange: (listener) => relay.onLease(listener) }
}

/** The local developer's key, made at the first start, and this application's view of the gateway. */
async function startDeveloper(
  components: CoreComponents,
  options: CoreOptions,
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
