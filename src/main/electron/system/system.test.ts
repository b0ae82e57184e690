/** The small state machines around the desktop: notices, tray, autostart, quit, key store, window place, arguments, links. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { FakeElectron } from '../../../../test/electron/fake-electron.ts'
import { idleSnapshot } from '../../../../test/support/screen/sample-snapshot.ts'
import { tempTree } from '../../../../test/support/temp-tree.ts'
import { SILENT_LOGGER } from '../../../lib/runtime.ts'
import { coreViewOf } from '../core/core-view.ts'
import type { CoreView } from '../core/core-wire.ts'
import { coreViewSchema } from '../core/core-wire.ts'
import { parseDesktopArguments } from '../desktop-arguments.ts'
import { isExternalLink, isPageAt } from '../windows/page-addresses.ts'
import { createWindowStateFile, fitToScreens } from '../windows/window-state.ts'
import { applyAutostart, autostartEntry, createLoginItem, createXdgAutostart } from './autostart.ts'
import type { NoticeMemory } from './notices.ts'
import { noticeStep } from './notices.ts'
import { createQuitting } from './quitting.ts'
import { createSafeStore } from './safe-store.ts'
import { trayModelOf } from './tray-menu.ts'

const view = (change: Partial<CoreView> = {}): CoreView => ({ ...coreViewOf(idleSnapshot()), ...change })

test('the view of a snapshot fits its schema', () => {
  expect(coreViewSchema.parse(view())).toEqual(view())
})

describe('notices', () => {
  function follow(views: readonly CoreView[]): string[][] {
    let memory: NoticeMemory | undefined
    return views.map((next) => {
      const step = noticeStep(memory, next)
      memory = step.memory
      return step.notices.map(({ title }) => title)
    })
  }
  const error = { code: 'disk_full', level: 'error' } as const

  it('what was so at the first look is no news', () => {
    expect(follow([view({ faults: 2, hasEarned: true, troubles: [error] })])).toEqual([[]])
  })

  it('a trouble is told at its beginning, again only after its end; warnings are not', () => {
    const warning = { code: 'disk_low', level: 'warning' } as const
    const told = follow([
      view(),
      view({ troubles: [error] }),
      view({ troubles: [error, warning] }),
      view(),
      view({ troubles: [error] }),
    ])
    expect(told.map(({ length }) => length)).toEqual([0, 1, 0, 0, 1])
  })

  it('a chain that is not reached for a while makes nothing new', () => {
    const earning = view({ faults: 1, hasEarned: true })
    expect(follow([earning, view(), earning]).flat()).toEqual([])
  })

  it('what the settings do not want is not told, and not told later either', () => {
    const quiet = { ...view().settings, notifyFault: false, notifyEarning: false, notifyUpdate: false }
    const update = { version: '2', state: 'available' } as const
    const changed = { faults: 1, hasEarned: true, update, troubles: [error] }
    expect(follow([view({ settings: quiet }), view({ ...changed, settings: quiet }), view(changed)]).flat()).toEqual([])
  })
})

describe('the tray', () => {
  it.each([
    ['starting', undefined, 'Starting', 'Join', false],
    ['running', view(), 'Not joined', 'Join', true],
    ['running', view({ joined: true, phase: 'racing' }), 'Racing', 'Finish and leave', true],
    ['running', view({ joined: true, isFinishing: true }), 'Finishing, then leaving', 'Join', true],
    ['running', view({ joined: true, phase: 'stopped_by_fault' }), 'Stopped by a fault', 'Join', true],
    ['running', view({ phase: 'leaving' }), 'Leaving', 'Join', false],
    ['running', view({ connection: 'disconnected' }), 'The chain does not answer, trying again', 'Join', true],
    ['waiting', undefined, 'Stopped unexpectedly, starting again', 'Join', false],
  ] as const)('in %s says and offers', (core, shown, state, member, isEnabled) => {
    const { items, tooltip } = trayModelOf(core, shown)
    expect(tooltip).toBe(`Tailrace: ${state}`)
    expect(items[2]).toMatchObject({ label: member, isEnabled })
  })
})

describe('autostart', () => {
  it('on Linux is a desktop entry that starts the program as it was started, hidden', () => {
    const configHome = tempTree({})
    const port = createXdgAutostart({ configHome, program: '/opt/My "App"/100%/tail$race.AppImage' })
    const file = join(configHome, 'autostart', 'tailrace.desktop')
    expect([port.isOn(), applyAutostart(port, true), applyAutostart(port, true), port.isOn()]).toEqual([
      false,
      true,
      false,
      true,
    ])
    expect(readFileSync(file, 'utf8')).toContain(
      String.raw`Exec="/opt/My \\"App\\"/100%%/tail\\$race.AppImage" --hidden`,
    )
    // Another version of the program moved: the entry is written anew.
    expect(createXdgAutostart({ configHome, program: '/elsewhere' }).isOn()).toBe(false)
    expect([applyAutostart(port, false), existsSync(file)]).toEqual([true, false])
    expect(autostartEntry('/x')).toContain('Type=Application')
  })

  it('cannot be written: a coded error, nothing else', () => {
    const configHome = tempTree({ autostart: 'a file' })
    expect(() => createXdgAutostart({ configHome, program: '/x' }).set(true)).toThrow(
      expect.objectContaining({ code: 'autostart_failed' }),
    )
  })

  it('elsewhere is a login item', () => {
    const { app } = new FakeElectron()
    const port = createLoginItem(app as never)
    expect([applyAutostart(port, true), applyAutostart(port, true), port.isOn()]).toEqual([true, false, true])
    expect(app.loginItems).toEqual([{ openAtLogin: true, args: ['--hidden'] }])
  })
})

describe('the key store', () => {
  it('keeps and opens a secret', async () => {
    const { api } = new FakeElectron()
    const store = createSafeStore(api.safeStorage, 'linux')
    expect(await store.isSound()).toBe(true)
    const sealed = await store.encrypt('{"v":1}')
    expect(Buffer.from(sealed).toString('utf8')).not.toBe('{"v":1}')
    expect(await store.decrypt(sealed)).toBe('{"v":1}')
    await expect(store.decrypt(new Uint8Array([1, 2]))).rejects.toMatchObject({ code: 'wrong_system_key' })
  })

  it('is none where the system would only obscure', async () => {
    const electron = new FakeElectron()
    electron.backend = 'basic_text'
    const store = createSafeStore(electron.api.safeStorage, 'linux')
    expect(await store.isSound()).toBe(false)
    await expect(store.encrypt('x')).rejects.toMatchObject({ code: 'system_store_unavailable' })
    expect(await createSafeStore(electron.api.safeStorage, 'win32').isSound()).toBe(true)
    electron.isEncryptionThere = false
    expect(await createSafeStore(electron.api.safeStorage, 'darwin').isSound()).toBe(false)
  })
})

describe('quitting', () => {
  it('exits once, after the core is gone, however often it is asked', async () => {
    const stops: PromiseWithResolvers<void>[] = []
    const seen: string[] = []
    const quitting = createQuitting({
      stopCore: () => {
        stops.push(Promise.withResolvers())
        return stops.at(-1)?.promise ?? Promise.resolve()
      },
      hide: () => seen.push('hide'),
      onState: (state) => seen.push(state),
      exit: () => seen.push('exit'),
    })
    for (let wish = 0; wish < 4; wish++) {
      quitting.quit()
    }
    expect([seen, stops.length]).toEqual([['finishing', 'hide', 'hurrying'], 2])
    for (const { resolve } of stops) {
      resolve()
    }
    await Promise.all(stops.map(({ promise }) => promise))
    await Promise.resolve()
    expect(seen.slice(3)).toEqual(['over', 'exit'])
  })
})

describe('the place of the window', () => {
  const main = { x: 0, y: 0, width: 1_920, height: 1_040 }
  const left = { x: -1_280, y: 0, width: 1_280, height: 700 }
  it.each([
    ['first start: in the middle', undefined, [main], { x: 320, y: 90, width: 1_280, height: 860 }],
    [
      'as it was',
      { x: -1_200, y: 10, width: 800, height: 600 },
      [main, left],
      { x: -1_200, y: 10, width: 800, height: 600 },
    ],
    [
      'half outside is moved in',
      { x: 1_500, y: 800, width: 900, height: 600 },
      [main],
      { x: 1_020, y: 440, width: 900, height: 600 },
    ],
    [
      'its screen is gone',
      { x: -1_200, y: 10, width: 800, height: 600 },
      [main],
      { x: 560, y: 220, width: 800, height: 600 },
    ],
    ['larger than the screen', { x: 0, y: 0, width: 9_000, height: 9_000 }, [main], main],
    ['a small screen', undefined, [{ x: 0, y: 0, width: 320, height: 400 }], { x: 0, y: 0, width: 320, height: 400 }],
  ])('%s', (_name, wanted, areas, expected) => {
    expect(fitToScreens(wanted, areas)).toEqual(expected)
  })

  it('a damaged file is forgotten', () => {
    const folder = tempTree({ 'window.json': '{"version":1,"x":"' })
    const file = createWindowStateFile(join(folder, 'window.json'), SILENT_LOGGER)
    expect(file.load()).toBeUndefined()
    const state = { bounds: { x: 1, y: 2, width: 3, height: 4 }, isMaximized: true }
    file.save(state)
    expect(file.load()).toEqual(state)
  })
})

test.each([
  [[], { home: undefined, rpcPort: 0, allowSoftwareAdapter: false, isHidden: false }],
  [
    ['/app/main.js', '--home', '/x', '--rpc-port=7', '--allow-software-adapter', '--hidden', '--type=gpu', '-psn_0_1'],
    { home: '/x', rpcPort: 7, allowSoftwareAdapter: true, isHidden: true },
  ],
  [['--rpc-port', 'many', '--home', ''], { home: undefined, rpcPort: 0, allowSoftwareAdapter: false, isHidden: false }],
])('arguments %j', (argv, expected) => {
  expect(parseDesktopArguments(argv)).toEqual(expected)
})

test('addresses', () => {
  expect(isPageAt('app://tailrace/index.html#wallet', 'screen')).toBe(true)
  for (const url of [
    'app://tailrace/compute.html',
    'app://tailrace.evil/index.html',
    'app://a@tailrace/index.html',
    'https://tailrace/index.html',
    '',
    'nonsense',
  ]) {
    expect(isPageAt(url, 'screen')).toBe(false)
  }
  expect(isExternalLink(`https://example.org/${'a'.repeat(3_000)}`)).toBe(false)
})
