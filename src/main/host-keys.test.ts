import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorCode } from '../lib/coded-error.ts'
import { addressOfPublicKey } from '../protocol/address.ts'
import { verifyHeartbeat } from '../protocol/gossip.ts'
import { verifyRegistration } from '../protocol/registration.ts'
import { createKeyPort, hostKeyFile, loadOrCreateHostKeys } from './host-keys.ts'
import { SYSTEM_RNG } from './system.ts'

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
  let code = ''
  try {
    loadOrCreateHostKeys(folder, SYSTEM_RNG)
  } catch (error) {
    code = errorCode(error)
  }
  expect(code).toBe('damaged_file')
  expect(readFileSync(hostKeyFile(folder), 'utf8')).toBe(damaged)
})

test('the key port signs with the device key whose address it names', () => {
  const keys = createKeyPort(loadOrCreateHostKeys(home(), SYSTEM_RNG))
  const heartbeat = keys.signHeartbeat({
    host: keys.ownerAddress,
    epoch: 1n,
    height: 41n,
    appHash: new Uint8Array(32),
    phase: 'racing',
    sentAtMs: 5n,
  })
  expect(addressOfPublicKey(keys.devicePublicKey)).toBe(keys.deviceAddress)
  expect(verifyHeartbeat(heartbeat, keys.devicePublicKey)).toBe(true)
  expect(verifyHeartbeat({ ...heartbeat, height: 42n }, keys.devicePublicKey)).toBe(false)
  const registration = { chainId: 'tailrace-local-1', owner: keys.ownerAddress, peerId: 'peer' }
  const signature = keys.signRegistration(registration.chainId, registration.peerId)
  expect(verifyRegistration(registration, keys.devicePublicKey, signature)).toBe(true)
})
