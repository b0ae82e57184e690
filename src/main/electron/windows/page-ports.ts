/** Gives a page a port to the core each time it asks, after a look at who asks. Main itself never reads what travels on it. */
import type { Logger } from '../../../lib/runtime.ts'
import type { PageKind } from '../core/core-wire.ts'
import type { TransferPort } from '../core/forked-process.ts'
import type { ElectronApi } from '../electron-api.ts'
import { pageOfSender } from './guards.ts'
import { CONNECT_CHANNEL, PORT_CHANNEL } from './page-channel.ts'

export interface PagePortsComponents {
  readonly electron: Pick<ElectronApi, 'ipcMain' | 'MessageChannelMain'>
  readonly pages: ReadonlyMap<number, PageKind>
  readonly openPage: (kind: PageKind, port: TransferPort) => void
  readonly logger: Logger
}

export function servePagePorts({ electron, pages, openPage, logger }: PagePortsComponents): void {
  electron.ipcMain.on(CONNECT_CHANNEL, (event) => {
    const kind = pageOfSender(event, pages)
    if (kind === undefined) {
      logger.log('warn', 'a message from a page that is not ours was refused')
      return
    }
    const { port1, port2 } = new electron.MessageChannelMain()
    openPage(kind, port1)
    event.sender.postMessage(PORT_CHANNEL, null, [port2])
  })
}
