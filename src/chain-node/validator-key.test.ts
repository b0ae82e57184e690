import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { seededRng } from '../../test/conformance/rpc/network-fixture.ts'
import { tempTree } from '../../test/support/temp-tree.ts'
import { errorCode } from '../lib/coded-error.ts'
import { blsVerifyPossession } from '../protocol/randomness.ts'
import { decodeValidatorKey, encodeValidatorKey, loadOrCreateValidatorKey, validatorKeyPath } from './validator-key.ts'

const rng = seededRng('key')

test('a new home gets a key that only its owner can read, and keeps it', () => {
  const home = `${tempTree({})}/node`
  const key = loadOrCreateValidatorKey(home, rng)
  expect(statSync(validatorKeyPath(home)).mode & 0o777).toBe(0o600)
  expect(blsVerifyPossession(key.blsPublicKey, key.blsPossession)).toBe(true)
  expect(loadOrCreateValidatorKey(home, rng)).toEqual(key)
})

test('a key file that others can read is closed to them', () => {
  const home = tempTree({})
  const key = loadOrCreateValidatorKey(home, rng)
  chmodSync(validatorKeyPath(home), 0o644)
  expect(loadOrCreateValidatorKey(home, rng)).toEqual(key)
  expect(statSync(validatorKeyPath(home)).mode & 0o777).toBe(0o600)
})

test('a damaged file is refused and left as it is', () => {
  const home = tempTree({})
  loadOrCreateValidatorKey(home, rng)
  const path = validatorKeyPath(home)
  const whole = readFileSync(path, 'utf8')
  const file = JSON.parse(whole)
  const otherKey = JSON.parse(encodeValidatorKey(loadOrCreateValidatorKey(tempTree({}), rng)))
  const damaged = [
    '',
    whole.slice(0, 100),
    '[]',
    JSON.stringify({ ...file, address: otherKey.address }),
    JSON.stringify({ ...file, pub_key: otherKey.pub_key }),
    JSON.stringify({ ...file, priv_key: otherKey.priv_key }),
    JSON.stringify({ ...file, bls_secret_key: '00' }),
    JSON.stringify({ ...file, bls_public_key: otherKey.bls_public_key }),
    JSON.stringify({ ...file, bls_possession: otherKey.bls_possession }),
  ]
  for (const text of damaged) {
    writeFileSync(path, text)
    expect(codeOf(() => loadOrCreateValidatorKey(home, rng))).toBe('validator_key_damaged')
    expect(readFileSync(path, 'utf8')).toBe(text)
  }
})

test('decode(encode(key)) is the key', () => {
  const key = loadOrCreateValidatorKey(tempTree({}), rng)
  expect(decodeValidatorKey(encodeValidatorKey(key), 'file')).toEqual(key)
})

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    return errorCode(error)
  }
  return 'nothing thrown'
}
