/**
 * The desktop application as it is packed, without Electron's binary: electron-builder packs it around a fake distribution, its archive is
 * taken apart, and its main process runs under Node with a fake `electron`: real core, real network, real port. No network is needed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { extractAll, listPackage } from '@electron/asar'
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ScreenClient } from '../../src/ipc/screen-client.ts'
import { askRunningInstance, readRunningInstance } from '../../src/main/screen/running-instance.ts'
import type { PackedApp } from '../electron/pack-app.ts'
import { packApp } from '../electron/pack-app.ts'
import type { PackedDesktop } from '../electron/packed-desktop.ts'
import { startPackedDesktop } from '../electron/packed-desktop.ts'
import { waitFor } from '../support/wait-for.ts'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const START_MS = 240_000
let folder: string
let packed: PackedApp
let app: string
let home: string
let desktop: PackedDesktop
let screen: ScreenClient

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-desktop-'))
  home = join(folder, 'home')
  app = join(folder, 'app')
  packed = await packApp(ROOT, folder)
  extractAll(packed.archive, app)
  desktop = startPackedDesktop(app, home)
  await waitFor('both windows', async () => ((await desktop.windows()).urls as string[]).length === 2)
  screen = await desktop.open('screen')
}, START_MS)

afterAll(async () => {
  desktop?.kill()
  await desktop?.ended
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

function processesOf(named: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && commandLine(name).includes(named))
    .map(Number)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // The process ended while we looked.
    return ''
  }
}

test('only built output is packed, with the one runtime that brings files of its own', () => {
  const files = listPackage(packed.archive, { isPack: false }).map((path) => path.replaceAll('\\', '/'))
  for (const needed of [
    '/dist/node/desktop-main.js',
    '/dist/node/desktop-core.js',
    '/dist/node/desktop-preload.cjs',
    '/dist/node/tailrace.js',
    '/dist/node/compute-worker.js',
    '/dist/node/inference-worker.js',
    '/dist/screen/index.html',
    '/dist/screen/compute.html',
    '/models/whale-0.9m/manifest.json',
    '/build/tray.png',
  ]) {
    expect(files).toContain(needed)
  }
  const tops = new Set(files.map((path) => path.split('/')[1]))
  expect([...tops].sort()).toEqual(['LICENSE', 'build', 'dist', 'models', 'node_modules', 'package.json'])
  const modules = new Set(files.filter((path) => path.startsWith('/node_modules/')).map((path) => path.split('/')[2]))
  expect([...modules].sort()).toEqual(['onnxruntime-common', 'onnxruntime-web'])
  expect(files.filter((path) => /\.map$|\/(check|cheat-host)\.js$|\.ts$/.test(path))).toEqual([])
  expect(JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')).main).toBe('dist/node/desktop-main.js')
})

test('the fuses are turned: no Node, no inspector, no other code, sealed cookies', async () => {
  const { on, off } = { on: FuseState.ENABLE, off: FuseState.DISABLE }
  expect(await getCurrentFuseWire(packed.binary)).toMatchObject({
    [FuseV1Options.RunAsNode]: off,
    [FuseV1Options.EnableCookieEncryption]: on,
    [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: off,
    [FuseV1Options.EnableNodeCliInspectArguments]: off,
    [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: on,
    [FuseV1Options.OnlyLoadAppFromAsar]: on,
    [FuseV1Options.GrantFileProtocolExtraPrivileges]: off,
  })
})

test('the inference runtime loads from the packed tree', () => {
  const script = `import { readFileSync } from 'node:fs'
  for (const name of ['onnxruntime-web', 'onnxruntime-web/wasm']) {
    const ort = await import(name); ort.env.wasm.numThreads = 1
    const session = await ort.InferenceSession.create(new Uint8Array(readFileSync('models/whale-0.9m/onnx/model.onnx')))
    if (session.inputNames.length === 0) throw new Error(name)
  }`
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: app, encoding: 'utf8' })
  expect(run.stderr).not.toContain('Error')
  expect(run.status).toBe(0)
})

test('pages come over app:// with the headers that isolate them', async () => {
  for (const path of ['index.html', 'compute.html', 'models/whale-0.9m/manifest.json']) {
    const { status, headers } = (await desktop.get(`app://tailrace/${path}`)) as unknown as {
      status: number
      headers: Record<string, string>
    }
    expect(status).toBe(200)
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['cross-origin-embedder-policy']).toBe('require-corp')
  }
  expect((await desktop.get('app://tailrace/dist/node/desktop-main.js')).status).toBe(404)
})

test('the screen speaks the contract with the core over a port', async () => {
  const snapshots = await screen.screen.watch()
  const snapshot = (await snapshots.next()).value
  expect(snapshot).toMatchObject({ shell: 'desktop', chain: { chainId: 'tailrace-local-1' } })
  await snapshots.return?.()
  expect((await screen.logs.info()).files.map(({ name }) => name)).toContain('app.log')
  expect((await screen.machine.readings()).memory.totalBytes).toBeGreaterThan(0)
  expect((await screen.settings.change({ closeToTray: false })).values.closeToTray).toBe(false)
  expect((await screen.ledger.list({ fromSequence: '0', limit: 5 })).entries).toEqual([])
})

test('the wallet is in main: the core asks for words and signatures', async () => {
  const draft = await screen.wallet.create({ words: 24 })
  expect(draft.words).toHaveLength(24)
  const wrong = await screen.wallet.use({ draftId: draft.draftId, answers: [] }).then(
    () => 'used',
    (error: { data?: { code?: string } }) => error.data?.code,
  )
  expect(wrong).toBe('backup_mismatch')
})

test('the compute page gets the lease, the screen page does not ask for it', async () => {
  const compute = await desktop.open('compute')
  const events = await compute.compute.lease({ clientId: 'ab'.repeat(16), force: false })
  expect((await events.next()).value).toMatchObject({ type: 'granted' })
  await events.return?.()
})

test('the command line finds the desktop and may open the contract', async () => {
  const instance = readRunningInstance(home)
  expect(instance).toBeDefined()
  const answer = instance && (await askRunningInstance(instance, 'session'))
  expect(answer?.session).toHaveLength(64)
})

test('quit ends core and network, and leaves no process and no lock', async () => {
  expect(processesOf(home).length).toBeGreaterThan(3)
  desktop.clickTray('Quit Tailrace')
  expect(await desktop.ended).toBe(0)
  await waitFor('nothing runs on this folder', () => processesOf(home).length === 0)
  expect([existsSync(join(home, 'lock')), existsSync(join(home, 'endpoints.json'))]).toEqual([false, false])
})
