/**
 * The two windows. The screen is a page like any other and is throttled while hidden; the compute window is never shown and never
 * throttled: it holds the lease and drives the GPU. Invariant: at most one of each; both with the same locked-down preferences.
 */
import type { Clock, Logger } from '../../../lib/runtime.ts'
import type { PageKind } from '../core/core-wire.ts'
import type { ElectronApi, Window } from '../electron-api.ts'
import { addressOf } from './page-addresses.ts'
import type { WindowStateFile } from './window-state.ts'
import { fitToScreens, LEAST_SIZE } from './window-state.ts'

const BACKGROUND = { dark: '#0b1020', light: '#f7f8fb' } as const
/** A page that keeps dying is started again more slowly. */
const RELOAD_DELAYS_MS = [500, 2_000, 10_000, 60_000]

export interface AppWindowsOptions {
  readonly preload: string
  readonly icon: string
  /** Developer tools are for those who build it. */
  readonly hasDevTools: boolean
}

export interface AppWindows {
  /** Opens the screen, or brings it to the front. */
  showScreen(): void
  isScreenOpen(): boolean
  startCompute(): void
  /** Web contents id of each page. */
  readonly pages: ReadonlyMap<number, PageKind>
  contentsOf(kind: PageKind): Electron.WebContents | undefined
  hideScreen(): void
  /** Closes both, whatever the screen's close button would do. */
  closeAll(): void
}

export interface AppWindowsComponents {
  readonly electron: Pick<ElectronApi, 'BrowserWindow' | 'screen'>
  readonly state: WindowStateFile
  readonly clock: Clock
  readonly logger: Logger
  /** Asked at the close button: true hides the window instead. */
  readonly staysInTray: () => boolean
  /** The person closed the screen for good. */
  readonly onScreenClosed: () => void
}

export function createAppWindows(components: AppWindowsComponents, options: AppWindowsOptions): AppWindows {
  return new DesktopWindows(components, options)
}

class DesktopWindows implements AppWindows {
  readonly pages = new Map<number, PageKind>()
  readonly #components: AppWindowsComponents
  readonly #options: AppWindowsOptions
  readonly #windows = new Map<PageKind, Window>()
  readonly #closing = new AbortController()

  constructor(components: AppWindowsComponents, options: AppWindowsOptions) {
    this.#components = components
    this.#options = options
  }

  showScreen(): void {
    const open = this.#windows.get('screen')
    if (open === undefined) {
      this.#openScreen()
      return
    }
    if (open.isMinimized()) {
      open.restore()
    }
    open.show()
    open.focus()
  }

  isScreenOpen(): boolean {
    return this.#windows.get('screen')?.isVisible() === true
  }

  startCompute(): void {
    if (!this.#windows.has('compute')) {
      const window = new this.#components.electron.BrowserWindow({
        show: false,
        skipTaskbar: true,
        focusable: false,
        webPreferences: { ...this.#preferences(), backgroundThrottling: false },
      })
      this.#adopt('compute', window)
    }
  }

  contentsOf(kind: PageKind): Electron.WebContents | undefined {
    return this.#windows.get(kind)?.webContents
  }

  hideScreen(): void {
    this.#windows.get('screen')?.hide()
  }

  closeAll(): void {
    this.#closing.abort()
    for (const window of this.#windows.values()) {
      window.destroy()
    }
  }

  #openScreen(): void {
    const { electron, state, staysInTray } = this.#components
    const stored = state.load()
    const main = electron.screen.getPrimaryDisplay()
    const others = electron.screen.getAllDisplays().filter(({ id }) => id !== main.id)
    const bounds = fitToScreens(
      stored?.bounds,
      [main, ...others].map(({ workArea }) => workArea),
    )
    const window = new electron.BrowserWindow({
      ...bounds,
      minWidth: LEAST_SIZE.width,
      minHeight: LEAST_SIZE.height,
      show: false,
      title: 'Tailrace',
      icon: this.#options.icon,
      autoHideMenuBar: true,
      backgroundColor: BACKGROUND.dark,
      webPreferences: { ...this.#preferences(), backgroundThrottling: true },
    })
    window.once('ready-to-show', () => {
      if (stored?.isMaximized === true) {
        window.maximize()
      }
      window.show()
    })
    window.on('close', (event) => {
      state.save({ bounds: window.getNormalBounds(), isMaximized: window.isMaximized() })
      if (!this.#closing.signal.aborted && staysInTray()) {
        event.preventDefault()
        window.hide()
      }
    })
    this.#adopt('screen', window)
  }

  #preferences(): Electron.WebPreferences {
    const { preload, hasDevTools } = this.#options
    return {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: hasDevTools,
    }
  }

  #adopt(kind: PageKind, window: Window): void {
    const { logger } = this.#components
    const { id } = window.webContents
    this.#windows.set(kind, window)
    this.pages.set(id, kind)
    window.on('closed', () => {
      this.#windows.delete(kind)
      this.pages.delete(id)
      if (kind === 'screen' && !this.#closing.signal.aborted) {
        this.#components.onScreenClosed()
      }
    })
    let deaths = 0
    window.webContents.on('render-process-gone', (_event, { reason }) => {
      logger.log('warn', 'a page ended', { page: kind, reason })
      if (reason !== 'clean-exit') {
        void this.#reload(kind, window, deaths)
        deaths += 1
      }
    })
    this.#load(kind, window)
  }

  async #reload(kind: PageKind, window: Window, deaths: number): Promise<void> {
    const delayMs = RELOAD_DELAYS_MS[Math.min(deaths, RELOAD_DELAYS_MS.length - 1)] ?? 0
    await this.#components.clock.sleep(delayMs, this.#closing.signal).catch(() => undefined)
    if (!this.#closing.signal.aborted && this.#windows.get(kind) === window) {
      this.#load(kind, window)
    }
  }

  #load(kind: PageKind, window: Window): void {
    window.loadURL(addressOf(kind)).catch(() => {
      this.#components.logger.log('error', 'a page was not loaded', { page: kind })
    })
  }
}
