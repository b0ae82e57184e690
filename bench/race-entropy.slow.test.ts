/** The table of docs/race.md says what an attempt keeps in bits: it is measured again here, over as many attempts or nearly so. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ShapeName } from '../src/race/shapes.ts'
import { RACE_SHAPES } from '../src/race/shapes.ts'
import { measureEntropy, summarise } from './race-entropy.ts'

const page = readFileSync(new URL('../docs/race.md', import.meta.url), 'utf8')

/** Bits that the page gives to a kind of stage. */
function pageBits(kind: string, shape: ShapeName): number {
  const cells = page
    .split('\n')
    .find((line) => line.startsWith(`| ${kind} | `))
    ?.split('|')
  return Number(cells?.[shape === 'dev' ? 2 : 3])
}

describe.each([
  ['dev', 500],
  ['std', 60],
] as const)('%s, %i attempts', (shape, attempts) => {
  test('every stage of every layer keeps the entropy that the page gives it, and hardly saturates', () => {
    const rows = measureEntropy(RACE_SHAPES[shape], attempts)
    for (const { name, collisionBits } of summarise(rows)) {
      expect(Math.abs(collisionBits - pageBits(name, shape)), name).toBeLessThan(0.1)
    }
    for (const { name, collisionBits, saturated, largest } of rows) {
      expect(collisionBits, name).toBeGreaterThan(5)
      expect(saturated, name).toBeLessThan(0.001)
      expect(largest, name).toBeLessThanOrEqual(128 + 254 * RACE_SHAPES[shape].layers)
    }
    // The residual of the last layer is no poorer than that of the first.
    const residuals = rows.filter(({ name }) => name.endsWith('feed-residual')).map((row) => row.collisionBits)
    expect(residuals.at(-2)).toBeGreaterThanOrEqual(residuals[0] ?? 0)
  })
})
