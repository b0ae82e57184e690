/**
 * `npm start`: from a fresh clone to a running Tailrace. Installs what is missing, builds what is stale, then becomes
 * `tailrace start` with the given arguments, or with `--check` the program that tries the whole way without a person. Everything
 * said here goes to stderr: stdout belongs to the program.
 */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { continueWith, ensureBrowser, ensurePackages, projectEnv, projectNode, say } from './bootstrap.mjs'
import { isBuilt } from './build-stamp.mjs'

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

const ready =
  ensurePackages() &&
  ensureBrowser(args.includes('--yes') || process.env.TAILRACE_YES === '1') !== undefined &&
  ensureBuilt()

// `--check` is the same app with a test at its controls: that program starts `tailrace start` itself.
const [file, ...command] = args.includes('--check') ? ['check.js'] : ['tailrace.js', 'start']
const program = join(root, 'dist', 'node', /** @type {string} */ (file))

if (ready) continueWith([program, ...command, ...args], { ownGroup: true })
else process.exitCode = 1
