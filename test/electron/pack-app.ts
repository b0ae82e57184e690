/**
 * Packs the application as a release does, with a folder that stands for Electron's distribution: electron-builder takes it as it is, copies
 * our files into its archive and turns its fuses. Nothing is downloaded.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where @electron/fuses finds the fuses in a real binary; then come their version, their number and one character each. */
const FUSE_SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
const FUSES = 9

export interface PackedApp {
  readonly archive: string
  /** The renamed binary, with the fuses turned. */
  readonly binary: string
}

/** Files of the distribution that electron-builder looks for. */
function writeFakeDistribution(folder: string, version: string): void {
  mkdirSync(join(folder, 'resources'), { recursive: true })
  mkdirSync(join(folder, 'locales'), { recursive: true })
  const wire = Buffer.concat([Buffer.from(FUSE_SENTINEL), Buffer.from([1, FUSES]), Buffer.from('0'.repeat(FUSES))])
  writeFileSync(join(folder, 'electron'), Buffer.concat([Buffer.from('#!/bin/sh\nexit 0\n#'), wire, Buffer.from('\n')]))
  writeFileSync(join(folder, 'version'), version)
  for (const name of [
    'LICENSE',
    'LICENSES.chromium.html',
    'chrome-sandbox',
    'chrome_crashpad_handler',
    'locales/en-US.pak',
  ]) {
    writeFileSync(join(folder, name), name)
  }
  for (const name of ['electron', 'chrome-sandbox', 'chrome_crashpad_handler']) {
    chmodSync(join(folder, name), 0o755)
  }
}

/** `project`: the repository, built. Rejects with what electron-builder said where it fails. */
export async function packApp(project: string, workFolder: string): Promise<PackedApp> {
  const electron = JSON.parse(readFileSync(join(project, 'node_modules', 'electron', 'package.json'), 'utf8')) as {
    version: string
  }
  const distribution = join(workFolder, 'electron')
  const output = join(workFolder, 'release')
  writeFakeDistribution(distribution, electron.version)
  const cli = join(project, 'node_modules', 'electron-builder', 'cli.js')
  const options = [`-c.electronDist=${distribution}`, `-c.directories.output=${output}`]
  const child = spawn(process.execPath, [cli, '--linux', '--dir', '--publish', 'never', ...options], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: Buffer[] = []
  child.stdout.on('data', (data: Buffer) => said.push(data))
  child.stderr.on('data', (data: Buffer) => said.push(data))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) {
    throw new Error(`electron-builder ended with ${code}:\n${Buffer.concat(said).toString('utf8').slice(-4_000)}`)
  }
  const unpacked = join(output, 'linux-unpacked')
  return { archive: join(unpacked, 'resources', 'app.asar'), binary: join(unpacked, 'tailrace-desktop') }
}
