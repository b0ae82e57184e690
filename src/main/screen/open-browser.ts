/**
 * Opens the screen: in a Chromium-family browser where one is known, as a window of its own with a profile of its own, else
 * with whatever the system opens links with. The own profile matters: flags of a browser that already runs cannot be changed,
 * and without them a window in the background is throttled, and WebGPU on Linux stays off on many drivers.
 */
import { spawn } from 'node:child_process'

export interface OpenBrowserOptions {
  /** Path of a Chromium-family browser; without one the system's opener is used. */
  readonly browser: string | undefined
  readonly platform: NodeJS.Platform
  /** Folder of the browser profile. */
  readonly profile: string
  /** Chromium refuses to run its sandbox as root. */
  readonly isRoot: boolean
}

const WINDOW_FLAGS = [
  '--no-first-run',
  '--no-default-browser-check',
  '--window-size=1280,900',
  // A race goes on while the window is behind others.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
]
const LINUX_WEBGPU_FLAGS = ['--enable-unsafe-webgpu', '--enable-features=Vulkan']

export interface OpenedBrowser {
  /** Closes the window that was opened with a profile of its own; a system's opener keeps what it opened. */
  close(): void
}

/** Undefined where no program took the link: the person opens it by hand. */
export function openBrowser(url: string, options: OpenBrowserOptions): Promise<OpenedBrowser | undefined> {
  const { command, args } = browserCommand(url, options)
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true })
    child.once('error', () => resolve(undefined))
    child.once('spawn', () => {
      child.unref()
      resolve({ close: () => void child.kill('SIGTERM') })
    })
  })
}

export function browserCommand(
  url: string,
  { browser, platform, profile, isRoot }: OpenBrowserOptions,
): { readonly command: string; readonly args: string[] } {
  if (browser !== undefined && browser !== '') {
    const args = [
      ...WINDOW_FLAGS,
      ...(platform === 'linux' ? LINUX_WEBGPU_FLAGS : []),
      ...(isRoot ? ['--no-sandbox'] : []),
    ]
    return { command: browser, args: [...args, `--user-data-dir=${profile}`, `--app=${url}`] }
  }
  if (platform === 'darwin') {
    return { command: 'open', args: [url] }
  }
  return platform === 'win32' ? { command: 'explorer.exe', args: [url] } : { command: 'xdg-open', args: [url] }
}
