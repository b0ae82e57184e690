/** No host and no visible property of a nonce has more finds than another: there is nothing to choose before the pass is complete. */
import { expect, test } from 'vitest'
import { sha256 } from '../lib/sha256.ts'
import { isFind, MAX_TARGET, targetToBytes } from './find.ts'
import { createRaceModel } from './model.ts'
import type { TracedStage } from './oracle.ts'
import { createOracle } from './oracle.ts'
import { RACE_SHAPES } from './shapes.ts'

const HOSTS = 48
const NONCES = 48
const dev = RACE_SHAPES.dev
const target = targetToBytes(MAX_TARGET)

interface Attempt {
  readonly host: number
  readonly find: boolean
  /** Sum of the inputs, and of the query of the first layer: what a filter would see first. */
  readonly inputSum: number
  readonly querySum: number
}

const sumOf = (values: Iterable<number>): number => [...values].reduce((sum, value) => sum + value, 0)

function attempts(): Attempt[] {
  const oracle = createOracle(createRaceModel(dev, new Uint8Array(32).fill(21)))
  return Array.from({ length: HOSTS * NONCES }, (_, index) => {
    const host = Math.floor(index / NONCES)
    const { stages, digest } = oracle.trace(sha256(Uint8Array.of(host)).slice(0, 20), BigInt(index % NONCES))
    const bytes = (stage: number): ArrayBuffer => (stages[stage] as TracedStage).bytes.buffer as ArrayBuffer
    return {
      host,
      find: isFind(digest, target),
      inputSum: sumOf(new Int32Array(bytes(0))),
      querySum: sumOf(new Int8Array(bytes(2))),
    }
  })
}

const all = attempts()
const findsAmong = (some: readonly Attempt[]): number => some.filter(({ find }) => find).length
/** Distance of the number of finds from one half of the attempts, in σ. */
const deviation = (some: readonly Attempt[]): number =>
  (findsAmong(some) - some.length / 2) / Math.sqrt(some.length / 4)

test('half of all attempts are finds at a target of one half, whoever makes them', () => {
  expect(Math.abs(deviation(all))).toBeLessThan(3)
  const byHost = Array.from({ length: HOSTS }, (_, host) => deviation(all.filter((attempt) => attempt.host === host)))
  // χ² with 48 degrees of freedom: mean 48, σ = √96.
  const chiSquare = sumOf(byHost.map((one) => one * one))
  expect(Math.abs(chiSquare - HOSTS) / Math.sqrt(2 * HOSTS)).toBeLessThan(3)
})

test.each([
  ['inputs', 'inputSum'],
  ['first query', 'querySum'],
] as const)('what the %s sum up to does not tell a find', (_name, property) => {
  const sorted = [...all].sort((a, b) => a[property] - b[property])
  for (let quarter = 0; quarter < 4; quarter++) {
    const from = (quarter * sorted.length) / 4
    expect(Math.abs(deviation(sorted.slice(from, from + sorted.length / 4)))).toBeLessThan(3)
  }
})
