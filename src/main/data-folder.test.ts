import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorCode } from '../lib/coded-error.ts'
import { defaultHome, lockHome } from './data-folder.ts'

test('the data folder follows the platform', () => {
  expect(defaultHome({ TAILRACE_HOME: '/elsewhere' }, 'linux')).toBe('/elsewhere')
  expect(defaultHome({ XDG_DATA_HOME: '/data' }, 'linux')).toBe('/data/tailrace')
  expect(defaultHome({}, 'linux')).toBe(join(homedir(), '.local', 'share', 'tailrace'))
  expect(defaultHome({}, 'darwin')).toBe(join(homedir(), 'Library', 'Application Support', 'Tailrace'))
  expect(defaultHome({ APPDATA: 'C' }, 'win32')).toBe(join('C', 'Tailrace'))
})

test('a living process keeps a second instance out, a dead one does not', () => {
  const home = mkdtempSync(join(tmpdir(), 'tailrace-lock-'))
  writeFileSync(join(home, 'lock'), String(process.ppid))
  let code = ''
  try {
    lockHome(home)
  } catch (error) {
    code = errorCode(error)
  }
  expect(code).toBe('already_running')

  const dead = spawnSync(process.execPath, ['-e', '']).pid
  writeFileSync(join(home, 'lock'), String(dead))
  const lock = lockHome(home)
  lock.release()
  lockHome(home).release()
})
