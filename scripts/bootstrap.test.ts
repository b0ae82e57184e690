import { describe, expect, test } from 'vitest'
import { browserPlan, lockDifference } from './bootstrap.mjs'
import { findBrowser } from './browser.mjs'

describe('lockDifference', () => {
  const installed = { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'x' } } }

  test('sees no difference but that of optional packages of other platforms', () => {
    const wanted = {
      packages: {
        '': {},
        'node_modules/a': { version: '1.0.0', integrity: 'x' },
        'node_modules/a-win32': { version: '1.0.0', integrity: 'y', optional: true },
      },
    }
    expect(lockDifference(wanted, installed)).toBeUndefined()
  })

  test.each([
    [{ 'node_modules/a': { version: '1.0.1', integrity: 'x' } }, 'node_modules/a has another version'],
    [{ 'node_modules/a': { version: '1.0.0', integrity: 'z' } }, 'node_modules/a has another version'],
    [{ ...installed.packages, 'node_modules/b': { version: '1.0.0' } }, 'node_modules/b is missing'],
    [{}, 'node_modules/a is not in package-lock.json'],
  ])('sees what changed', (packages, difference) => {
    expect(lockDifference({ packages }, installed)).toBe(difference)
  })
})

describe('browserPlan', () => {
  test('installs as root or with --yes, else only says how', () => {
    const machine = { isRoot: false, yes: false, hasApt: true }
    expect(browserPlan('linux', machine)).toHaveProperty(
      'say',
      expect.stringContaining('sudo apt-get install -y chromium'),
    )
    expect(browserPlan('linux', { ...machine, isRoot: true })).toEqual({
      install: [
        ['apt-get', 'update'],
        ['apt-get', 'install', '-y', 'chromium'],
      ],
    })
    expect(browserPlan('linux', { ...machine, yes: true })).toHaveProperty('install')
    for (const platform of ['darwin', 'win32', 'freebsd'] as const) {
      expect(browserPlan(platform, { isRoot: true, yes: true, hasApt: false })).toHaveProperty('say')
    }
  })
})

describe('findBrowser', () => {
  const only =
    (path: string) =>
    (candidate: string): boolean =>
      candidate === path

  test('takes the named browser, and nothing else where that one is missing', () => {
    const env = { TAILRACE_BROWSER: '/opt/b', PATH: '/usr/bin' }
    expect(findBrowser('linux', env, only('/opt/b'))).toBe('/opt/b')
    expect(findBrowser('linux', env, only('/usr/bin/chromium'))).toBeUndefined()
  })

  test('looks along PATH, Chromium first, and at the known places of macOS and Windows', () => {
    const env = { PATH: '/a:/b', PROGRAMFILES: 'C:' }
    expect(findBrowser('linux', env, () => true)).toBe('/a/chromium')
    expect(findBrowser('linux', env, only('/b/google-chrome'))).toBe('/b/google-chrome')
    expect(findBrowser('linux', {}, () => true)).toBeUndefined()
    expect(findBrowser('darwin', {}, () => true)).toContain('Google Chrome.app')
    expect(findBrowser('win32', env, () => true)).toMatch(/chrome\.exe$/)
  })
})
