/**
 * The desktop shell: composes windows, tray, keys and the core process. Invariant: main holds the keys and the windows and nothing of the
 * network; the core holds the network and no key; a page holds neither and speaks to the core alone. Electron is handed in as a value.
 * Read next: core/core-keeper.ts (the core process), windows/ (pages and what they may not do), system/ (tray, notices, autostart, quit),
 * keys/vault-port.ts. docs/decisions/0013-electron.md says why, and what was never run on a real Electron.
 */
import { join } from 'node:path'
import { endOfMainPort } from '../../ipc/port-transport.ts'
import type { CodedError } from '../../lib/coded-error.ts'
import { errorCode, errorMessage } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import type { Approval } from '../keys/approvals.ts'
import type { Vault } from '../wallet/vault.ts'
import type { CoreState } from './core/core-keeper.ts'
import { CoreKeeper } from './core/core-keeper.ts'
import type { CoreStart, CoreView } from './core/core-wire.ts'
import type { TransferPort } from './core/forked-process.ts'
import { confirmText, failureWords } from './desktop-words.ts'
import type { ElectronApi } from './electron-api.ts'
import type { ProgramFiles } from './electron-processes.ts'
import { createForkProcess } from './electron-processes.ts'
import { serveVault } from './keys/vault-port.ts'
import type { AutostartPort } from './system/autostart.ts'
import { applyAutostart } from './system/autostart.ts'
import type { NoticeMemory } from './system/notices.ts'
import { noticeStep } from './system/notices.ts'
import type { Quitting } from './system/quitting.ts'
import { createQuitting } from './system/quitting.ts'
import type { TrayAction, TrayIcon } from './system/tray-menu.ts'
import { createTrayIcon, trayModelOf } from './system/tray-menu.ts'
import type { UpdatePort } from './system/updates.ts'
import type { AppWindows } from './windows/app-windows.ts'
import { createAppWindows } from './windows/app-windows.ts'
import { createLinkOpener, guardContents, guardSession } from './windows/guards.ts'
import { servePagePorts } from './windows/page-ports.ts'
import { registerScheme, serveScheme } from './windows/screen-scheme.ts'
import { createWindowStateFile } from './windows/window-state.ts'

export interface DesktopFiles extends ProgramFiles {
  readonly preload: string
  readonly screenFolder: string
  readonly modelsFolder: string
  readonly icon: string
  readonly trayIcon: string
}

export interface DesktopComponents {
  readonly electron: ElectronApi
  readonly clock: Clock
  readonly logger: Logger
  /** Opens the wallet of this installation, once the application is ready: the system's key store is there only then. */
  readonly openVault: () => Promise<Vault>
  /** Undefined where the program is not installed: what starts with the session must stay where it is. */
  readonly autostart: AutostartPort | undefined
  readonly updates: UpdatePort
  /** Says one line to the terminal, where there is one. */
  readonly say: (line: string) => void
}

export interface DesktopOptions {
  readonly core: CoreStart
  readonly files: DesktopFiles
  readonly platform: NodeJS.Platform
  readonly isHidden: boolean
}

const APP_ID = 'network.tailrace.desktop'
/** WebGPU on Linux is off on many drivers without these. */
const LINUX_WEBGPU = [
  ['enable-unsafe-webgpu', ''],
  ['enable-features', 'Vulkan'],
] as const

/** Call it while the main module is evaluated: schemes and the sandbox must be set before the application is ready. */
export function startDesktop(components: DesktopComponents, options: DesktopOptions): void {
  const { app, protocol } = components.electron
  if (!app.requestSingleInstanceLock()) {
    components.say('Tailrace already runs: its window is brought to the front.')
    app.quit()
    return
  }
  app.enableSandbox()
  registerScheme(protocol)
  if (options.platform === 'linux') {
    for (const [name, value] of LINUX_WEBGPU) {
      app.commandLine.appendSwitch(name, value)
    }
  }
  if (options.platform === 'win32') {
    app.setAppUserModelId(APP_ID)
  }
  const desktop = new Desktop(components, options)
  const fail = (error: unknown): void => desktop.fail(error)
  app.whenReady().then(() => desktop.run().catch(fail), fail)
}

class Desktop {
  readonly #components: DesktopComponents
  readonly #options: DesktopOptions
  readonly #windows: AppWindows
  readonly #quitting: Quitting
  #keeper: CoreKeeper | undefined
  #tray: TrayIcon | undefined
  #view: CoreView | undefined
  #notices: NoticeMemory | undefined
  #autostart: boolean | undefined

