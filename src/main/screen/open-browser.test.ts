import { expect, test } from 'vitest'
import { browserCommand } from './open-browser.ts'

const URL = 'http://127.0.0.1:7345/#token=00'
const OPTIONS = { browser: '/usr/bin/chromium', platform: 'linux', profile: '/data/browser', isRoot: false } as const

test('a known browser gets a window and a profile of its own, and is not throttled in the background', () => {
  const { command, args } = browserCommand(URL, OPTIONS)
  expect(command).toBe('/usr/bin/chromium')
  expect(args.at(-1)).toBe(`--app=${URL}`)
  expect(args).toContain('--user-data-dir=/data/browser')
  expect(args).toContain('--disable-renderer-backgrounding')
  expect(args).not.toContain('--no-sandbox')
  expect(browserCommand(URL, { ...OPTIONS, isRoot: true }).args).toContain('--no-sandbox')
})

test('without a known browser the system opens the link', () => {
  const opener = (platform: NodeJS.Platform): string =>
    browserCommand(URL, { ...OPTIONS, platform, browser: undefined }).command
  expect(['linux', 'darwin', 'win32'].map((platform) => opener(platform as NodeJS.Platform))).toEqual([
    'xdg-open',
    'open',
    'explorer.exe',
  ])
})
