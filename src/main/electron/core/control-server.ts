/**
 * Lets the command line reach the desktop as it reaches the service shell: the contract on loopback for whoever can read the private file of
 * this folder. Invariant: no page is served here, so there is nothing for a browser to open.
 */
import { toHex } from '../../../lib/bytes.ts'
import type { Logger, Rng } from '../../../lib/runtime.ts'
import type { ApplicationCore } from '../../core/application-core.ts'
import { removeRunningInstance, writeRunningInstance } from '../../screen/running-instance.ts'
import { startScreenServer } from '../../screen/screen-server.ts'

const CONTROL_BYTES = 32

export interface ControlServer {
  readonly url: string
  stop(): Promise<void>
}

export async function startControlServer(
  components: { readonly logger: Logger; readonly rng: Rng; readonly core: ApplicationCore },
  options: { readonly home: string; readonly modelsFolder: string },
  askMain: (what: 'show' | 'quit') => void,
): Promise<ControlServer> {
  const { logger, rng, core } = components
  const control = toHex(rng.bytes(CONTROL_BYTES))
  const server = await startScreenServer(
    { logger: logger.child('control'), rng, router: core.router },
    {
      modelsFolder: options.modelsFolder,
      port: 0,
      control,
      actions: { stop: () => askMain('quit'), show: () => askMain('show') },
    },
  )
  const url = `http://127.0.0.1:${server.port}`
  const { p2p, ...endpoints } = core.endpoints()
  writeRunningInstance(options.home, { pid: process.pid, control, ...endpoints, p2p: [...p2p], screen: url })
  return {
    url,
    async stop() {
      removeRunningInstance(options.home)
      await server.stop()
    },
  }
}
