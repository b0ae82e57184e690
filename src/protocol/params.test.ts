import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PPM } from '../lib/fixed-point.ts'
import type { Params, Stage } from './params.ts'
import {
  encodeParams,
  epochHeights,
  epochOfHeight,
  LOCAL_PARAMS,
  MAX_EMISSION_PER_EPOCH,
  OPENING_BLOCKS,
  PARAM_BOUNDS,
  PUBLIC_PARAMS,
  RANDOMNESS_DELAY,
  stageOfHeight,
  validateParams,
  weightCapPpm,
} from './params.ts'

/** Parameters with short epochs, so that a test can walk through every height. */
const shortEpochs: fc.Arbitrary<Params> = fc
  .record({
    raceLength: fc.integer({ min: 1, max: 40 }),
    verifyLength: fc.integer({ min: 8, max: 60 }),
    rest: fc.nat(80),
  })
  .map(({ raceLength, verifyLength, rest }) => ({
    ...LOCAL_PARAMS,
    raceLength,
    verifyLength,
    epochLength: raceLength + verifyLength + 2 + rest,
  }))

describe('validateParams', () => {
  test('accepts both networks', () => {
    expect(validateParams(PUBLIC_PARAMS)).toBeUndefined()
    expect(validateParams(LOCAL_PARAMS)).toBeUndefined()
  })

  test('accepts the shortest epoch and nothing shorter', () => {
    const shortest = { ...LOCAL_PARAMS, raceLength: 1, verifyLength: 8, epochLength: 11 }
    expect(validateParams(shortest)).toBeUndefined()
    expect(validateParams({ ...shortest, epochLength: 10 })).toContain('epochLength')
    expect(validateParams({ ...shortest, raceLength: 2 })).toContain('epochLength')
    expect(validateParams({ ...shortest, epochLength: 1_000, verifyLength: 7 })).toContain('verifyLength')
  })

  test.each(Object.entries(PARAM_BOUNDS))('%s stays within its bounds', (field, [least, greatest]) => {
    // Bounds of a length alone: the other lengths leave room or fail with their own name first.
    const roomy: Params = { ...LOCAL_PARAMS, epochLength: 10_000_000 }
    for (const wrong of [least - 1, greatest + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 5n]) {
      expect(validateParams({ ...roomy, [field]: wrong } as Params), String(wrong)).toContain(field)
    }
    if (field !== 'epochLength') {
      expect(validateParams({ ...roomy, [field]: least })).toBeUndefined()
      expect(validateParams({ ...roomy, [field]: greatest })).toBeUndefined()
    }
  })

  test.each<[string, Partial<Params>]>([
    ['emissionPerEpoch', { emissionPerEpoch: -1n }],
    ['emissionPerEpoch', { emissionPerEpoch: MAX_EMISSION_PER_EPOCH + 1n }],
    ['weightedShapes', { weightedShapes: [] }],
    ['weightedShapes', { weightedShapes: ['dev', 'dev'] }],
    ['weightedShapes', { weightedShapes: ['huge'] as never }],
    ['initialTargetLog2', { initialTargetLog2: { dev: 0, std: 250 } }],
    ['initialTargetLog2', { initialTargetLog2: { dev: 254, std: 256 } }],
    ['initialTargetLog2', { initialTargetLog2: { dev: 254 } as never }],
    ['consensus.churnPpm', { consensus: { ...LOCAL_PARAMS.consensus, churnPpm: 100_001 } }],
    ['consensus.jailMissedBlocks', { consensus: { ...LOCAL_PARAMS.consensus, jailMissedBlocks: 61 } }],
  ])('refuses a wrong %s: %o', (field, change) => {
    expect(validateParams({ ...LOCAL_PARAMS, ...change })).toContain(field)
  })
})

