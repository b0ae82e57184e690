import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConsensusParams } from './consensus/consensus-params.ts'
import { CONSENSUS_PARAM_BOUNDS, CONSENSUS_PARAM_NAMES } from './consensus/consensus-params.ts'
import type { Params } from './params.ts'
import { encodeParams, LOCAL_PARAMS, PUBLIC_PARAMS, SHAPE_NAMES, validateParams } from './params.ts'
import { decodeParams, paramsFromJson } from './params-codec.ts'
import type { ServingParams } from './work/serving-params.ts'
import { SERVING_PARAM_BOUNDS, SERVING_PARAM_NAMES } from './work/serving-params.ts'

const malformed = expect.objectContaining({ code: 'malformed_params' })
const ppm = fc.integer({ min: 1, max: 1_000_000 })

const anyParams: fc.Arbitrary<Params> = fc.record(
  {
    blockTimeMs: fc.integer({ min: 1, max: 600_000 }),
    epochLength: fc.integer({ min: 300, max: 10_000_000 }),
    raceLength: fc.integer({ min: 1, max: 100 }),
    verifyLength: fc.integer({ min: 8, max: 100 }),
    holdEpochs: fc.integer({ min: 1, max: 1_000 }),
    sampleSize: fc.integer({ min: 1, max: 10_000 }),
    extensionSize: fc.integer({ min: 1, max: 10_000 }),
    verifiersPerHost: fc.integer({ min: 1, max: 64 }),
    openingPpm: ppm,
    weightCapPpm: ppm,
    emissionPerEpoch: fc.bigInt({ min: 0n, max: 10n ** 18n }),
    feePerMessage: fc.bigInt({ min: 0n, max: 1_000_000n }),
    bondPpm: ppm,
    bondEpochs: fc.nat(1_000_000),
    weightedShapes: fc.shuffledSubarray([...SHAPE_NAMES], { minLength: 1 }),
    initialTargetLog2: fc.record(
      { dev: fc.integer({ min: 1, max: 255 }), std: fc.integer({ min: 1, max: 255 }) },
      { noNullPrototype: true },
    ),
    serving: fc.record(
      Object.fromEntries(
        SERVING_PARAM_NAMES.map((name) => [
          name,
          fc.integer({ min: SERVING_PARAM_BOUNDS[name][0], max: SERVING_PARAM_BOUNDS[name][1] }),
        ]),
      ) as Record<keyof ServingParams, fc.Arbitrary<number>>,
      { noNullPrototype: true },
    ),
    consensus: fc
      .record(
        Object.fromEntries(
          CONSENSUS_PARAM_NAMES.map((name) => [
            name,
            fc.integer({ min: CONSENSUS_PARAM_BOUNDS[name][0], max: CONSENSUS_PARAM_BOUNDS[name][1] }),
          ]),
        ) as Record<keyof ConsensusParams, fc.Arbitrary<number>>,
        { noNullPrototype: true },
      )
      .map((params) => ({ ...params, jailMissedBlocks: Math.min(params.jailMissedBlocks, params.jailWindowBlocks) })),
  },
  { noNullPrototype: true },
)

describe('decodeParams', () => {
  test('inverts encodeParams', () => {
    fc.assert(
      fc.property(anyParams, (params) => {
        expect(validateParams(params)).toBeUndefined()
        expect(decodeParams(encodeParams(params))).toEqual(params)
      }),
    )
  })

  test('key order and spaces are free', () => {
    const spaced = JSON.stringify(
      Object.fromEntries(Object.entries(JSON.parse(encodeParams(PUBLIC_PARAMS))).reverse()),
      null,
      2,
    )
    expect(decodeParams(spaced)).toEqual(PUBLIC_PARAMS)
  })

  test.each(Object.keys(PUBLIC_PARAMS))('%s is needed, of its type and within bounds', (key) => {
    const { [key]: _dropped, ...without } = JSON.parse(encodeParams(LOCAL_PARAMS)) as Record<string, unknown>
    expect(() => paramsFromJson(without)).toThrow(malformed)
    expect(() => paramsFromJson({ ...without, other: 1 })).toThrow(malformed)
    for (const wrong of [null, true, '', 'x', '-1', '007', -1, 0.5, 1e300, [], [[]], ['huge'], {}, { dev: 1 }]) {
      expect(() => paramsFromJson({ ...without, [key]: wrong }), JSON.stringify(wrong)).toThrow(malformed)
    }
  })

  test('refuses keys that it does not know, on both levels', () => {
    const value = JSON.parse(encodeParams(LOCAL_PARAMS))
    expect(() => paramsFromJson({ ...value, extra: 1 })).toThrow(malformed)
    expect(() => paramsFromJson({ ...value, initialTargetLog2: { dev: 254, std: 254, huge: 1 } })).toThrow(malformed)
  })

  test('a key from the prototype does not count', () => {
    const { blockTimeMs, ...rest } = JSON.parse(encodeParams(LOCAL_PARAMS)) as Record<string, unknown>
    const inherited = Object.assign(Object.create({ blockTimeMs }), rest, { other: 1 })
    expect(() => paramsFromJson(inherited)).toThrow(malformed)
  })

  test('refuses what is too long before it parses it', () => {
    expect(() => decodeParams(`${encodeParams(LOCAL_PARAMS)}${' '.repeat(8_192)}`)).toThrow(malformed)
  })

  test('any text gives parameters that a chain can run on, or malformed_params', () => {
    const encoded = encodeParams(LOCAL_PARAMS)
    const bent = fc
      .tuple(
        fc.nat(encoded.length),
        fc.nat(20),
        fc.oneof(fc.constantFrom('0', '-', '9e9', 'null', '"', '[', '}'), fc.string()),
      )
      .map(([at, cut, insert]) => encoded.slice(0, at) + insert + encoded.slice(at + cut))
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), bent), (text) => {
        let params: Params
        try {
          params = decodeParams(text)
        } catch (error) {
          expect(error).toEqual(malformed)
          return
        }
        expect(validateParams(params)).toBeUndefined()
        expect(decodeParams(encodeParams(params))).toEqual(params)
      }),
      { numRuns: 500 },
    )
  })
})
