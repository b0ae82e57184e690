import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { forge, hypergeometric, threatFigures } from './threat-figures.ts'

const page = readFileSync(new URL('../docs/threats.md', import.meta.url), 'utf8')

describe('the page of threats', () => {
  test.each(threatFigures().map(({ id, text }) => [id, text] as const))('prints %s as it is computed', (id, text) => {
    expect(page).toContain(`\`${id}\` ${text}`)
  })

  test('names no figure that is not computed', () => {
    const known = new Set(threatFigures().map(({ id }) => id))
    const named = [...page.matchAll(/`([a-z]+(?:-[a-z0-9]+)+)` [\d$]/g)].map((match) => match[1] as string)
    expect(named.filter((id) => !known.has(id))).toEqual([])
    expect(new Set(named).size).toBe(known.size)
  })
})

describe('the distributions', () => {
  test('add up, and agree with hand-made cases', () => {
    const sum = Array.from({ length: 6 }, (_, hits) => hypergeometric(50, 5, 10, hits)).reduce((a, b) => a + b, 0)
    expect(sum).toBeCloseTo(1, 9)
    expect(hypergeometric(4, 2, 2, 1)).toBeCloseTo(4 / 6, 9)
    expect(hypergeometric(10, 3, 0, 0)).toBeCloseTo(1, 9)
    expect(hypergeometric(10, 3, 8, 0)).toBe(0)
  })

  test('one forged find is never fraud, all forged always', () => {
    expect(forge(500, 1).convicted).toBeCloseTo(0, 9)
    // Drawn with 100 of 501: removed, and what is left are the right ones.
    expect(forge(500, 1).weight).toBeCloseTo((501 - 100 / 501) / 500, 9)
    expect(forge(0, 60).convicted).toBeCloseTo(1, 9)
  })
})
