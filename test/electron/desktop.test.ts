/** Electron's main process as it runs, over a fake Electron: windows, what pages may not do, tray, notices, power, quit, and a core that dies. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { endOfMainPort } from '../../src/ipc/port-transport.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { coreViewOf } from '../../src/main/electron/core/core-view.ts'
import type { CoreView, FromCore } from '../../src/main/electron/core/core-wire.ts'
import { startDesktop } from '../../src/main/electron/desktop.ts'
import { connectVault } from '../../src/main/electron/keys/vault-port.ts'
import { NO_UPDATES } from '../../src/main/electron/system/updates.ts'
import { BRIDGE_NAME, CONNECT_CHANNEL, PORT_CHANNEL } from '../../src/main/electron/windows/page-channel.ts'
import type { Approval } from '../../src/main/keys/approvals.ts'
import { BRIDGE_NAME as PAGE_BRIDGE, PORT_MESSAGE } from '../../src/renderer/state/desktop-bridge.ts'
import { idleSnapshot } from '../support/screen/sample-snapshot.ts'
import { settle } from '../support/screen/settle.ts'
import { tempTree } from '../support/temp-tree.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { openTestVault, walletFolder } from '../support/wallet/test-vault.ts'
import type { FakeElectronOptions, FakeUtility, FakeWindow } from './fake-electron.ts'
import { FakeElectron } from './fake-electron.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tailrace-desktop-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

async function start(options: FakeElectronOptions & { isHidden?: boolean; platform?: NodeJS.Platform } = {}) {
  const electron = new FakeElectron(options)
  const clock = new VirtualClock()
  const tree = tempTree({
    'screen/index.html': '<!doctype html>',
    'screen/assets/a.js': '1',
    'models/m/manifest.json': '{}',
  })
  const autostarts: boolean[] = []
  const said: string[] = []
  const { vault } = await openTestVault(walletFolder())
  startDesktop(
    {
      electron: electron.api,
      clock,
      logger: SILENT_LOGGER,
      openVault: async () => vault,
      autostart: { isOn: () => autostarts.at(-1) ?? false, set: (isOn) => autostarts.push(isOn) },
      updates: NO_UPDATES,
      say: (line) => said.push(line),
    },
    {
      core: { home, logFolder: join(home, 'logs'), rpcPort: 0, settingsFile: join(home, 'settings.json'), flags: {} },
      files: {
        core: '/dist/core.js',
        program: '/dist/tailrace.js',
        preload: '/dist/preload.cjs',
        screenFolder: join(tree, 'screen'),
        modelsFolder: join(tree, 'models'),
        icon: '/icon.png',
        trayIcon: '/tray.png',
      },
      platform: options.platform ?? 'linux',
      isHidden: options.isHidden ?? false,
    },
  )
  await settle()
  return { electron, clock, autostarts, said }
}

function coreOf(electron: FakeElectron): FakeUtility {
  const core = electron.forked.findLast(({ options }) => options.serviceName === 'tailrace-core')
  if (core === undefined) {
    throw new Error('no core was forked')
  }
  return core
}

function say(electron: FakeElectron, message: FromCore): void {
  coreOf(electron).emit('message', message)
}

function view(change: Partial<CoreView> = {}): CoreView {
  return { ...coreViewOf(idleSnapshot()), ...change }
}

function show(electron: FakeElectron, change: Partial<CoreView> = {}): void {
  say(electron, { type: 'view', view: view(change) })
}

async function running(options: Parameters<typeof start>[0] = {}) {
  const started = await start(options)
  say(started.electron, { type: 'ready' })
  show(started.electron)
  return started
}

const messagesTo = (core: FakeUtility): unknown[] => core.posted.map(({ message }) => message)
const labels = (electron: FakeElectron): string[] => electron.trayItems.map(({ label }) => label)

function windowOf(electron: FakeElectron, kind: 'screen' | 'compute'): FakeWindow {
  const window = electron.window(kind)
  if (window === undefined) {
    throw new Error(`no ${kind} window`)
  }
  return window
}

describe('windows', () => {
  it('are two, locked down; the screen is throttled and shown, compute is neither', async () => {
    const { electron } = await start()
    expect(electron.app.isSandboxed).toBe(true)
    const screen = windowOf(electron, 'screen')
    const compute = windowOf(electron, 'compute')
    expect(screen.webContents.url).toBe('app://tailrace/index.html')
    for (const { options } of [screen, compute]) {
      expect(options.webPreferences).toMatchObject({
        preload: '/dist/preload.cjs',
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        webSecurity: true,
        webviewTag: false,
        devTools: false,
      })
    }
    expect([screen, compute].map(({ options }) => options.webPreferences?.backgroundThrottling)).toEqual([true, false])
    expect([screen, compute].map(({ isShown }) => isShown)).toEqual([true, false])
  })

  it('come back where they were, within the screens that are there', async () => {
    const first = await running({
      displays: [
        { x: 0, y: 0, width: 1_000, height: 800 },
        { x: 1_000, y: 0, width: 800, height: 600 },
      ],
    })
    const window = windowOf(first.electron, 'screen')
    window.bounds = { x: 1_100, y: 20, width: 640, height: 500 }
    window.close()
    const again = await start({
      displays: [
        { x: 0, y: 0, width: 1_000, height: 800 },
        { x: 1_000, y: 0, width: 800, height: 600 },
      ],
    })
    expect(windowOf(again.electron, 'screen').options).toMatchObject({ x: 1_100, y: 20, width: 640, height: 500 })
    const unplugged = await start({ displays: [{ x: 0, y: 0, width: 1_000, height: 800 }] })
    expect(windowOf(unplugged.electron, 'screen').options).toMatchObject({ x: 180, y: 150, width: 640, height: 500 })
  })

  it('load again after their page died, more slowly each time', async () => {
    const { electron, clock } = await start()
    const { webContents } = windowOf(electron, 'compute')
    for (const delayMs of [500, 2_000]) {
      webContents.url = ''
      webContents.emit('render-process-gone', {}, { reason: 'crashed' })
      await clock.advance(delayMs - 1)
      expect(webContents.url).toBe('')
      await clock.advance(1)
      expect(webContents.url).toBe('app://tailrace/compute.html')
    }
  })

  it('stay closed at a start by the session, until somebody asks', async () => {
    const { electron } = await start({ isHidden: true })
    expect(electron.window('screen')).toBeUndefined()
    electron.clickTray('Open Tailrace')
    expect(windowOf(electron, 'screen').isShown).toBe(true)
  })
})

describe('a page', () => {
  it('goes nowhere else and opens nothing but https in the browser', async () => {
    const { electron } = await start()
    const { webContents } = windowOf(electron, 'screen')
    for (const url of [
      'https://example.org/',
      'file:///etc/passwd',
      'app://other/index.html',
      'app://tailrace/compute.html',
      'javascript:0',
    ]) {
      expect(webContents.mayNavigate('will-navigate', url)).toBe(false)
      expect(webContents.mayNavigate('will-frame-navigate', url)).toBe(false)
      expect(webContents.mayNavigate('will-redirect', url)).toBe(false)
    }
    expect(webContents.mayNavigate('will-navigate', 'app://tailrace/index.html#earnings')).toBe(true)
    const links = [
      'https://example.org/docs',
      'http://example.org/',
      'https://user:pass@example.org/',
      'file:///x',
      'app://tailrace/',
      'mailto:a@b',
    ]
    expect(links.map((url) => webContents.openHandler?.({ url }).action)).toEqual(links.map(() => 'deny'))
    expect(electron.opened).toEqual(['https://example.org/docs'])
  })

  it('is given no permission but to copy text', async () => {
    const { electron } = await start()
    const { webContents } = windowOf(electron, 'screen')
    const ask = (permission: string): boolean[] => {
      const answers: boolean[] = []
      electron.permissions.request?.(webContents, permission, (isGiven) => answers.push(isGiven))
      return [...answers, electron.permissions.check?.(webContents, permission, 'app://tailrace/') === true]
    }
    expect(ask('clipboard-sanitized-write')).toEqual([true, true])
    for (const permission of [
      'media',
      'geolocation',
      'notifications',
      'clipboard-read',
      'hid',
      'fileSystem',
      'openExternal',
      'unknown',
    ]) {
      expect(ask(permission)).toEqual([false, false])
    }
    expect(electron.permissions.check?.(null, 'clipboard-sanitized-write', 'https://example.org')).toBe(false)
    expect(electron.permissions.device?.()).toBe(false)
    expect(electron.refusedRequests).toContain('https://*/*')
  })

  it('gets its files over app:// with the headers that isolate it, and no others', async () => {
    const { electron } = await start()
    expect(electron.schemes).toMatchObject([{ scheme: 'app', privileges: { standard: true, secure: true } }])
    const get = (url: string, method = 'GET') => electron.handlers.get('app')?.(new Request(url, { method }))
    const page = await get('app://tailrace/index.html')
    expect(page?.status).toBe(200)
    expect(page?.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page?.headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(page?.headers.get('cross-origin-embedder-policy')).toBe('require-corp')
    expect(page?.headers.get('content-type')).toContain('text/html')
    expect((await get('app://tailrace/models/m/manifest.json'))?.status).toBe(200)
    for (const url of [
      'app://tailrace/../keys.json',
      'app://tailrace/..%2fkeys.json',
      'app://other/index.html',
      'app://tailrace/none',
    ]) {
      expect((await get(url))?.status).toBe(404)
    }
    expect((await get('app://tailrace/index.html', 'POST'))?.status).toBe(404)
  })

  it('gets a port to the core by asking, and only as the page that it is', async () => {
    const { electron } = await running()
    const screen = windowOf(electron, 'screen')
    const compute = windowOf(electron, 'compute')
    const pages = () => messagesTo(coreOf(electron)).filter((message) => (message as { type: string }).type === 'page')
    electron.sendFrom(screen, CONNECT_CHANNEL, { url: 'https://example.org/' })
    electron.sendFrom(screen, CONNECT_CHANNEL, { url: 'app://tailrace/compute.html' })
    electron.sendFrom(screen, CONNECT_CHANNEL, { parent: {} })
    electron.sendFrom(screen, CONNECT_CHANNEL, { url: 'app://tailrace/index.html?x=1' })
    electron.ipcMain.emit(CONNECT_CHANNEL, { sender: screen.webContents, senderFrame: null })
    electron.ipcMain.emit(CONNECT_CHANNEL, {
      sender: { id: 99 },
      senderFrame: { url: screen.webContents.url, parent: null },
    })
    expect(pages()).toEqual([])
    electron.sendFrom(screen, CONNECT_CHANNEL)
    electron.sendFrom(compute, CONNECT_CHANNEL)
    expect(pages()).toEqual([
      { type: 'page', kind: 'screen' },
      { type: 'page', kind: 'compute' },
    ])
    expect(screen.webContents.posted.map(({ channel }) => channel)).toEqual([PORT_CHANNEL])
    expect(coreOf(electron).posted.at(-1)?.ports).toHaveLength(1)
  })

  it('knows the names that preload uses', () => {
    expect([PAGE_BRIDGE, PORT_MESSAGE]).toEqual([BRIDGE_NAME, PORT_CHANNEL])
  })
})

