import { expect, test } from 'vitest'
import { signRegistration } from '../../test/support/chain/device-signing.ts'
import { toHex } from '../lib/bytes.ts'
import { registrationHash, verifyRegistration } from './registration.ts'
import { publicKeyOf } from './signature.ts'

const key = new Uint8Array(32).fill(3)
const registration = { chainId: 'tailrace-local-1', owner: 'tail1owner', peerId: '12D3KooWpeer' }

test('a device key vouches for one owner and peer on one chain', () => {
  const signature = signRegistration(registration, key)
  expect(signature).toHaveLength(64)
  const holds = (changes: Partial<typeof registration>): boolean =>
    verifyRegistration({ ...registration, ...changes }, publicKeyOf(key), signature)
  expect(holds({})).toBe(true)
  expect([holds({ chainId: 'tailrace-1' }), holds({ owner: 'tail1other' }), holds({ peerId: '' })]).toEqual([
    false,
    false,
    false,
  ])
  // Parts do not run into one another.
  expect(holds({ owner: 'tail1owner1', peerId: '2D3KooWpeer' })).toBe(false)
})

test('malformed keys and signatures are false, not errors', () => {
  const signature = signRegistration(registration, key)
  expect(verifyRegistration(registration, new Uint8Array(33).fill(255), signature)).toBe(false)
  expect(verifyRegistration(registration, new Uint8Array(3), signature)).toBe(false)
  expect(verifyRegistration(registration, publicKeyOf(key), signature.slice(1))).toBe(false)
})

test('the hash is the one of the protocol', () => {
  // SHA-256 over u32be(26) ‖ 'tailrace/register-device/1' ‖ u32be(16) ‖ chain id ‖ u32be(10) ‖ owner ‖ u32be(12) ‖ peer id, with Python's hashlib.
  expect(toHex(registrationHash(registration))).toBe('4e9870194528ec3f1b0a6bf5b006b8f9b1f7884fe37bbfa659bd8699ceab572e')
})
