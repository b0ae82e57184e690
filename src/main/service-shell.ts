/**
 * The service shell: `tailrace start`. A local network of supervised processes, the app's own host in this process, and the
 * screen served to a browser tab, which lends its GPU. Invariant: whatever fails while starting, everything that was started
 * is stopped again; `stop` waits for a safe point and leaves no process behind. Read next: local-network.ts, host-process.ts.
 */
import { ComputeRelay } from '../ipc/compute-relay.ts'
import { createScreenRouter } from '../ipc/screen-router.ts'
import { toHex } from '../lib/bytes.ts'
import type { Clock, Logger, Rng } from '../lib/runtime.ts'
import { lockHome } from './data-folder.ts'
import type { HostProcess } from './host-process.ts'
import { startHostProcess } from './host-process.ts'
import { createLeasedCompute } from './leased-compute.ts'
import { findPort, tryPort } from './network/free-port.ts'
import { memberHome, startLocalNetwork } from './network/local-network.ts'
import { loadNetworkPorts } from './network/network-file.ts'
import { startNodeCompute } from './node-compute.ts'
import { removeRunningInstance, writeRunningInstance } from './screen/running-instance.ts'
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
  say('Starting the local network: one chain node, two companion hosts …')
  const network = await startLocalNetwork(components, {
    home: options.home,
    ports,
    program: options.program,
    onExit: (status, exit) => say(`${status.name} stopped (${exit}); starting it again.`),
  })
  stoppables.push(() => network.stop())

  const relay = new ComputeRelay({ clock, rng })
  stoppables.push(() => relay.stop())
  const fallback = startNodeCompute(options.workerFile, logger)
  stoppables.push(() => fallback.stop())
  const compute = createLeasedCompute({
    leased: relay,
    lease: { isHeld: () => relay.state().state === 'held', onChange: (listener) => relay.onLease(listener) },
    fallback: fallback.port,
    fallbackDutyPpm: FALLBACK_DUTY_PPM,
    softwareDutyPpm: SOFTWARE_DUTY_PPM,
    logger,
  })
  const host = await startHostProcess(
    { clock, logger: logger.child('host'), rng, compute },
    {
      home: memberHome(options.home, 'app'),
      rpcUrl: network.rpcUrl,
      listen: [`/ip4/127.0.0.1/tcp/${ports.appP2pPort}`],
      bootstrap: network.bootstrap,
      moniker: 'this computer',
      shape: 'dev',
      dutyPpm: APP_DUTY_PPM,
      allowSoftwareAdapter: options.allowSoftwareAdapter,
    },
  )
  stoppables.push(() => host.stop())
  const control = toHex(rng.bytes(32))
  const screen = await startScreen(components, options, { host, relay, control, rpcUrl: network.rpcUrl }, stoppables)
  const endpoints: Endpoints = {
    rpc: network.rpcUrl,
    screen: `http://127.0.0.1:${screen.port}`,
    p2p: [...network.bootstrap, ...host.peers.addresses()],
  }
  writeRunningInstance(options.home, { pid: process.pid, control, ...endpoints, p2p: [...endpoints.p2p] })
  stoppables.push(() => removeRunningInstance(options.home))
  return { endpoints, link: () => screen.link(), stop }
}

async function startScreen(
  components: ServiceShellComponents,
  options: ServiceShellOptions,
  parts: {
    readonly host: HostProcess
    readonly relay: ComputeRelay
    readonly control: string
    readonly rpcUrl: string
  },
  stoppables: Stoppable[],
): Promise<ScreenServer> {
  const { clock, logger } = components
  const stopping = new AbortController()
  stoppables.push(() => stopping.abort())
  let server: ScreenServer | undefined
  const backend = createScreenBackend(
    { host: parts.host, clock, logger, lease: parts.relay },
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