describe('the core', () => {
  it('is handed the keys as a port that signs, and no key', async () => {
    const { electron } = await start()
    const [first] = coreOf(electron).posted
    expect(first?.message).toMatchObject({ type: 'start', options: { home } })
    const [port] = first?.ports ?? []
    if (port === undefined) {
      throw new Error('no port')
    }
    const vault = await connectVault(endOfMainPort(port))
    const { signer } = await vault.hostSecrets()
    expect(signer.identity.ownerAddress).toBe(vault.state()?.address)
    await expect(signer.signTx('owner', new Uint8Array(8))).rejects.toMatchObject({ code: 'signing_refused' })
    port.close()
  })

  it('can have money moved only where the person says so in a window of the system', async () => {
    const { electron } = await start()
    const [port] = coreOf(electron).posted[0]?.ports ?? []
    if (port === undefined) {
      throw new Error('no port')
    }
    const vault = await connectVault(endOfMainPort(port))
    const from = vault.state()?.address ?? ''
    const value = { fromAddress: from, toAddress: from, amount: [{ denom: 'utail', amount: '1500000' }] }
    const approval: Approval = {
      chainId: 'tailrace-local-1',
      message: { typeUrl: '/cosmos.bank.v1beta1.MsgSend', value },
      fee: 10n,
      memo: 'rent',
    }
    await expect(vault.approve(approval)).rejects.toMatchObject({ code: 'not_confirmed' })
    electron.boxAnswer = 1
    expect(await vault.approve(approval)).toBeTypeOf('number')
    expect(electron.boxes).toMatchObject([
      { message: 'Send 1.5 TAIL?' },
      { detail: expect.stringContaining(`To: ${from}`) },
    ])
    port.close()
  })

  it('is started again when it dies, with its children ended first; pages get a closed port meanwhile', async () => {
    const { electron, clock } = await running()
    const first = coreOf(electron)
    say(electron, { type: 'fork', id: 1, name: 'node', args: ['node', '--home', '/x'] })
    const member = electron.forked.at(-1)
    expect(member).toMatchObject({ modulePath: '/dist/tailrace.js', args: ['node', '--home', '/x'] })
    first.emit('exit', 11)
    await settle()
    expect(member?.killed).toBe(1)
    expect(labels(electron)[0]).toBe('Stopped unexpectedly, starting again')
    const screen = windowOf(electron, 'screen')
    electron.sendFrom(screen, CONNECT_CHANNEL)
    const closed = new Promise<void>((resolve) => screen.webContents.posted.at(-1)?.port.once('close', resolve))
    await closed
    expect(coreOf(electron)).toBe(first)
    await clock.advance(1_000)
    expect(coreOf(electron)).not.toBe(first)
    coreOf(electron).emit('exit', 11)
    await settle()
    await clock.advance(3_999)
    expect(electron.forked).toHaveLength(3)
    await clock.advance(1)
    expect(electron.forked).toHaveLength(4)
  })

  it('may fork members of the network and nothing else', async () => {
    const { electron } = await running()
    const before = electron.forked.length
    coreOf(electron).emit('message', { type: 'fork', id: 1, name: 'x', args: ['start'] })
    coreOf(electron).emit('message', { type: 'fork', id: 1, name: 'x', args: [] })
    coreOf(electron).emit('message', { type: 'spawn', command: '/bin/sh' })
    coreOf(electron).emit('message', null)
    expect(electron.forked).toHaveLength(before)
    for (let id = 1; id <= 20; id++) {
      say(electron, { type: 'fork', id, name: 'node', args: ['node'] })
    }
    expect(electron.forked).toHaveLength(before + 16)
    expect(messagesTo(coreOf(electron)).at(-1)).toMatchObject({ type: 'child', id: 20, event: { kind: 'exit' } })
  })

  it('ends the application with a sentence where starting again cannot help', async () => {
    const { electron } = await start()
    say(electron, { type: 'failed', error: { code: 'already_running', message: 'Tailrace already runs' } })
    coreOf(electron).emit('exit', 1)
    await settle()
    expect(electron.errorBoxes[0]).toContain('already runs on this data folder')
    expect(electron.app.exits).toEqual([1])
  })

  it('hears of sleep and waking', async () => {
    const { electron } = await running()
    electron.powerMonitor.emit('suspend')
    electron.powerMonitor.emit('resume')
    expect(messagesTo(coreOf(electron)).slice(-2)).toEqual([
      { type: 'power', event: 'suspend' },
      { type: 'power', event: 'resume' },
    ])
  })
})

