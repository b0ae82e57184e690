import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { manyHosts } from '../../../../test/support/screen/scenes/scenes-network.ts'
import { firstSort, nextSort, orderHosts, SORT_KEYS, verdictWords } from './host-order.ts'
import { changePpm, followPrices, MAX_POINTS, trendLine } from './price-trend.ts'

describe('the order of hosts', () => {
  it('is the same whatever order they come in', () => {
    const hosts = manyHosts(40)
    const shuffled = fc.shuffledSubarray([...hosts], { minLength: hosts.length })
    fc.assert(
      fc.property(shuffled, fc.constantFrom(...SORT_KEYS), fc.boolean(), (given, key, isDescending) => {
        expect(orderHosts(given, { key, isDescending })).toEqual(orderHosts(hosts, { key, isDescending }))
      }),
    )
  })

  it('turns round with a second click', () => {
    expect(nextSort(firstSort('weight'), 'weight')).toEqual({ key: 'weight', isDescending: false })
    expect(nextSort(firstSort('weight'), 'name')).toEqual({ key: 'name', isDescending: false })
  })

  it('has words for what a newer chain may say', () => {
    expect(verdictWords('half_verified')).toEqual({ text: 'half verified', tone: 'plain' })
  })
})

describe('prices', () => {
  const model = (price: string) => [{ model: 'whale', price, hosts: 1, contextTokens: 256 }]

  it('are remembered when they change, and no longer than the picture needs', () => {
    const first = followPrices(new Map(), model('1000000'), 1)
    expect(followPrices(first, model('1000000'), 2)).toBe(first)
    let trends = first
    for (let height = 2; height < 200; height++) {
      trends = followPrices(trends, model(String(1_000_000 + height)), height)
    }
    expect(trends.get('whale')).toHaveLength(MAX_POINTS)
  })

  it('are drawn inside their box', () => {
    const points = [100n, 98n, 103n].map((price, height) => ({ height, price }))
    expect(changePpm(points)).toBe(30_000)
    expect(changePpm([])).toBe(0)
    expect(trendLine(points)).toBe('0.0,58.4 50.0,92.0 100.0,8.0')
    expect(trendLine(points.slice(0, 1))).toBe('100.0,50.0')
  })
})
