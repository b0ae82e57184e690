import { expect, test } from 'vitest'
import { createRaceModel } from '../../src/race/model.ts'
import { createOracle } from '../../src/race/oracle.ts'
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import { CpuBackend } from '../../src/worker/cpu-backend.ts'
import type { RaceBackend } from '../../src/worker/race-engine.ts'
import { faultsOf } from './compare.ts'

const model = createRaceModel(RACE_SHAPES.dev, new Uint8Array(32).fill(1))
const oracle = createOracle(model)
const host = new Uint8Array(20).fill(2)

async function startBackend(): Promise<CpuBackend> {
  const backend = new CpuBackend(model)
  await backend.start()
  return backend
}

test('a backend that computes like the oracle has no faults, in batches of any size', async () => {
  const backend = await startBackend()
  for (const attempts of [1, 2, 9]) {
    expect(await faultsOf(backend, host, attempts, [oracle, undefined])).toEqual([])
  }
})

test('one flipped bit in the last digest of a batch is named, and so is a find that is missing', async () => {
  const backend = await startBackend()
  const changed = (change: (found: Awaited<ReturnType<RaceBackend['run']>>) => typeof found): RaceBackend =>
    ({ kind: 'cpu', model, run: async (batch: never) => change(await backend.run(batch)) }) as unknown as RaceBackend
  const flipping = changed((found) => {
    const digest = found.at(-1)?.digest
    if (digest !== undefined) digest[31] = (digest[31] ?? 0) ^ 1
    return found
  })
  expect(await faultsOf(flipping, host, 9, [oracle, undefined])).toEqual([
    'dev: attempt 8 of a batch differs on WebGPU',
  ])
  const losing = changed((found) => found.slice(0, -1))
  expect(await faultsOf(losing, host, 9, [oracle, undefined])).toContain('dev: 8 finds of 9')
})

test('a WebAssembly oracle that differs is named', async () => {
  const lying = { ...oracle, attempt: () => new Uint8Array(32) }
  const faults = await faultsOf(await startBackend(), host, 1, [oracle, lying])
  expect(faults).toContain('dev: attempt 0 of a batch differs on the WebAssembly oracle')
})
