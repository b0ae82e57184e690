/**
 * Finds the Chromium-family browser of this machine: for the screen, for tests in a real browser, for the end-to-end tests.
 * Plain JavaScript, because it also runs before anything is installed.
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Flags with which Chromium offers a software WebGPU adapter in pages and workers, and calls nobody.
 * @type {readonly string[]}
 */
export const TEST_BROWSER_FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
]

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'msedge']

const MAC_APPLICATIONS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
]

const WINDOWS_PROGRAMS = [
  ['Google', 'Chrome', 'Application', 'chrome.exe'],
  ['Chromium', 'Application', 'chrome.exe'],
  ['Microsoft', 'Edge', 'Application', 'msedge.exe'],
]

/**
 * Where to look, best first.
 * @param {NodeJS.Platform} platform
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string[]}
 */
export function browserCandidates(platform, env) {
  if (platform === 'darwin') return MAC_APPLICATIONS
  if (platform === 'win32') {
    const roots = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter((root) => root !== undefined)
    return WINDOWS_PROGRAMS.flatMap((parts) => roots.map((root) => join(root, ...parts)))
  }
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return COMMANDS.flatMap((command) => folders.map((folder) => join(folder, command)))
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Absent and not executable mean the same to the caller: look on.
    return false
  }
}

/**
 * Path of the browser, or undefined. TAILRACE_BROWSER wins where it is set; a wrong value there is no browser, not a fallback.
 * @param {NodeJS.Platform} [platform]
 * @param {Readonly<Record<string, string | undefined>>} [env]
 * @param {(path: string) => boolean} [exists]
 * @returns {string | undefined}
 */
export function findBrowser(platform = process.platform, env = process.env, exists = isExecutable) {
  const named = env.TAILRACE_BROWSER
  if (named !== undefined && named !== '') return exists(named) ? named : undefined
  return browserCandidates(platform, env).find(exists)
}
