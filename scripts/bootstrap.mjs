/**
 * Makes a fresh clone runnable: the npm packages (with them Node 24) and a Chromium-family browser. Says what it installs and why, on stderr.
 *
 *   node scripts/bootstrap.mjs [--only npm] [--yes] [--run scripts/x.ts [arguments]]
 *
 * `--only npm` leaves the browser alone. `--yes` allows a system package to be installed without being root. `--run` continues with a
 * script under the Node that the packages brought: the shell that `npm run` started may still remember the system's Node.
 * Plain JavaScript for Node 20, because it runs before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBrowser } from './browser.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stampPath = join(root, 'node_modules', '.tailrace-stamp')

/** The Node that the packages bring: the one that everything but this script runs on. */
export const projectNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** @param {string} text */
export function say(text) {
  process.stderr.write(`tailrace: ${text}\n`)
}

/**
 * What differs between the lock file and what npm wrote down of the last installation. Undefined: nothing does.
 * @param {{packages?: Record<string, {version?: string, integrity?: string, optional?: boolean, link?: boolean}>}} wanted package-lock.json
 * @param {{packages?: Record<string, {version?: string, integrity?: string}>}} installed node_modules/.package-lock.json
 * @returns {string | undefined}
 */
export function lockDifference(wanted, installed) {
  const wantedPackages = wanted.packages ?? {}
  const installedPackages = installed.packages ?? {}
  for (const [path, entry] of Object.entries(wantedPackages)) {
    if (path === '' || entry.link === true) continue
    const present = installedPackages[path]
    // Optional packages of other platforms are in the lock file and rightly not installed.
    if (present === undefined && entry.optional === true) continue
    if (present === undefined) return `${path} is missing`
    if (present.version !== entry.version || present.integrity !== entry.integrity) return `${path} has another version`
  }
  const extra = Object.keys(installedPackages).find((path) => wantedPackages[path] === undefined)
  return extra === undefined ? undefined : `${extra} is not in package-lock.json`
}

/** @param {string} lockText */
function stampFor(lockText) {
  return createHash('sha256').update(`${process.platform} ${process.arch}\n${lockText}`).digest('hex')
}

/**
 * Why `npm ci` has to run, or undefined where the packages are as the lock file wants them.
 * @param {string} lockText
 */
function reasonToInstall(lockText) {
  if (!existsSync(join(root, 'node_modules'))) return 'node_modules is missing'
  if (!existsSync(projectNode)) return 'Node 24 (package "node") is missing'
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stampFor(lockText)) return undefined
  const installedPath = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedPath)) return 'the last installation did not finish'
  const difference = lockDifference(JSON.parse(lockText), JSON.parse(readFileSync(installedPath, 'utf8')))
  return difference === undefined ? undefined : `package-lock.json has changed: ${difference}`
}

/** Installs the npm packages where they are missing or stale. Returns false, having said why, where that fails. */
export function ensurePackages() {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const reason = reasonToInstall(lockText)
  if (reason !== undefined) {
    const count = Object.keys(JSON.parse(lockText).packages).length
    say(`installing the npm packages (${reason}): about ${count}, with them the Node 24 that Tailrace runs on`)
    const npm = process.env.npm_execpath
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
    const options = { cwd: root, encoding: /** @type {const} */ ('utf8'), maxBuffer: 64 * 1024 * 1024 }
    const run = npm?.endsWith('.js')
      ? spawnSync(process.execPath, [npm, ...args], options)
      : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
    if (run.status !== 0) {
      process.stderr.write(
        `${run.stdout ?? ''}${run.stderr ?? ''}${run.error === undefined ? '' : `${run.error.message}\n`}`,
      )
      say('npm ci failed: is the npm registry reachable from this machine?')
      return false
    }
    if (!existsSync(projectNode)) {
      say(`npm ci ran, but ${projectNode} is missing: the install script of the package "node" has to be allowed`)
      return false
    }
    say('npm packages installed')
  }
  writeFileSync(stampPath, stampFor(lockText))
  return true
}

/**
 * What to do about a missing browser on this machine.
 * @param {NodeJS.Platform} platform
 * @param {{isRoot: boolean, yes: boolean, hasApt: boolean}} machine
 * @returns {{install: readonly string[][]} | {say: string}}
 */
export function browserPlan(platform, machine) {
  if (platform === 'linux' && machine.hasApt) {
    const prefix = machine.isRoot ? [] : ['sudo']
    const commands = [
      [...prefix, 'apt-get', 'update'],
      [...prefix, 'apt-get', 'install', '-y', 'chromium'],
    ]
    if (machine.isRoot || machine.yes) return { install: commands }
    return { say: `${commands.map((command) => command.join(' ')).join(' && ')}\n  (or run this again with --yes)` }
  }
  if (platform === 'darwin') return { say: 'brew install --cask chromium' }
  if (platform === 'win32') return { say: 'winget install --id Google.Chrome' }
  return { say: 'install Chromium, Chrome or Edge with the package manager of this system' }
}

