/**
 * Electron's main-process module as a test needs it: it records what is asked of it and lets a test act as the system, the person and a
 * page. The names and shapes are those of electron.d.ts; what a test does not reach is not there and fails loudly when it is used.
 */
import { EventEmitter } from 'node:events'
import type { PassThrough } from 'node:stream'
import type { ElectronApi } from '../../src/main/electron/electron-api.ts'
import type { FakePortMain } from './fake-port.ts'
import { FakeChannelMain } from './fake-port.ts'

export class FakeContents extends EventEmitter {
  readonly id: number
  url = ''
  openHandler: ((details: { url: string }) => { action: string }) | undefined
  /** Ports that were posted to the page, with their channel. */
  readonly posted: { readonly channel: string; readonly port: FakePortMain }[] = []

  constructor(id: number) {
    super()
    this.id = id
  }

  getURL(): string {
    return this.url
  }

  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler
  }

  postMessage(channel: string, _message: unknown, ports: readonly FakePortMain[] = []): void {
    for (const port of ports) {
      this.posted.push({ channel, port })
      this.emit('fake-port', port)
    }
  }

  /** Whether a navigation event of that name would have been let through. */
  mayNavigate(event: 'will-navigate' | 'will-frame-navigate' | 'will-redirect', url: string): boolean {
    let isPrevented = false
    this.emit(event, { url, preventDefault: () => (isPrevented = true) })
    return !isPrevented
  }
}

export class FakeWindow extends EventEmitter {
  readonly webContents: FakeContents
  readonly options: Electron.BrowserWindowConstructorOptions
  isShown = false
  isDestroyed = false
  isMax = false
  focused = 0
  bounds: Electron.Rectangle

  constructor(options: Electron.BrowserWindowConstructorOptions, contents: FakeContents) {
    super()
    this.options = options
    this.webContents = contents
    const { x = 0, y = 0, width = 800, height = 600 } = options
    this.bounds = { x, y, width, height }
  }

  async loadURL(url: string): Promise<void> {
    this.webContents.url = url
    this.emit('ready-to-show')
  }

  show(): void {
    this.isShown = true
  }

  hide(): void {
    this.isShown = false
  }

  focus(): void {
    this.focused += 1
  }

  restore(): void {
    this.isShown = true
  }

  maximize(): void {
    this.isMax = true
  }

  isVisible = (): boolean => this.isShown
  isMinimized = (): boolean => false
  isMaximized = (): boolean => this.isMax
  getNormalBounds = (): Electron.Rectangle => this.bounds

  /** The close button. */
  close(): void {
    let isPrevented = false
    this.emit('close', { preventDefault: () => (isPrevented = true) })
    if (!isPrevented) {
      this.destroy()
    }
  }

  destroy(): void {
    if (!this.isDestroyed) {
      this.isDestroyed = true
      this.isShown = false
      this.emit('closed')
    }
  }
}

export interface TrayItemShown {
  readonly label: string
  readonly enabled: boolean
  readonly click?: () => void
}

/** A forked process that a test plays. */
export class FakeUtility extends EventEmitter {
  readonly modulePath: string
  readonly args: readonly string[]
  readonly options: Electron.ForkOptions
  readonly posted: { readonly message: unknown; readonly ports: readonly FakePortMain[] }[] = []
  readonly stdout: PassThrough | null = null
  readonly stderr: PassThrough | null = null
  pid: number | undefined
  killed = 0

  constructor(modulePath: string, args: readonly string[], options: Electron.ForkOptions) {
    super()
    this.modulePath = modulePath
    this.args = args
    this.options = options
  }

  postMessage(message: unknown, ports: readonly FakePortMain[] = []): void {
    this.posted.push({ message: structuredClone(message), ports })
    this.emit('fake-posted')
  }

  kill(): boolean {
    this.killed += 1
    this.emit('exit', 9)
    return true
  }
}

export type FakeFork = (modulePath: string, args: readonly string[], options: Electron.ForkOptions) => EventEmitter

export interface FakeElectronOptions {
  readonly fork?: FakeFork
  readonly isFirst?: boolean
  readonly displays?: readonly Electron.Rectangle[]
  readonly onExit?: (code: number) => void
}

