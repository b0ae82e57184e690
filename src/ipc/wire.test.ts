import { expect, test } from 'vitest'
import { u64Schema } from './wire.ts'

test('a 64-bit integer is refused, never thrown on, whatever the text', () => {
  for (const text of ['abc', '', '-1', '1.5', '01', '0x10', '18446744073709551616']) {
    expect(u64Schema.safeParse(text).success, text).toBe(false)
  }
  expect(u64Schema.safeParse('18446744073709551615').success).toBe(true)
})