describe('tray, notices, settings', () => {
  it('shows the state and joins or leaves', async () => {
    const { electron } = await running()
    expect(labels(electron)).toEqual(['Not joined', 'Open Tailrace', 'Join', 'Quit Tailrace'])
    expect(electron.tooltip).toBe('Tailrace: Not joined')
    electron.clickTray('Join')
    show(electron, { joined: true, phase: 'racing' })
    expect(labels(electron)[0]).toBe('Racing')
    electron.clickTray('Finish and leave')
    expect(messagesTo(coreOf(electron)).slice(-2)).toEqual([
      { type: 'command', command: 'join' },
      { type: 'command', command: 'finish' },
    ])
  })

  it('tells faults, updates and the first earning once each', async () => {
    const { electron } = await running()
    show(electron, { faults: 1, faultCode: 'wrong_finds' })
    show(electron, { faults: 1, hasEarned: true, earned: '1250000' })
    show(electron, { faults: 1, hasEarned: true, update: { version: '0.2.0', state: 'available' } })
    show(electron, { faults: 1, hasEarned: true, update: { version: '0.2.0', state: 'available' } })
    expect(electron.notices.map(({ title }) => title)).toEqual([
      'A fault was proven',
      'Your first earning',
      'Tailrace 0.2.0 is here',
    ])
    expect(electron.notices[1]?.body).toContain('1.25 TAIL')
    windowOf(electron, 'screen').hide()
    electron.notices[0]?.events.emit('click')
    expect(windowOf(electron, 'screen').isShown).toBe(true)
  })

  it('starts with the session as the setting says', async () => {
    const { electron, autostarts } = await running()
    const { settings } = view()
    show(electron, { settings: { ...settings, autostart: true } })
    show(electron, { settings: { ...settings, autostart: true } })
    show(electron, { settings: { ...settings, autostart: false } })
    expect(autostarts).toEqual([true, false])
  })
})