class FakeApp extends EventEmitter {
  isPackaged = true
  readonly switches: string[] = []
  readonly exits: number[] = []
  readonly loginItems: unknown[] = []
  isSandboxed = false
  quits = 0
  userModelId = ''
  openAtLogin = false
  readonly paths = new Map<string, string>()
  readonly #options: FakeElectronOptions
  readonly commandLine = { appendSwitch: (name: string, value = '') => this.switches.push(`${name}=${value}`) }

  constructor(options: FakeElectronOptions) {
    super()
    this.#options = options
  }

  requestSingleInstanceLock(): boolean {
    return this.#options.isFirst ?? true
  }

  whenReady(): Promise<void> {
    return Promise.resolve()
  }

  enableSandbox(): void {
    this.isSandboxed = true
  }

  /** As Electron: it asks first. */
  quit(): void {
    this.quits += 1
    this.emit('before-quit', { preventDefault: () => undefined })
  }

  exit(code: number): void {
    this.exits.push(code)
    this.#options.onExit?.(code)
  }

  setAppUserModelId(id: string): void {
    this.userModelId = id
  }

  setPath(name: string, path: string): void {
    this.paths.set(name, path)
  }

  getPath(name: string): string {
    return this.paths.get(name) ?? `/nowhere/${name}`
  }

  getLoginItemSettings(): { openAtLogin: boolean } {
    return { openAtLogin: this.openAtLogin }
  }

  setLoginItemSettings(settings: { openAtLogin: boolean }): void {
    this.openAtLogin = settings.openAtLogin
    this.loginItems.push(settings)
  }
}

type PermissionHandler = (
  contents: FakeContents | null,
  permission: string,
  callback: (isGiven: boolean) => void,
) => void

export class FakeElectron {
  readonly windows: FakeWindow[] = []
  readonly forked: FakeUtility[] = []
  readonly notices: { readonly title: string; readonly body: string; readonly events: EventEmitter }[] = []
  readonly opened: string[] = []
  readonly errorBoxes: string[] = []
  readonly boxes: Electron.MessageBoxOptions[] = []
  /** Index of the button that the person presses. */
  boxAnswer = 0
  readonly schemes: Electron.CustomScheme[] = []
  readonly handlers = new Map<string, (request: Request) => Promise<Response>>()
  readonly permissions: {
    request?: PermissionHandler
    check?: (contents: unknown, permission: string, origin: string) => boolean
    device?: () => boolean
  } = {}
  readonly refusedRequests: string[] = []
  trayItems: readonly TrayItemShown[] = []
  tooltip = ''
  readonly app: FakeApp
  readonly ipcMain = new EventEmitter()
  readonly powerMonitor = new EventEmitter()
  backend: 'basic_text' | 'gnome_libsecret' = 'gnome_libsecret'
  isEncryptionThere = true
  readonly #options: FakeElectronOptions
  #nextId = 1

  constructor(options: FakeElectronOptions = {}) {
    this.#options = options
    this.app = new FakeApp(options)
  }

  window(kind: 'screen' | 'compute'): FakeWindow | undefined {
    const file = kind === 'screen' ? 'index.html' : 'compute.html'
    return this.windows.find((window) => !window.isDestroyed && window.webContents.url.endsWith(file))
  }

  clickTray(label: string): void {
    const item = this.trayItems.find((candidate) => candidate.label === label)
    if (item?.click === undefined || !item.enabled) {
      throw new Error(`nothing to click: ${label}`)
    }
    item.click()
  }

  /** A message of a page to main. `frame` replaces what is true of it. */
  sendFrom(
    window: FakeWindow,
    channel: string,
    frame: { readonly url?: string; readonly parent?: unknown } = {},
  ): void {
    const senderFrame = { url: frame.url ?? window.webContents.url, parent: frame.parent ?? null }
    this.ipcMain.emit(channel, { sender: window.webContents, senderFrame })
  }

  get api(): ElectronApi {
    return this.modules() as unknown as ElectronApi
  }

