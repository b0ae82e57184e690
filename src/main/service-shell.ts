/**
 * The service shell: `tailrace start`. The core, with its screen served on loopback to a browser tab, which lends its GPU. Invariant: as
 * the core's. Read next: core/application-core.ts, screen/screen-server.ts.
 */
import { toHex } from '../lib/bytes.ts'
import type { CoreComponents, CoreEndpoints, CoreOptions } from './core/application-core.ts'
import { startApplicationCore } from './core/application-core.ts'
import { findPort, tryPort } from './network/free-port.ts'
import { removeRunningInstance, writeRunningInstance } from './screen/running-instance.ts'
import type { ScreenServer } from './screen/screen-server.ts'
import { startScreenServer } from './screen/screen-server.ts'

export type ServiceShellComponents = CoreComponents

export interface ServiceShellOptions extends Omit<CoreOptions, 'shell' | 'screenUrl'> {
  /** Folder of the built screen. */
  readonly screenFolder: string
}

export interface Endpoints extends CoreEndpoints {
  readonly screen: string
}

export interface ServiceShell {
  readonly endpoints: Endpoints
  /** A fresh link with a one-time token. */
  link(): string
  /** Resolves when another program asked this one to stop. */
  readonly stopAsked: Promise<void>
  stop(): Promise<void>
}

/** @throws CodedError `already_running`, `child_failed`, `screen_not_built`, `port_taken` … */
export async function startServiceShell(
  components: ServiceShellComponents,
  options: ServiceShellOptions,
): Promise<ServiceShell> {
  let screen: ScreenServer | undefined
  const screenUrl = (): string => (screen === undefined ? '' : `http://127.0.0.1:${screen.port}`)
  const core = await startApplicationCore(components, { ...options, shell: 'service', screenUrl })
  try {
    const control = toHex(components.rng.bytes(32))
    const stopAsked = Promise.withResolvers<void>()
    const served = await startScreenServer(
      { logger: components.logger.child('screen'), rng: components.rng, router: core.router },
      {
        folder: options.screenFolder,
        modelsFolder: options.modelsFolder,
        port: await chooseScreenPort(options.settings.state().values.screenPort, components.say),
        control,
        actions: { stop: () => stopAsked.resolve() },
      },
    )
    screen = served
    const endpoints: Endpoints = { ...core.endpoints(), screen: screenUrl() }
    writeRunningInstance(options.home, { pid: process.pid, control, ...endpoints, p2p: [...endpoints.p2p] })
    return {
      endpoints,
      link: () => served.link(),
      stopAsked: stopAsked.promise,
      async stop() {
        removeRunningInstance(options.home)
        await served.stop()
        await core.stop()
      },
    }
  } catch (error) {
    await core.stop()
    throw error
  }
}

async function chooseScreenPort(wanted: number, say: (line: string) => void): Promise<number> {
  if (wanted === 0 || (await tryPort(wanted)) !== undefined) {
    return wanted
  }
  const port = await findPort(wanted + 1)
  say(`Port ${wanted} is taken by another program; the screen uses ${port}.`)
  return port
}
