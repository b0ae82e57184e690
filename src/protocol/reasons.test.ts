import { expect, test } from 'vitest'
import { FAULT_CODES, REASON_CODES } from './reasons.ts'

test('codes are words of their own: they stand in the ledger and in events for good', () => {
  const codes = [...REASON_CODES, ...FAULT_CODES]
  expect(new Set(codes).size).toBe(codes.length)
  for (const code of codes) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
  }
})
