import { expect, test } from 'vitest'
import { RosterState } from '../../protocol/gen/tailrace/v1/state.ts'
import { createRecordMemo } from './record-memo.ts'

const entry = { host: new Uint8Array(20).fill(1), weight: '5', numericClass: 'fp32-wasm', reputationPpm: 7n }
const record: RosterState = { height: 9n, entries: [entry] }

test('decodes the same bytes once, equal bytes anew, and gives records that nobody can change', () => {
  let decoded = 0
  const decode = createRecordMemo<RosterState>({
    encode: RosterState.encode,
    decode: (bytes) => {
      decoded += 1
      return RosterState.decode(bytes)
    },
  })
  const bytes = RosterState.encode(record).finish()
  expect(decode(bytes)).toEqual(record)
  expect(decode(bytes)).toBe(decode(bytes))
  expect(decoded).toBe(1)
  expect(decode(bytes.slice())).toEqual(record)
  expect(decoded).toBe(2)
  const frozen = decode(bytes)
  expect(() => {
    frozen.height = 1n
  }).toThrow(TypeError)
  expect(() => frozen.entries.push(entry)).toThrow(TypeError)
  expect(() => Object.assign(frozen.entries[0] as typeof entry, { weight: '6' })).toThrow(TypeError)
})