  /** The named exports of the module. */
  modules(): Record<string, unknown> {
    return {
      app: this.app,
      ipcMain: this.ipcMain,
      powerMonitor: this.powerMonitor,
      MessageChannelMain: FakeChannelMain,
      BrowserWindow: this.#windowClass(),
      Notification: this.#notificationClass(),
      Tray: this.#trayClass(),
      Menu: {
        buildFromTemplate: (template: unknown) => template,
        setApplicationMenu: () => undefined,
      },
      nativeImage: { createFromPath: (path: string) => ({ path, setTemplateImage: () => undefined }) },
      dialog: {
        showErrorBox: (_title: string, text: string) => this.errorBoxes.push(text),
        showMessageBox: async (box: Electron.MessageBoxOptions) => {
          this.boxes.push(box)
          return { response: this.boxAnswer }
        },
      },
      shell: {
        openExternal: async (url: string) => {
          this.opened.push(url)
        },
      },
      screen: this.#screen(),
      session: { defaultSession: this.#session() },
      protocol: {
        registerSchemesAsPrivileged: (schemes: Electron.CustomScheme[]) => this.schemes.push(...schemes),
        handle: (scheme: string, handler: (request: Request) => Promise<Response>) =>
          this.handlers.set(scheme, handler),
      },
      safeStorage: {
        isAsyncEncryptionAvailable: async () => this.isEncryptionThere,
        getSelectedStorageBackend: () => this.backend,
        encryptStringAsync: async (text: string) => Buffer.from(text, 'utf8').reverse(),
        decryptStringAsync: async (sealed: Buffer) => {
          const result = Buffer.from(sealed).reverse().toString('utf8')
          if (!result.startsWith('{')) {
            throw new Error('cannot decrypt')
          }
          return { result, shouldReEncrypt: false }
        },
      },
      utilityProcess: {
        fork: (path: string, args: string[], options: Electron.ForkOptions) => this.#fork(path, args, options),
      },
    }
  }

  #fork(path: string, args: readonly string[], options: Electron.ForkOptions): EventEmitter {
    if (this.#options.fork !== undefined) {
      return this.#options.fork(path, args, options)
    }
    const child = new FakeUtility(path, args, options)
    this.forked.push(child)
    return child
  }

  #screen(): unknown {
    const areas = this.#options.displays ?? [{ x: 0, y: 0, width: 1_920, height: 1_080 }]
    const displays = areas.map((workArea, id) => ({ id, workArea }))
    return { getPrimaryDisplay: () => displays[0], getAllDisplays: () => displays }
  }

  #session(): unknown {
    return {
      webRequest: { onBeforeRequest: ({ urls }: { urls: string[] }) => this.refusedRequests.push(...urls) },
      setPermissionRequestHandler: (handler: PermissionHandler) => {
        this.permissions.request = handler
      },
      setPermissionCheckHandler: (handler: (contents: unknown, permission: string, origin: string) => boolean) => {
        this.permissions.check = handler
      },
      setDevicePermissionHandler: (handler: () => boolean) => {
        this.permissions.device = handler
      },
    }
  }

  #windowClass(): unknown {
    const fake = this
    return class extends FakeWindow {
      constructor(options: Electron.BrowserWindowConstructorOptions) {
        super(options, new FakeContents(fake.#nextId++))
        fake.windows.push(this)
        fake.app.emit('web-contents-created', {}, this.webContents)
      }
    }
  }

  #notificationClass(): unknown {
    const fake = this
    return class {
      static isSupported = (): boolean => true
      readonly events = new EventEmitter()
      readonly #options: { readonly title: string; readonly body: string }

      constructor(options: { readonly title: string; readonly body: string }) {
        this.#options = options
      }

      on(name: string, listener: () => void): void {
        this.events.on(name, listener)
      }

      show(): void {
        fake.notices.push({ ...this.#options, events: this.events })
      }
    }
  }

  #trayClass(): unknown {
    const fake = this
    return class extends EventEmitter {
      setToolTip(text: string): void {
        fake.tooltip = text
      }

      setContextMenu(items: readonly TrayItemShown[]): void {
        fake.trayItems = items
      }

      destroy(): void {
        fake.trayItems = []
      }
    }
  }
}
