import { expect, test } from 'vitest'
import { publicKeyOf } from '../../protocol/signature.ts'
import { createKeyMemo } from './key-memo.ts'

test('says of every key what looking at it anew would say, however few are kept', () => {
  const isKey = createKeyMemo(2)
  const keys = [1, 2, 3, 1, 3].map((byte) => publicKeyOf(new Uint8Array(32).fill(byte)))
  expect(keys.map(isKey)).toEqual([true, true, true, true, true])
  const bad = (keys[0] as Uint8Array).slice()
  bad[0] = 4
  const long = new Uint8Array(34).fill(2)
  expect([bad, bad, long, new Uint8Array(33), new Uint8Array(0)].map(isKey)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ])
})
