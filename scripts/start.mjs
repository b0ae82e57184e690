/**
 * `npm start`: from a fresh clone to a running Tailrace. Installs what is missing, builds what is stale, then becomes the desktop
 * application where Electron's binary is there (electron-binary.mjs), else `tailrace start` with the given arguments, or with `--check`
 * the program that tries the whole way without a person. Everything said here goes to stderr: stdout belongs to the program.
 */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { continueWith, ensureBrowser, ensurePackages, projectEnv, projectNode, say } from './bootstrap.mjs'
import { isBuilt } from './build-stamp.mjs'
import { chooseShell, findElectron } from './electron-binary.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const args = process.argv.slice(2)

/** @returns {boolean} */
function ensureBuilt() {
  if (isBuilt()) return true
  say('building')
  const build = spawnSync(projectNode, [join(root, 'scripts', 'build.ts')], {
    cwd: root,
    env: projectEnv(),
    // The build's own line goes to stderr too.
    stdio: ['ignore', 2, 2],
  })
  return build.status === 0
}

/** The built program of that name. @param {string} name */
function built(name) {
  return join(root, 'dist', 'node', name)
}

function start() {
  if (!ensurePackages()) return false
  const choice = chooseShell(args, {
    binary: findElectron(join(root, 'node_modules', 'electron'), process.env),
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    env: process.env,
  })
  if (choice.shell === 'desktop') {
    if (!ensureBuilt()) return false
    continueWith([built('desktop-main.js'), ...choice.args], { ownGroup: true, program: choice.binary })
    return true
  }
  if (choice.say !== undefined) say(choice.say)
  const yes = args.includes('--yes') || process.env.TAILRACE_YES === '1'
  if (ensureBrowser(yes) === undefined || !ensureBuilt()) return false
  // `--check` is the same app with a test at its controls: that program starts `tailrace start` itself.
  const command = args.includes('--check') ? [built('check.js')] : [built('tailrace.js'), 'start']
  continueWith([...command, ...args], { ownGroup: true })
  return true
}

if (!start()) process.exitCode = 1
