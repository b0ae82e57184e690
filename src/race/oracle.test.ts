import { describe, expect, test } from 'vitest'
import { readVectors } from '../../test/support/vectors.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { sha256 } from '../lib/sha256.ts'
import { ForwardPass } from './forward.ts'
import { digestOf, inputStream, weightStream } from './keys.ts'
import { conformanceDigest, knownAnswers } from './known-answers.ts'
import { createRaceModel, layerOffsets } from './model.ts'
import type { RaceOracle } from './oracle.ts'
import { createOracle } from './oracle.ts'
import { layerWeightBytes, RACE_SHAPES } from './shapes.ts'
import { rowLength, stageBytes, stagesOf } from './stages.ts'

interface RaceVectors {
  readonly macs: string
  readonly weightBytes: number
  readonly models: readonly {
    readonly epochSeed: string
    readonly stream: readonly string[]
    readonly firstWeights: string
    readonly weightsSha256: string
  }[]
  readonly cases: readonly {
    readonly epochSeed: string
    readonly host: string
    readonly nonce: string
    readonly inputStream: readonly string[]
    readonly digest: string
    readonly stages: readonly { readonly name: string; readonly head: string; readonly sha256: string }[]
  }[]
}

const dev = RACE_SHAPES.dev
const seed = new Uint8Array(32).fill(11)
const host = new Uint8Array(20).fill(12)
const hexWord = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')

function oracleOf(epochSeed: Uint8Array): RaceOracle {
  return createOracle(createRaceModel(dev, epochSeed))
}

describe('shapes', () => {
  test('keep to their limits, and every dimension fits four- and sixteen-wide kernels', () => {
    expect(Number(dev.macs)).toBeGreaterThan(500_000)
    expect(Number(dev.macs)).toBeLessThan(2_000_000)
    expect(RACE_SHAPES.std.macs).toBeLessThanOrEqual(500_000_000n)
    expect(RACE_SHAPES.std.weightBytes).toBeLessThanOrEqual(32_000_000)
    for (const shape of Object.values(RACE_SHAPES)) {
      expect(shape.width).toBe(shape.heads * shape.headWidth)
      for (const dimension of [shape.width, shape.headWidth, shape.hidden, shape.positions]) {
        expect(Number.isInteger(Math.log2(dimension)) && dimension >= 16).toBe(true)
      }
      expect([shape.width % 64, shape.hidden % 64]).toEqual([0, 0])
      expect(layerOffsets(shape, shape.layers - 1).down + shape.hidden * shape.width).toBe(shape.weightBytes)
      expect(shape.weightBytes).toBe(shape.layers * layerWeightBytes(shape))
    }
  })

  test('count the multiply-accumulates that the pass really makes', () => {
    for (const { macs, layers, width, hidden, positions } of Object.values(RACE_SHAPES)) {
      let counted = 0
      for (let layer = 0; layer < layers; layer++) {
        for (let position = 0; position < positions; position++) {
          const isNeeded = layer < layers - 1 || position === positions - 1
          counted += 2 * width * width
          counted += isNeeded ? width * width + 2 * width * hidden : 0
          // Position 0 attends to itself alone: neither its query nor its score changes anything (skipping.slow.test.ts).
          counted += isNeeded && position > 0 ? width * width + 2 * width * (position + 1) : 0
        }
      }
      expect(macs).toBe(BigInt(counted))
    }
  })
})