/**
 * Path of a browser, installed first where the machine allows it. Undefined, having said what to do, where there is none.
 * @param {boolean} yes
 * @returns {string | undefined}
 */
export function ensureBrowser(yes) {
  const found = findBrowser()
  if (found !== undefined) return found
  if (process.env.TAILRACE_BROWSER) {
    say(`TAILRACE_BROWSER names ${process.env.TAILRACE_BROWSER}, which cannot be run`)
    return undefined
  }
  const plan = browserPlan(process.platform, {
    isRoot: process.getuid?.() === 0,
    yes,
    hasApt: spawnSync('apt-get', ['--version']).status === 0,
  })
  if ('say' in plan) {
    say(`a Chromium, Chrome or Edge is needed, for the screen and for WebGPU. Install one, for example:\n  ${plan.say}`)
    say('a browser elsewhere can be named by the environment variable TAILRACE_BROWSER')
    return undefined
  }
  for (const [command, ...args] of plan.install) {
    say(`installing Chromium, for the screen and for WebGPU: ${[command, ...args].join(' ')}`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const run = spawnSync(/** @type {string} */ (command), args, { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    if (run.status !== 0) {
      process.stderr.write(`${run.stdout ?? ''}${run.stderr ?? ''}`)
      say(`failed: ${[command, ...args].join(' ')}`)
      return undefined
    }
  }
  const installed = findBrowser()
  if (installed === undefined) say('apt-get succeeded, but no chromium is on PATH; name a browser by TAILRACE_BROWSER')
  return installed
}

/** The environment of everything that runs after the bootstrap: its `node`, its tools and its browser are ours. */
export function projectEnv() {
  const separator = process.platform === 'win32' ? ';' : ':'
  const bin = join(root, 'node_modules', '.bin')
  const browser = findBrowser()
  return {
    ...process.env,
    PATH: [bin, process.env.PATH ?? ''].join(separator),
    ...(browser === undefined ? {} : { TAILRACE_BROWSER: browser }),
  }
}

/** Within this time a second signal of a kind is the same Ctrl-C: the terminal and npm each deliver it. */
const SAME_SIGNAL_MS = 1_000

/**
 * Runs a script or program under the project's Node in the foreground and ends with its exit code. The child's IPC channel closes when
 * this process dies in whatever way, so that a child that listens to `disconnect` is never an orphan.
 * @param {readonly string[]} args
 * @param {{ownGroup: boolean, program?: string}} options `ownGroup`: the child gets each signal once, from here alone, and not from the terminal as well;
 * for a program that supervises others. Without it Ctrl-C reaches the child and all its children from the terminal.
 */
export function continueWith(args, { ownGroup, program = projectNode }) {
  const child = spawn(program, args, {
    cwd: process.cwd(),
    env: projectEnv(),
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: ownGroup && process.platform !== 'win32',
  })
  for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    let lastMs = Number.NEGATIVE_INFINITY
    process.on(signal, () => {
      if (performance.now() - lastMs > SAME_SIGNAL_MS) child.kill(signal)
      lastMs = performance.now()
    })
  }
  // npm runs us through a shell that dies of a signal without passing it on. Its death is then the signal.
  const parent = process.ppid
  if (process.env.npm_lifecycle_event !== undefined && process.platform !== 'win32') {
    setInterval(() => {
      if (process.ppid !== parent) child.kill('SIGTERM')
    }, 500).unref()
  }
  child.on('error', (error) => {
    say(`cannot run ${program}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (signal === null ? 0 : (constants.signals[signal] ?? 0)))
  })
}

/**
 * @param {readonly string[]} argv
 */
function main(argv) {
  const runAt = argv.indexOf('--run')
  const own = runAt < 0 ? argv : argv.slice(0, runAt)
  const onlyNpm = own[own.indexOf('--only') + 1] === 'npm' && own.includes('--only')
  const yes = argv.includes('--yes') || process.env.TAILRACE_YES === '1'
  if (!ensurePackages()) process.exit(1)
  if (!onlyNpm && ensureBrowser(yes) === undefined) process.exit(1)
  if (runAt >= 0) continueWith(argv.slice(runAt + 1), { ownGroup: false })
}

const entry = process.argv[1]
if (entry !== undefined && realpathSync(entry) === fileURLToPath(import.meta.url)) main(process.argv.slice(2))
