import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readVectors } from '../../test/support/vectors.ts'
import { bigintToBytes, bytesToBigint, fromHex, toHex } from '../lib/bytes.ts'
import { sha256 } from '../lib/sha256.ts'
import { isFind } from './find.ts'
import type { RaceModel } from './model.ts'
import { createRaceModel } from './model.ts'
import type { RaceOracle } from './oracle.ts'
import { createOracle } from './oracle.ts'
import type { ShapeName } from './shapes.ts'
import { RACE_SHAPES } from './shapes.ts'
import { MAX_WASM_BATCH } from './wasm/instance.ts'
import { createFastOracle, createWasmOracle, createWasmOracleOf, MOST_INSTANCES, wasmMemory } from './wasm-oracle.ts'

interface RaceVectors {
  readonly cases: readonly {
    readonly epochSeed: string
    readonly host: string
    readonly nonce: string
    readonly digest: string
    readonly stages: readonly { readonly name: string; readonly head: string; readonly sha256: string }[]
  }[]
}

const { dev, std } = RACE_SHAPES
const seed = new Uint8Array(32).fill(21)
const host = new Uint8Array(20).fill(22)
const EVERY = new Uint8Array(32).fill(0xff)
const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes))

type Trace = ReturnType<RaceOracle['trace']>

function firstDifference(actual: Trace, expected: Trace): string | undefined {
  for (const [index, { stage, bytes }] of expected.stages.entries()) {
    const seen = actual.stages[index]
    if (seen?.stage.name !== stage.name || toHex(seen.bytes) !== toHex(bytes)) {
      return stage.name
    }
  }
  return toHex(actual.digest) === toHex(expected.digest) ? undefined : 'digest'
}

test.each<ShapeName>(['dev', 'std'])('gives every stage and digest of the vectors of %s', (name) => {
  const { cases } = readVectors<RaceVectors>(`race-${name}`)
  expect(cases.length).toBeGreaterThan(0)
  for (const entry of cases) {
    const oracle = createWasmOracle(RACE_SHAPES[name], fromHex(entry.epochSeed))
    const trace = oracle.trace(fromHex(entry.host), BigInt(entry.nonce))
    const stages = trace.stages.map(({ stage, bytes }) => ({
      name: stage.name,
      head: toHex(bytes.slice(0, 32)),
      sha256: toHex(sha256(bytes)),
    }))
    expect(stages).toEqual(entry.stages)
    expect(toHex(trace.digest)).toBe(entry.digest)
    expect(toHex(oracle.attempt(fromHex(entry.host), BigInt(entry.nonce)))).toBe(entry.digest)
  }
})

describe('equal to the reference', () => {
  test.each([1, 2, 3, 4, 5, 7, 61])('on random seeds, hosts and nonces, %i side by side', (count) => {
    const epochSeed = random(32)
    const owner = random(20)
    const reference = createOracle(createRaceModel(dev, epochSeed))
    const nonces = crypto.getRandomValues(new BigUint64Array(count))
    const found = createWasmOracle(dev, epochSeed).search(owner, EVERY, nonces)
    expect(found, `seed ${toHex(epochSeed)} host ${toHex(owner)}`).toEqual(
      [...nonces].map((nonce) => ({ nonce, digest: reference.attempt(owner, nonce) })),
    )
  })

  test('on a random attempt of std, stage by stage', () => {
    const epochSeed = random(32)
    const owner = random(20)
    const reference = createOracle(createRaceModel(std, epochSeed))
    expect(
      firstDifference(createWasmOracle(std, epochSeed).trace(owner, 5n), reference.trace(owner, 5n)),
    ).toBeUndefined()
  })

  /** Signs that never cancel: sums as large as int8 weights can make them, in both directions. */
  const extremes: Readonly<Record<string, (index: number) => number>> = {
    'all −128': () => -128,
    'all 127': () => 127,
    'all 0': () => 0,
    'rows of −128 and 127': (index) => ((index >> 6) & 1 ? 127 : -128),
    'columns of −128 and 127': (index) => (index & 1 ? 127 : -128),
  }
  const modelOf = (name: ShapeName, weight: (index: number) => number): RaceModel => {
    const shape = RACE_SHAPES[name]
    return { shape, epochSeed: seed, weights: Int8Array.from({ length: shape.weightBytes }, (_, i) => weight(i)) }
  }

  test.each(Object.entries(extremes))('with weights %s', (_, weight) => {
    const model = modelOf('dev', weight)
    const oracle = createWasmOracleOf(model)
    const reference = createOracle(model)
    for (let nonce = 0n; nonce < 8n; nonce++) {
      expect(firstDifference(oracle.trace(host, nonce), reference.trace(host, nonce))).toBeUndefined()
    }
    const nonces = BigUint64Array.from({ length: 8 }, (_, i) => BigInt(i))
    const digests = [...nonces].map((nonce) => reference.attempt(host, nonce))
    expect(oracle.search(host, EVERY, nonces).map((find) => find.digest)).toEqual(digests)
  })

  test('with weights that drive std to the largest sum there is: 1,024 activations of ±127 with weights of −128', () => {
    const model = modelOf('std', () => -128)
    const expected = createOracle(model).trace(host, 1n)
    expect(firstDifference(createWasmOracleOf(model).trace(host, 1n), expected)).toBeUndefined()
    const hidden = expected.stages.find(({ stage }) => stage.name === 'layer0.feed-hidden')?.bytes as Uint8Array
    const rows = Array.from({ length: std.positions }, (_, row) => hidden.subarray(row * 1024, (row + 1) * 1024))
    expect(rows.some((row) => row.every((value) => value === 127))).toBe(true)
  })
})

