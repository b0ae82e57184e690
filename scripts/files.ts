/** Where the repository is and which files are in it: shared by the other scripts. */
import { readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Absolute path of the repository root. */
export const repoRoot: string = dirname(dirname(fileURLToPath(import.meta.url)))

const SKIPPED_FOLDERS: ReadonlySet<string> = new Set([
  'node_modules',
  'dist',
  '.tsc',
  '.cache',
  '.git',
  'test-results',
  'coverage',
])

/** All files under `folder`, as absolute paths in a stable order, without build output and dependencies. */
export function walkFiles(folder: string): string[] {
  const found: string[] = []
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!SKIPPED_FOLDERS.has(entry.name)) found.push(...walkFiles(path))
    } else if (entry.isFile()) {
      found.push(path)
    }
  }
  return found
}

/** True when the module with this `import.meta.url` is the one that Node was started with. */
export function isMain(moduleUrl: string): boolean {
  const entry = process.argv[1]
  return entry !== undefined && realpathSync(entry) === fileURLToPath(moduleUrl)
}
