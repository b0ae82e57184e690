import { expect, test } from 'vitest'
import { readVectors } from '../../test/support/vectors.ts'
import { philox4x32 } from './philox.ts'

interface PhiloxVectors {
  readonly cases: readonly {
    readonly counter: readonly [string, string, string, string]
    readonly key: readonly [string, string]
    readonly output: readonly string[]
  }[]
}

const word = (text: string): number => Number.parseInt(text, 16)

test.each(readVectors<PhiloxVectors>('philox').cases)('gives the published output for counter $counter', (entry) => {
  const out = new Int32Array(6).fill(7)
  const [c0, c1, c2, c3] = entry.counter
  philox4x32(out, 1, word(c0), word(c1), word(c2), word(c3), word(entry.key[0]), word(entry.key[1]))
  expect([...out.subarray(1, 5)].map((value) => (value >>> 0).toString(16).padStart(8, '0'))).toEqual(entry.output)
  expect([out[0], out[5]]).toEqual([7, 7])
})