describe('a search', () => {
  const oracle = createWasmOracle(dev, seed)

  test('finds what lies under the target and nothing else, beyond one call of the module', () => {
    const nonces = BigUint64Array.from({ length: MAX_WASM_BATCH + 37 }, (_, i) => BigInt.asUintN(64, BigInt(i) - 500n))
    const all = oracle.search(host, EVERY, nonces)
    expect(all.map((find) => find.nonce)).toEqual([...nonces])
    for (const first of [0x01, 0x7f, 0x80, 0xf0]) {
      const target = new Uint8Array(32)
      target[0] = first
      const expected = all.filter((find) => isFind(find.digest, target))
      expect(expected.length).toBeGreaterThan(0)
      expect(oracle.search(host, target, nonces)).toEqual(expected)
    }
  })

  test('compares all 256 bits: the digest itself is no find, one more is', () => {
    const nonces = BigUint64Array.of(3n)
    const digest = oracle.attempt(host, 3n)
    const value = bytesToBigint(digest)
    expect(oracle.search(host, digest, nonces)).toEqual([])
    expect(oracle.search(host, bigintToBytes(value - 1n, 32), nonces)).toEqual([])
    expect(oracle.search(host, bigintToBytes(value + 1n, 32), nonces)).toEqual([{ nonce: 3n, digest }])
  })

  test('of nothing finds nothing', () => {
    expect(oracle.search(host, EVERY, new BigUint64Array(0))).toEqual([])
  })
})

describe('instances', () => {
  test('of 1,000 models: no more than the few that may be, and oracles stay right whose weights were displaced', () => {
    const seedOf = (index: number): Uint8Array => Uint8Array.of(index & 255, index >> 8, ...new Uint8Array(30))
    const first = createWasmOracle(dev, seedOf(0))
    const digest = first.attempt(host, 1n)
    const digests = new Set<string>()
    const before = wasmMemory()
    for (let index = 0; index < 1000; index++) {
      digests.add(toHex(createWasmOracle(dev, seedOf(index)).attempt(host, 1n)))
    }
    expect(digests.size).toBe(1000)
    const after = wasmMemory()
    expect(after.instances).toBeLessThanOrEqual(MOST_INSTANCES.dev + MOST_INSTANCES.std)
    expect(after.bytes - before.bytes).toBeLessThanOrEqual(MOST_INSTANCES.dev * 512 * 1024)
    expect(first.attempt(host, 1n)).toEqual(digest)
  })

  test('are shared by oracles of one model, each with its own host', () => {
    const one = createWasmOracle(dev, seed)
    const before = wasmMemory().instances
    const other = createWasmOracle(dev, Uint8Array.from(seed))
    expect(wasmMemory().instances).toBe(before)
    const reference = createOracle(createRaceModel(dev, seed))
    const otherHost = new Uint8Array(20).fill(23)
    for (let nonce = 0n; nonce < 4n; nonce++) {
      expect(one.attempt(host, nonce)).toEqual(reference.attempt(host, nonce))
      expect(other.attempt(otherHost, nonce)).toEqual(reference.attempt(otherHost, nonce))
    }
  })
})

test('refuses wrong sizes by code', () => {
  const oracle = createWasmOracle(dev, seed)
  const code = (value: string): unknown => expect.objectContaining({ code: value })
  expect(() => oracle.attempt(new Uint8Array(19), 0n)).toThrow(code('invalid_host') as Error)
  expect(() => oracle.attempt(host, -1n)).toThrow(code('invalid_nonce') as Error)
  expect(() => oracle.trace(host, 1n << 64n)).toThrow(code('invalid_nonce') as Error)
  expect(() => oracle.search(host, new Uint8Array(31), new BigUint64Array(1))).toThrow(code('invalid_target') as Error)
  expect(() => createWasmOracle(dev, new Uint8Array(31))).toThrow(code('invalid_epoch_seed') as Error)
  expect(() => createFastOracle(dev, new Uint8Array(31))).toThrow(code('invalid_epoch_seed') as Error)
})

test('without WebAssembly the fast oracle is the reference, and the other one says so', () => {
  const script = `
    const { createFastOracle, createWasmOracle } = await import(${JSON.stringify(new URL('./wasm-oracle.ts', import.meta.url).href)})
    const { RACE_SHAPES } = await import(${JSON.stringify(new URL('./shapes.ts', import.meta.url).href)})
    delete globalThis.WebAssembly
    const seed = new Uint8Array(32).fill(21)
    const digest = createFastOracle(RACE_SHAPES.dev, seed).attempt(new Uint8Array(20).fill(22), 3n)
    let code
    try { createWasmOracle(RACE_SHAPES.dev, seed) } catch (error) { code = error.code }
    console.log(JSON.stringify({ code, digest: Buffer.from(digest).toString('hex') }))`
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
  })
  expect(JSON.parse(run.stdout || run.stderr)).toEqual({
    code: 'no_wasm_simd',
    digest: toHex(createWasmOracle(dev, seed).attempt(host, 3n)),
  })
})
