import { expect, test } from 'vitest'
import { toHex } from '../lib/bytes.ts'
import { knownAnswers } from './known-answers.ts'
import { RACE_SHAPES } from './shapes.ts'
import { createWasmOracle } from './wasm-oracle.ts'

test.each(['dev', 'std'] as const)('gives the known answers of %s in a browser, loaded without a fetch', (shape) => {
  const { epochSeed, attempts } = knownAnswers(shape)
  const oracle = createWasmOracle(RACE_SHAPES[shape], epochSeed)
  for (const { host, nonce, digest } of attempts) {
    expect(toHex(oracle.attempt(host, nonce))).toBe(toHex(digest))
  }
})