  constructor(components: DesktopComponents, options: DesktopOptions) {
    const { electron, clock, logger } = components
    const { core, files } = options
    this.#components = components
    this.#options = options
    this.#windows = createAppWindows(
      {
        electron,
        clock,
        logger,
        state: createWindowStateFile(join(core.home, 'window.json'), logger),
        staysInTray: () => this.#tray !== undefined && (this.#view?.settings.closeToTray ?? true),
        onScreenClosed: () => this.#quitting.quit(),
      },
      { preload: files.preload, icon: files.icon, hasDevTools: !electron.app.isPackaged },
    )
    this.#quitting = createQuitting({
      stopCore: () => this.#keeper?.stop() ?? Promise.resolve(),
      hide: () => this.#windows.hideScreen(),
      onState: () => this.#showTray(),
      exit: () => this.#exit(0),
    })
    this.#followApp()
  }

  async run(): Promise<void> {
    const { electron, clock, logger, openVault, say, updates } = this.#components
    const { core, files, isHidden } = this.#options
    this.#setMenu()
    guardSession(electron.session.defaultSession)
    serveScheme(electron.protocol, { screen: files.screenFolder, models: files.modelsFolder })
    const vault = await openVault()
    this.#tray = this.#createTray()
    const keeper = new CoreKeeper(
      {
        clock,
        logger,
        fork: createForkProcess(electron, files, core.logFolder),
        openKeys: () => this.#openKeys(vault),
        listener: {
          onState: (state, error) => this.#onState(state, error),
          onView: (view) => this.#onView(view),
          onSay: say,
          onAsked: (what) => (what === 'show' ? this.#windows.showScreen() : this.#quitting.quit()),
        },
      },
      core,
    )
    this.#keeper = keeper
    servePagePorts({
      electron,
      pages: this.#windows.pages,
      openPage: (kind, port) => keeper.openPage(kind, port),
      logger,
    })
    updates.onUpdate((update) => keeper.setUpdate(update))
    this.#followPower(keeper)
    keeper.start()
    this.#windows.startCompute()
    if (!isHidden) {
      this.#windows.showScreen()
    }
  }

  fail(error: unknown): void {
    const message = errorMessage(error)
    this.#components.logger.log('error', 'the desktop did not start', { error: message })
    this.#components.electron.dialog.showErrorBox('Tailrace', failureWords(errorCode(error), message))
    this.#exit(1)
  }

  #followApp(): void {
    const { electron, logger } = this.#components
    const { app } = electron
    const openExternal = createLinkOpener(electron.shell, logger)
    app.on('web-contents-created', (_event, contents) => guardContents(contents, openExternal, logger))
    app.on('second-instance', () => this.#windows.showScreen())
    app.on('activate', () => this.#windows.showScreen())
    // Windows come and go; the tray, or a quit, decides when it is over.
    app.on('window-all-closed', () => undefined)
    app.on('before-quit', (event) => {
      if (this.#quitting.state !== 'over') {
        event.preventDefault()
        this.#quitting.quit()
      }
    })
  }

  #followPower(keeper: CoreKeeper): void {
    const { powerMonitor } = this.#components.electron
    powerMonitor.on('suspend', () => keeper.power('suspend'))
    powerMonitor.on('resume', () => keeper.power('resume'))
    powerMonitor.on('shutdown', () => {
      // The system does not wait a minute for anybody.
      this.#quitting.quit()
      keeper.hurry()
    })
  }

  #openKeys(vault: Vault): TransferPort {
    const { electron, logger } = this.#components
    const { port1, port2 } = new electron.MessageChannelMain()
    serveVault(endOfMainPort(port1), { vault, logger, confirm: (approval) => this.#confirm(approval) })
    return port2
  }

  /** In a window of the system's, which no page and no other process can click. */
  async #confirm(approval: Approval): Promise<boolean> {
    const { title, detail, confirm, cancel } = confirmText(approval)
    const { response } = await this.#components.electron.dialog.showMessageBox({
      type: 'question',
      title: 'Tailrace',
      message: title,
      detail,
      buttons: [cancel, confirm],
      defaultId: 0,
      cancelId: 0,
      noLink: true,
    })
    return response === 1
  }

  #onState(state: CoreState, error: CodedError | undefined): void {
    if (state !== 'running') {
      // What it was is no longer known to be so.
      this.#view = state === 'stopping' ? this.#view : undefined
    }
    this.#showTray()
    if (state === 'failed') {
      this.#components.electron.dialog.showErrorBox('Tailrace', failureWords(error?.code ?? '', error?.message ?? ''))
      this.#exit(1)
    }
  }

  #onView(view: CoreView): void {
    this.#view = view
    this.#showTray()
    this.#applySettings(view)
    const { memory, notices } = noticeStep(this.#notices, view)
    this.#notices = memory
    const { Notification } = this.#components.electron
    for (const { title, body } of Notification.isSupported() ? notices : []) {
      const notification = new Notification({ title, body, icon: this.#options.files.icon })
      notification.on('click', () => this.#windows.showScreen())
      notification.show()
    }
  }

  #applySettings({ settings }: CoreView): void {
    const { autostart, logger } = this.#components
    if (autostart === undefined || this.#autostart === settings.autostart) {
      return
    }
    this.#autostart = settings.autostart
    try {
      applyAutostart(autostart, settings.autostart)
    } catch (error) {
      logger.log('warn', 'autostart not changed', { error: errorMessage(error) })
    }
  }

  #createTray(): TrayIcon {
    const { trayIcon } = this.#options.files
    const isTemplate = this.#options.platform === 'darwin'
    return createTrayIcon(this.#components.electron, { icon: trayIcon, isTemplate }, (action) => this.#act(action))
  }

  #act(action: TrayAction): void {
    switch (action) {
      case 'open':
        this.#windows.showScreen()
        return
      case 'join':
        this.#keeper?.command('join')
        return
      case 'leave':
        this.#keeper?.command('finish')
        return
      case 'quit':
      case 'quit_now':
        this.#quitting.quit()
        return
    }
  }

  #showTray(): void {
    const state = this.#quitting.state === 'running' ? (this.#keeper?.state ?? 'starting') : 'stopping'
    this.#tray?.show(trayModelOf(state, this.#view))
  }

  #setMenu(): void {
    const { Menu } = this.#components.electron
    // On macOS the edit menu is what makes copy and paste work; elsewhere the window needs none.
    const menu =
      this.#options.platform === 'darwin'
        ? Menu.buildFromTemplate([{ role: 'appMenu' }, { role: 'editMenu' }, { role: 'windowMenu' }])
        : null
    Menu.setApplicationMenu(menu)
  }

  #exit(code: number): void {
    this.#windows.closeAll()
    this.#tray?.close()
    this.#tray = undefined
    this.#components.electron.app.exit(code)
  }
}