describe('encodeParams', () => {
  test('is the same text whatever the order of keys in the object', () => {
    const keys = Object.keys(LOCAL_PARAMS) as (keyof Params)[]
    fc.assert(
      fc.property(fc.shuffledSubarray(keys, { minLength: keys.length }), (order) => {
        const shuffled = Object.fromEntries(order.map((key) => [key, LOCAL_PARAMS[key]])) as unknown as Params
        const { dev, std } = LOCAL_PARAMS.initialTargetLog2
        const turned = { ...shuffled, initialTargetLog2: { std, dev } }
        expect(encodeParams(turned)).toBe(encodeParams(LOCAL_PARAMS))
      }),
    )
  })

  test('leaves out what is no parameter', () => {
    expect(encodeParams({ ...LOCAL_PARAMS, extra: 1 } as Params)).toBe(encodeParams(LOCAL_PARAMS))
  })

  test('the text of the public network', () => {
    expect(encodeParams(PUBLIC_PARAMS)).toBe(
      '{"blockTimeMs":5000,"epochLength":17280,"raceLength":60,"verifyLength":40,"holdEpochs":2,"sampleSize":100,' +
        '"extensionSize":200,"verifiersPerHost":2,"openingPpm":50000,"weightCapPpm":250000,' +
        '"emissionPerEpoch":"323000000000","feePerMessage":"1000","bondPpm":200000,"bondEpochs":5,"weightedShapes":["std"],' +
        '"initialTargetLog2":{"dev":254,"std":242},"serving":{"rosterBlocks":10,"openingBlocks":60,"checkBlocks":60,' +
        '"postBlocks":60,"commitBlocks":60,"revealBlocks":30,"countersignBlocks":20,"checkersPerPoint":1,"arbiters":3,' +
        '"checkFloor":5,"minCheckPpm":10000,"auditPpm":100000,"burnPpm":50000,"checkFeePpm":100000,' +
        '"guaranteePpm":100000,"withdrawEpochs":2,"priceBlocks":12},"consensus":{"churnPpm":50000,"fallPpm":200000,' +
        '"heartbeatBlocks":120,"heartbeatPpm":900000,"jailWindowBlocks":100,"jailMissedBlocks":50,' +
        '"maxPowerSharePpm":1000000,"maxKeys":100}}',
    )
  })
})

describe('heights of an epoch', () => {
  test('an epoch of the local network', () => {
    expect(epochHeights(LOCAL_PARAMS, 3)).toEqual({
      epoch: 3,
      startHeight: 120,
      raceEndHeight: 130,
      sampleHeight: 132,
      rootDeadlineHeight: 139,
      settleHeight: 144,
      closeHeight: 159,
    })
  })

  test('each height has one stage, and the stages follow one another without a gap', () => {
    fc.assert(
      fc.property(shortEpochs, fc.nat(1_000_000), (params, epoch) => {
        expect(validateParams(params)).toBeUndefined()
        const heights = epochHeights(params, epoch)
        const stages: Stage[] = []
        for (let height = heights.startHeight; height <= heights.closeHeight; height++) {
          expect(epochOfHeight(params, height)).toBe(epoch)
          stages.push(stageOfHeight(params, height))
        }
        const { raceLength, verifyLength, epochLength } = params
        const times = (stage: Stage, count: number): Stage[] => Array.from({ length: count }, () => stage)
        expect(stages).toEqual([
          'seeding',
          ...times('race', raceLength),
          ...times('verify', verifyLength),
          ...times('serve', epochLength - 1 - raceLength - verifyLength),
        ])
        expect(stages.at(-1)).toBe('serve')
        expect(stageOfHeight(params, heights.closeHeight + 1)).toBe('seeding')
        expect(epochHeights(params, epoch + 1).startHeight).toBe(heights.closeHeight + 1)
      }),
    )
  })

  test('the deadlines of a race stand in their order, with the promised time between them', () => {
    fc.assert(
      fc.property(shortEpochs, fc.nat(1_000_000), (params, epoch) => {
        const heights = epochHeights(params, epoch)
        expect(heights.raceEndHeight).toBe(heights.startHeight + params.raceLength)
        expect(heights.sampleHeight).toBe(heights.raceEndHeight + RANDOMNESS_DELAY)
        // At least one block takes roots after the draw.
        expect(heights.rootDeadlineHeight).toBeGreaterThan(heights.sampleHeight)
        // The randomness that opens a root posted in the last moment leaves the promised blocks for openings.
        expect(heights.settleHeight - (heights.rootDeadlineHeight + RANDOMNESS_DELAY)).toBe(OPENING_BLOCKS)
        expect(heights.closeHeight).toBeGreaterThan(heights.settleHeight)
      }),
    )
  })
})

test('the cap of one host is a quarter, or an equal share where hosts are few', () => {
  expect([0, 1, 2, 3, 4, 5, 1_000].map((hosts) => weightCapPpm(LOCAL_PARAMS, hosts))).toEqual([
    PPM,
    PPM,
    500_000n,
    333_334n,
    250_000n,
    250_000n,
    250_000n,
  ])
})