describe.each(['dev', 'std'] as const)('vectors of %s', (name) => {
  const vectors = readVectors<RaceVectors>(`race-${name}`)
  const shape = RACE_SHAPES[name]
  const models = new Map(
    vectors.models.map((entry) => [entry.epochSeed, createRaceModel(shape, fromHex(entry.epochSeed))]),
  )

  test('weights and streams', () => {
    expect([shape.macs.toString(), shape.weightBytes]).toEqual([vectors.macs, vectors.weightBytes])
    for (const entry of vectors.models) {
      const weights = new Uint8Array(models.get(entry.epochSeed)?.weights.buffer as ArrayBuffer)
      const stream = weightStream(shape, fromHex(entry.epochSeed))
      expect([stream.key0, stream.key1, stream.lane].map(hexWord)).toEqual(entry.stream)
      expect(toHex(weights.slice(0, 32))).toBe(entry.firstWeights)
      expect(toHex(sha256(weights))).toBe(entry.weightsSha256)
    }
  })

  test('every stage and digest', () => {
    for (const entry of vectors.cases) {
      const model = models.get(entry.epochSeed)
      expect(model).toBeDefined()
      const stream = inputStream(shape, fromHex(entry.epochSeed), fromHex(entry.host))
      expect([stream.key0, stream.key1, stream.lane].map(hexWord)).toEqual(entry.inputStream)
      const trace = createOracle(model as NonNullable<typeof model>).trace(fromHex(entry.host), BigInt(entry.nonce))
      const stages = trace.stages.map(({ stage, bytes }) => ({
        name: stage.name,
        head: toHex(bytes.slice(0, 32)),
        sha256: toHex(sha256(bytes)),
      }))
      expect(stages).toEqual(entry.stages)
      expect(toHex(trace.digest)).toBe(entry.digest)
    }
  })

  test('known answers are among them', () => {
    const known = knownAnswers(name)
    const digests = new Map(
      vectors.cases.map((entry) => [`${entry.epochSeed} ${entry.host} ${entry.nonce}`, entry.digest]),
    )
    for (const attempt of known.attempts) {
      expect(digests.get(`${toHex(known.epochSeed)} ${toHex(attempt.host)} ${attempt.nonce}`)).toBe(
        toHex(attempt.digest),
      )
    }
    expect(conformanceDigest(known.attempts.map((attempt) => attempt.digest))).toHaveLength(32)
  })
})

describe('the oracle', () => {
  test('gives the digest of the definition: SHA-256 over domain, seed, host, nonce and state', () => {
    const model = createRaceModel(dev, seed)
    const oracle = createOracle(model)
    for (const nonce of [0n, 1n, 2n ** 32n, 2n ** 64n - 1n]) {
      const pass = new ForwardPass(model)
      pass.run(inputStream(dev, seed, host), Number(nonce & 0xffffffffn) | 0, Number(nonce >> 32n) | 0)
      const state = pass.hidden.subarray(pass.hidden.length - dev.width)
      expect(oracle.attempt(host, nonce)).toEqual(digestOf(seed, host, nonce, state))
    }
  })

  test('keeps no memory between attempts, hosts and traces', () => {
    const oracle = oracleOf(seed)
    const otherHost = new Uint8Array(20).fill(13)
    const fresh = (owner: Uint8Array, nonce: bigint): Uint8Array => oracleOf(seed).attempt(owner, nonce)
    const order = [host, otherHost, host, host, otherHost]
    for (const [index, owner] of order.entries()) {
      expect(oracle.attempt(owner, BigInt(index))).toEqual(fresh(owner, BigInt(index)))
    }
    expect(oracle.trace(host, 3n).digest).toEqual(oracle.attempt(host, 3n))
    const mutable = Uint8Array.from(host)
    oracle.attempt(mutable, 0n)
    mutable.fill(13)
    expect(oracle.attempt(mutable, 0n)).toEqual(fresh(otherHost, 0n))
  })

  test('depends on shape, seed, host and every bit of the nonce', () => {
    const digests = new Set<string>()
    const oracle = oracleOf(seed)
    digests.add(toHex(oracle.attempt(host, 0n)))
    for (let bit = 0n; bit < 64n; bit++) {
      digests.add(toHex(oracle.attempt(host, 1n << bit)))
    }
    for (let byte = 0; byte < 20; byte++) {
      digests.add(
        toHex(
          oracle.attempt(
            host.map((value, index) => value ^ (index === byte ? 1 : 0)),
            0n,
          ),
        ),
      )
    }
    for (let byte = 0; byte < 32; byte++) {
      digests.add(toHex(oracleOf(seed.map((value, index) => value ^ (index === byte ? 128 : 0))).attempt(host, 0n)))
    }
    expect(digests.size).toBe(1 + 64 + 20 + 32)
    expect(inputStream(dev, seed, host)).not.toEqual(inputStream(RACE_SHAPES.std, seed, host))
    expect(weightStream(dev, seed)).not.toEqual(weightStream(RACE_SHAPES.std, seed))
  })

  test('every output of every matrix matters: none can be left out', () => {
    const model = createRaceModel(dev, seed)
    const oracle = createOracle(model)
    // One nonce may hide a row by chance: an activation that is 0 anyway.
    const expected = [1n, 2n, 3n].map((nonce) => ({ nonce, digest: toHex(oracle.attempt(host, nonce)) }))
    let at = 0
    for (let layer = 0; layer < dev.layers; layer++) {
      const offsets = layerOffsets(dev, layer)
      for (const end = offsets.down + dev.width * dev.hidden; at < end; ) {
        const rowEnd = at + (at < offsets.down ? dev.width : dev.hidden)
        const weights = Int8Array.from(model.weights).fill(0, at, rowEnd)
        const without = createOracle({ ...model, weights })
        const differs = expected.some(({ nonce, digest }) => toHex(without.attempt(host, nonce)) !== digest)
        expect(differs, `row at ${at}`).toBe(true)
        at = rowEnd
      }
    }
    expect(at).toBe(dev.weightBytes)
  })

  test('refuses wrong sizes by code', () => {
    const oracle = oracleOf(seed)
    expect(() => oracle.attempt(new Uint8Array(19), 0n)).toThrow(expect.objectContaining({ code: 'invalid_host' }))
    expect(() => oracle.attempt(host, -1n)).toThrow(expect.objectContaining({ code: 'invalid_nonce' }))
    expect(() => oracle.attempt(host, 1n << 64n)).toThrow(expect.objectContaining({ code: 'invalid_nonce' }))
    const short = new Uint8Array(31)
    expect(() => createRaceModel(dev, short)).toThrow(expect.objectContaining({ code: 'invalid_epoch_seed' }))
  })
})

