/** Builds the screen, the Node programs and the desktop's main process and preload script into dist/ in one process, and stamps what it was built from (see build-stamp.mjs). */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { sourceHash, writeStamp } from './build-stamp.mjs'
import { isMain, repoRoot } from './files.ts'

function folderKilobytes(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const shipped = files.filter((file) => !file.endsWith('.map')).map((file) => statSync(join(folder, file)))
  return Math.round(shipped.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0) / 1000)
}

/** Builds everything; rejects where a part does not build. Returns the line to print. */
export async function buildAll(): Promise<string> {
  const startedMs = performance.now()
  const hash = sourceHash()
  const dist = join(repoRoot, 'dist')
  rmSync(join(dist, '.stamp'), { force: true })
  process.chdir(repoRoot)
  await build({ configFile: join(repoRoot, 'vite.config.node.ts') })
  await build({ configFile: join(repoRoot, 'vite.config.desktop.ts') })
  await build({ configFile: join(repoRoot, 'vite.config.preload.ts') })
  await build({ configFile: join(repoRoot, 'vite.config.ts') })
  writeStamp(hash)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const sizes = `dist/node ${folderKilobytes(join(dist, 'node'))} kB, dist/screen ${folderKilobytes(join(dist, 'screen'))} kB`
  return `built in ${seconds} s: ${sizes}`
}

if (isMain(import.meta.url)) console.log(await buildAll())
