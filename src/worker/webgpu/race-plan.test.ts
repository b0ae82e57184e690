import { describe, expect, test } from 'vitest'
import type { RaceShape } from '../../race/shapes.ts'
import { RACE_SHAPES } from '../../race/shapes.ts'
import { stagesOf } from '../../race/stages.ts'
import { kernelSources } from './race-kernels.ts'
import { planRace } from './race-plan.ts'
import type { RaceTuning, TuningFacts } from './race-tuning.ts'
import { groupColumnsOf, plainTuning, tuningName, tuningsFor } from './race-tuning.ts'

const FACTS: readonly TuningFacts[] = [true, false].flatMap((isSoftware) =>
  [true, false].flatMap((hasSubgroups) =>
    [true, false].map((hasDot4) => ({
      isSoftware,
      hasSubgroups,
      hasDot4,
      workgroupStorageBytes: 16_384,
      workgroupInvocations: 256,
    })),
  ),
)

const CASES: readonly (readonly [RaceShape, TuningFacts])[] = Object.values(RACE_SHAPES).flatMap((shape) =>
  FACTS.map((facts) => [shape, facts] as const),
)

function forEachTuning(check: (shape: RaceShape, tuning: RaceTuning, facts: TuningFacts) => void): void {
  for (const [shape, facts] of CASES) {
    for (const tuning of tuningsFor(facts, shape)) {
      check(shape, tuning, facts)
    }
  }
}

describe('tunings', () => {
  test('are bounded, named apart, and ask for nothing that the device lacks', () => {
    for (const [shape, facts] of CASES) {
      const names = tuningsFor(facts, shape).map(tuningName)
      expect(names.length).toBeLessThanOrEqual(12)
      expect(new Set(names).size).toBe(names.length)
    }
    forEachTuning((shape, tuning, facts) => {
      const code = Object.values(kernelSources(shape, tuning)).map((source) => source.code)
      expect(code.some((text) => text.includes('enable subgroups') && !facts.hasSubgroups)).toBe(false)
      expect(code.some((text) => text.includes('dot4I8Packed') && !facts.hasDot4)).toBe(false)
    })
  })

  test('keep within the smallest workgroup of WebGPU, and where it is smaller still, one of them is left', () => {
    forEachTuning((shape, tuning) => {
      const columns = groupColumnsOf(tuning, shape.width)
      expect(columns * tuning.groupRows).toBeLessThanOrEqual(256)
      expect(shape.width % (columns * tuning.tileColumns)).toBe(0)
    })
    const tiny = { ...FACTS[0], workgroupInvocations: 4, workgroupStorageBytes: 64 } as TuningFacts
    expect(tuningsFor(tiny, RACE_SHAPES.dev)).toEqual([plainTuning(tiny)])
  })
})

describe('the calls of a batch', () => {
  test('complete every stage of the pass once and in its order', () => {
    forEachTuning((shape, tuning) => {
      const stages = planRace(shape, tuning).flatMap((pass) => pass.flatMap((call) => call.stages))
      expect(stages, tuningName(tuning)).toEqual(stagesOf(shape).map((stage) => stage.name))
    })
  })

  test('cover every row of any batch, in dispatches that WebGPU allows', () => {
    forEachTuning((shape, tuning) => {
      for (const attempts of [1, 7, 4096]) {
        for (const { kernel, parameters, workgroups } of planRace(shape, tuning).flat()) {
          const [x, y] = workgroups(attempts)
          expect(Math.min(x, y)).toBeGreaterThanOrEqual(1)
          expect(Number.isInteger(x) && Number.isInteger(y)).toBe(true)
          if (kernel === 'multiply') {
            const rows = attempts * parameters.rowsPerAttempt
            expect(y * tuning.tileRows * tuning.groupRows).toBeGreaterThanOrEqual(rows)
          }
        }
      }
    })
  })

  test('read the matrices at whole panels of their weights', () => {
    forEachTuning((shape, tuning) => {
      for (const { kernel, parameters } of planRace(shape, tuning).flat()) {
        if (kernel.startsWith('multiply')) {
          const panelVectors = 4 * tuning.tileColumns * parameters.rowVectors
          expect((parameters.weightBase * 16) % 16).toBe(0)
          const layer = (shape.width * (4 * shape.width + 2 * shape.hidden)) / 16
          expect((parameters.weightBase % layer) % panelVectors).toBe(0)
        }
      }
    })
  })
})
