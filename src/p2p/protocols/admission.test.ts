import { expect, test } from 'vitest'
import { createAdmission } from './admission.ts'

test('a peer has its places, strangers share theirs, hosts have the rest', () => {
  const { admit } = createAdmission({ perPeer: 2, total: 6, strangers: 3 })
  const first = admit('a', false)
  expect(first).toBeDefined()
  expect(admit('a', false)).toBeDefined()
  expect(admit('a', false)).toBeUndefined()
  expect(admit('b', false)).toBeDefined()
  expect(admit('c', false)).toBeUndefined()
  expect(admit('h', true)).toBeDefined()
  expect(admit('h', true)).toBeDefined()
  expect(admit('h', true)).toBeUndefined()
  const last = admit('i', true)
  expect(last).toBeDefined()
  expect(admit('k', true)).toBeUndefined()
  last?.()
  expect(admit('k', true)).toBeDefined()
  first?.()
  expect(admit('c', false)).toBeDefined()
  expect(admit('a', false)).toBeUndefined()
})
