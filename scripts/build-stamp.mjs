/** Whether dist/ was built from the sources as they are now: a hash over everything that a build reads. Plain JavaScript: start.mjs needs it. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stampPath = join(root, 'dist', '.stamp')

const INPUTS = [
  'src',
  'shaders',
  'test/support/cheats',
  'test/support/check',
  'package-lock.json',
  'tsconfig.base.json',
  'vite.config.ts',
  'vite.config.node.ts',
  'vite.config.desktop.ts',
  'vite.config.preload.ts',
  'scripts/build.ts',
  'scripts/browser.mjs',
]

/** What a build does not read: tests. */
const NOT_BUILT = /\.test\.tsx?$/

/**
 * @param {string} path
 * @returns {string[]}
 */
function filesAt(path) {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return NOT_BUILT.test(path) ? [] : [path]
  return readdirSync(path).flatMap((name) => filesAt(join(path, name)))
}

/** Hash over names and contents of all that a build reads. */
export function sourceHash() {
  const hash = createHash('sha256')
  for (const file of INPUTS.flatMap((input) => filesAt(join(root, input))).sort()) {
    const content = readFileSync(file)
    hash.update(`${relative(root, file)} ${content.length}\n`).update(content)
  }
  return hash.digest('hex')
}

/** True when dist/ is the build of the present sources. */
export function isBuilt() {
  return existsSync(stampPath) && readFileSync(stampPath, 'utf8') === sourceHash()
}

/** Called by the build when it has succeeded, with the hash taken before it began. @param {string} hash */
export function writeStamp(hash) {
  writeFileSync(stampPath, hash)
}
