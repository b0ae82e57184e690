/**
 * Which shell `npm start` runs: Electron where its binary is there, else the service shell with a browser. The binary comes with no package;
 * asking the package for its path would download it, so this looks at its files instead. Plain JavaScript, as everything before the build.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The Electron binary, or undefined where there is none. Nothing is downloaded.
 * @param {string} packageFolder node_modules/electron
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string | undefined}
 */
export function findElectron(packageFolder, env) {
  const pathFile = join(packageFolder, 'path.txt')
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8').trim() : ''
  const override = env.ELECTRON_OVERRIDE_DIST_PATH
  const binary = override ? join(override, name || 'electron') : name === '' ? '' : join(packageFolder, 'dist', name)
  return binary !== '' && existsSync(binary) ? binary : undefined
}

/** What the desktop takes (src/main/electron/desktop-arguments.ts), and what start.mjs keeps for itself. */
const DESKTOP_FLAGS = new Set(['--allow-software-adapter', '--hidden'])
const DESKTOP_VALUES = /^--(home|rpc-port)(=.*)?$/
const OWN_FLAGS = new Set(['--yes'])

/**
 * `say`: one line about a shell that is not the one a person would expect.
 * @param {readonly string[]} args
 * @param {{binary: string | undefined, platform: NodeJS.Platform, isRoot: boolean, env: Readonly<Record<string, string | undefined>>}} machine
 * @returns {{shell: 'desktop', binary: string, args: string[]} | {shell: 'service', say?: string}}
 */
export function chooseShell(args, { binary, platform, isRoot, env }) {
  const desktopArgs = desktopArguments(args)
  if (desktopArgs === undefined || env.TAILRACE_SHELL === 'service') return { shell: 'service' }
  if (binary === undefined) {
    return {
      shell: 'service',
      say: 'Electron is not installed: the screen opens in a browser (`npx install-electron` fetches it)',
    }
  }
  if (platform === 'linux' && isRoot) {
    return {
      shell: 'service',
      say: 'Electron keeps its sandbox and does not run as root: the screen opens in a browser',
    }
  }
  if (platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) {
    return { shell: 'service', say: 'there is no display for Electron: the screen opens in a browser' }
  }
  return { shell: 'desktop', binary, args: desktopArgs }
}

/**
 * Undefined where one of them is for the service shell alone (`--json`, `--check`, `--no-open`, `--reset` …).
 * @param {readonly string[]} args
 * @returns {string[] | undefined}
 */
function desktopArguments(args) {
  const taken = []
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ''
    const isValue = DESKTOP_VALUES.test(arg)
    if (!isValue && !DESKTOP_FLAGS.has(arg) && !OWN_FLAGS.has(arg)) return undefined
    if (!OWN_FLAGS.has(arg)) taken.push(arg)
    if (isValue && !arg.includes('=')) {
      at += 1
      taken.push(args[at] ?? '')
    }
  }
  return taken
}
