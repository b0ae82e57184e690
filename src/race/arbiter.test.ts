import { expect, test } from 'vitest'
import type { Claimant } from './arbiter.ts'
import { createArbiter } from './arbiter.ts'
import type { RaceOracle } from './oracle.ts'

const host = new Uint8Array(20)

function counted(mark: number, calls: number[]): RaceOracle {
  const answer = (): Uint8Array => {
    calls.push(mark)
    return new Uint8Array(32).fill(mark)
  }
  return { attempt: answer, trace: () => ({ stages: [], digest: answer() }) }
}

const FAST = 1
const REFERENCE = 2

function arbiterOf(shape: 'dev' | 'std', claimant: () => Claimant): { oracle: RaceOracle; calls: number[] } {
  const calls: number[] = []
  const reference = counted(REFERENCE, calls)
  const oracle = createArbiter({ shape, fast: counted(FAST, calls), reference: () => reference, claimant })
  return { oracle, calls }
}

test('what a GPU claims is recomputed by the fast oracle', () => {
  const { oracle, calls } = arbiterOf('dev', () => 'webgpu')
  for (let nonce = 0n; nonce < 40n; nonce++) {
    expect(oracle.attempt(host, nonce)[0]).toBe(FAST)
  }
  expect(calls).toHaveLength(40)
})

test.each([
  ['dev', 16],
  ['std', 128],
] as const)('of what the CPU claims at %s the first and every %ith goes to the reference', (shape, every) => {
  const { oracle, calls } = arbiterOf(shape, () => 'cpu')
  for (let nonce = 0; nonce < 2 * every + 1; nonce++) {
    oracle.attempt(host, BigInt(nonce))
  }
  const byReference = [...calls.keys()].filter((index) => calls[index] === REFERENCE)
  expect(byReference).toEqual([0, every, 2 * every])
})

test('a race that moves from a lost GPU to the CPU has its first claim there recomputed by the reference', () => {
  let kind: Claimant = 'webgpu'
  const { oracle, calls } = arbiterOf('dev', () => kind)
  oracle.attempt(host, 0n)
  kind = 'cpu'
  oracle.attempt(host, 1n)
  oracle.attempt(host, 2n)
  expect(calls).toEqual([FAST, REFERENCE, FAST])
})
