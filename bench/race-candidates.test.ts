import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DEVICES, dp4aTmacs, nativeTmacs } from './candidates/devices.ts'
import { agreement } from './candidates/figures.ts'
import { CachePrototype, createTablePrototype } from './candidates/prototypes.ts'
import { ASSUMED, cacheCosts, DENSE, rereadGBs } from './candidates/rooflines.ts'
import { candidateFigures } from './race-candidates.ts'

const note = readFileSync(new URL('../docs/decisions/0016-what-a-race-measures.md', import.meta.url), 'utf8')
const deviceNamed = (name: string): (typeof DEVICES)[number] =>
  DEVICES.find((device) => device.name === name) as (typeof DEVICES)[number]

describe('the device table', () => {
  test('has twenty devices and more of all four vendors, each with its source', () => {
    expect(DEVICES.length).toBeGreaterThanOrEqual(20)
    expect(new Set(DEVICES.map(({ vendor }) => vendor)).size).toBe(4)
    expect(new Set(DEVICES.map(({ name }) => name)).size).toBe(DEVICES.length)
    expect(DEVICES.every(({ source }) => source.length > 0)).toBe(true)
    expect(note).toContain(`${DEVICES.length} devices`)
  })

  test('derives the dp4a rate that others measured on an RTX 4060, at its clock in that run', () => {
    const card = deviceNamed('RTX 4060')
    // 34.8 TOPS at about 2.8 GHz, where the published boost clock is 2.46.
    expect(dp4aTmacs({ ...card, clockGhz: 2.83 })).toBeCloseTo(17.4, 1)
    expect(DEVICES.every((device) => nativeTmacs(device) >= dp4aTmacs(device))).toBe(true)
  })
})

describe('the model', () => {
  test('agreement is 1 for proportional weights, and says who is favoured', () => {
    const pairs = [1, 2, 4].map((tokens) => ({ name: `t${tokens}`, weight: 3 * tokens, tokens }))
    expect(agreement(pairs).correlation).toBeCloseTo(1)
    const [first, ...rest] = pairs
    const favoured = agreement([{ ...(first as (typeof pairs)[number]), weight: 24 }, ...rest])
    expect(favoured.most).toEqual({ name: 't1', factor: expect.closeTo(4) })
    expect(favoured.least.factor).toBeCloseTo(0.5)
  })

  test('a dense attempt is bound by arithmetic alone; a cache is read at memory speed only where it leaves the chip', () => {
    const card = deviceNamed('RTX 4090')
    expect(DENSE.rate(card, 'wgsl')).toBeCloseTo((0.6 * dp4aTmacs(card) * 1e12) / 490_087_424)
    const memory = ASSUMED.streaming.wgsl * card.bandwidthGBs
    expect(rereadGBs(card, 'wgsl', 40)).toBeGreaterThan(3 * memory)
    expect(rereadGBs(card, 'wgsl', 5_000)).toBeLessThan(1.02 * memory)
    expect(rereadGBs(card, 'native', 1)).toBeGreaterThan(4 * rereadGBs(card, 'wgsl', 1))
  })

  test('the working models are functions of the nonce, and the table needs no table', () => {
    const shape = { layers: 2, width: 64, prefix: 16, steps: 2 }
    const cache = new CachePrototype(shape)
    const first = [...cache.build(1).state, ...cache.step(2).state]
    expect([...cache.build(2).state, ...cache.step(2).state]).not.toEqual(first)
    expect([...cache.build(1).state, ...cache.step(2).state]).toEqual(first)
    expect(cacheCosts(shape).cacheBytes).toBe(2 * 2 * 64 * 16)
    const items = 64
    const tables = createTablePrototype(items)
    const stored = new Int8Array(items * 512)
    for (let index = 0; index < items; index++) {
      tables.item(index, stored.subarray(index * 512, (index + 1) * 512))
    }
    expect([...tables.attempt(7, 20, stored).state]).toEqual([...tables.attempt(7, 20).state])
    expect([...tables.attempt(8, 20, stored).state]).not.toEqual([...tables.attempt(7, 20).state])
  })
})

test.each(candidateFigures().map((figures) => [figures.name, figures] as const))(
  'the note says of %s what the program says',
  (name, figures) => {
    const { advantage, roofline, mixed, measured, check } = figures
    const range = ({ correlation, most, least }: typeof roofline): string =>
      `${correlation.toFixed(2)}, ${most.factor.toFixed(1)} … ${least.factor.toFixed(2)}`
    const percent = (share: number): string =>
      `${Number((100 * share).toPrecision(2)).toLocaleString('en', { maximumFractionDigits: 9, minimumSignificantDigits: 2 })} %`
    const cells = [
      name,
      `${advantage.median.toFixed(1)}, ${advantage.most.toFixed(1)}`,
      range(roofline),
      range(mixed),
      measured.correlation.toFixed(2),
      check.gigamacs.toFixed(2),
      `${percent(check.medianShare)}, ${percent(check.worstShare)}`,
    ]
    expect(note.split('\n').find((line) => line.startsWith(`| ${name} `))).toBe(`| ${cells.join(' | ')} |`)
  },
)