/** Shannon entropy of a list in bits. */
function entropy(values: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const value of values) {
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return [...counts.values()].reduce(
    (sum, count) => sum - (count / values.length) * Math.log2(count / values.length),
    0,
  )
}

describe('hidden states keep their entropy through all layers', () => {
  const attempts = 200
  const oracle = oracleOf(seed)
  const traces = Array.from({ length: attempts }, (_, nonce) => oracle.trace(host, BigInt(nonce)).stages)

  test.each(stagesOf(dev))('$name: no element is constant, none saturates', ({ name, tensor }) => {
    const index = stagesOf(dev).findIndex((stage) => stage.name === name)
    const states = traces.map((stages) => {
      const bytes = stages[index]?.bytes as Uint8Array
      return tensor === 'hidden' ? new Int32Array(bytes.buffer) : new Int8Array(bytes.buffer)
    })
    const elements = states[0]?.length ?? 0
    let saturated = 0
    for (let element = 0; element < elements; element++) {
      // 200 draws of a wide distribution give about 6.6 bits; a leaky ramp folds half of them.
      const values = states.map((state) => state[element] as number)
      expect(entropy(values), `element ${element}`).toBeGreaterThan(4)
      saturated += tensor === 'hidden' ? 0 : values.filter((value) => Math.abs(value) === 127).length
    }
    expect(saturated).toBeLessThan(attempts * elements * 0.02)
    if (tensor === 'hidden') {
      const largest = Math.max(...states.flatMap((state) => [...state]).map(Math.abs))
      expect(largest).toBeLessThanOrEqual(128 + 2 * dev.layers * 127)
    }
  })
})

test('a stage is cut out of a tensor row by row', () => {
  const tensor = Uint8Array.from({ length: dev.positions * rowLength(dev, 'projected') }, (_, i) => i >> 4)
  const stage = { name: 'x', tensor: 'projected', firstRow: 14, firstColumn: 64, columns: 128 } as const
  const bytes = stageBytes(dev, stage, tensor)
  const row = 3 * dev.width
  expect(bytes).toEqual(
    Uint8Array.from([
      ...tensor.subarray(14 * row + 64, 14 * row + 192),
      ...tensor.subarray(15 * row + 64, 15 * row + 192),
    ]),
  )
})