describe('ending', () => {
  it('the close button hides the screen, or quits where the setting says so', async () => {
    const { electron } = await running()
    const screen = windowOf(electron, 'screen')
    screen.close()
    expect([screen.isDestroyed, screen.isShown]).toEqual([false, false])
    show(electron, { settings: { ...view().settings, closeToTray: false } })
    screen.close()
    expect(screen.isDestroyed).toBe(true)
    expect(messagesTo(coreOf(electron)).at(-1)).toEqual({ type: 'stop', safely: true })
  })

  it('waits for the core to reach a safe point; a second quit does not', async () => {
    const { electron } = await running()
    const core = coreOf(electron)
    electron.clickTray('Quit Tailrace')
    await settle()
    expect(labels(electron)).toContain('Quit now, without waiting')
    expect(windowOf(electron, 'compute').isDestroyed).toBe(false)
    expect(electron.app.exits).toEqual([])
    electron.clickTray('Quit now, without waiting')
    expect(messagesTo(core).slice(-2)).toEqual([
      { type: 'stop', safely: true },
      { type: 'stop', safely: false },
    ])
    core.emit('message', { type: 'stopped' })
    core.emit('exit', 0)
    await settle()
    expect(electron.app.exits).toEqual([0])
    expect(electron.windows.every(({ isDestroyed }) => isDestroyed)).toBe(true)
  })

  it('kills a core that does not stop: after its limit, and soon after a second wish', async () => {
    const patient = await running()
    patient.electron.app.quit()
    await patient.clock.advance(89_999)
    expect(coreOf(patient.electron).killed).toBe(0)
    await patient.clock.advance(1)
    expect(patient.electron.app.exits).toEqual([0])
    const hasty = await running()
    hasty.electron.app.quit()
    hasty.electron.app.quit()
    await hasty.clock.advance(10_000)
    expect(coreOf(hasty.electron).killed).toBe(1)
    expect(hasty.electron.app.exits).toEqual([0])
    expect(hasty.clock.pending).toBe(0)
  })

  it('a second start brings the first to the front and ends', async () => {
    const { electron } = await running()
    const screen = windowOf(electron, 'screen')
    screen.hide()
    electron.app.emit('second-instance')
    expect([screen.isShown, screen.focused]).toEqual([true, 1])
    const second = await start({ isFirst: false })
    expect([second.electron.app.quits, second.electron.windows.length]).toEqual([1, 0])
  })
})
