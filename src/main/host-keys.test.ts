import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorCode } from '../lib/coded-error.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import { hostKeyFile, loadOrCreateHostKeys } from './host-keys.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from './system.ts'
import { openVault } from './wallet/open-vault.ts'

function home(): string {
  return mkdtempSync(join(tmpdir(), 'tailrace-keys-'))
}

test('keys are created once, readable by the owner alone, and read back', () => {
  const folder = home()
  const created = loadOrCreateHostKeys(folder, SYSTEM_RNG)
  expect(loadOrCreateHostKeys(folder, SYSTEM_RNG)).toEqual(created)
  expect(statSync(hostKeyFile(folder)).mode & 0o777).toBe(0o600)
})

test('a damaged key file is an error and stays as it is', () => {
  const folder = home()
  loadOrCreateHostKeys(folder, SYSTEM_RNG)
  const damaged = readFileSync(hostKeyFile(folder), 'utf8').replace(/"ownerKey": "../, '"ownerKey": "zz')
  chmodSync(hostKeyFile(folder), 0o600)
  writeFileSync(hostKeyFile(folder), damaged)
  expect(codeOf(() => loadOrCreateHostKeys(folder, SYSTEM_RNG))).toBe('damaged_file')
  expect(readFileSync(hostKeyFile(folder), 'utf8')).toBe(damaged)
})

test('a folder with a wallet is not opened as if it had none', async () => {
  const folder = home()
  const components = { clock: SYSTEM_CLOCK, rng: SYSTEM_RNG, logger: SILENT_LOGGER }
  const vault = await openVault(components, { home: folder, network: 'local' })
  expect(codeOf(() => loadOrCreateHostKeys(folder, SYSTEM_RNG))).toBe('wallet_needed')
  await vault.hostSecrets()
  expect(codeOf(() => loadOrCreateHostKeys(folder, SYSTEM_RNG))).toBe('wallet_needed')
})

test('a key file of a newer version is left alone', () => {
  const folder = home()
  writeFileSync(hostKeyFile(folder), '{"version": 3}')
  expect(codeOf(() => loadOrCreateHostKeys(folder, SYSTEM_RNG))).toBe('newer_data')
  expect(readFileSync(hostKeyFile(folder), 'utf8')).toBe('{"version": 3}')
})

function codeOf(work: () => unknown): string {
  try {
    work()
    return ''
  } catch (error) {
    return errorCode(error)
  }
}
