import { expect, test } from 'vitest'
import { MetricsRegistry } from './metrics.ts'

test('the text format: help, type, labels in their order, escaped', () => {
  const registry = new MetricsRegistry()
  const requests = registry.counter('requests_total', 'Requests.\nAll of them.', ['route', 'status'])
  requests.add({ status: '200', route: 'a"b\\c\nd' })
  requests.add({ route: 'a"b\\c\nd', status: '200' }, 2)
  requests.add({ route: 'x' }, -1)
  registry.gauge('active', 'Active.').set(3)
  expect(registry.render()).toBe(
    [
      '# HELP requests_total Requests.\\nAll of them.',
      '# TYPE requests_total counter',
      'requests_total{route="a\\"b\\\\c\\nd",status="200"} 3',
      '# HELP active Active.',
      '# TYPE active gauge',
      'active 3',
      '',
    ].join('\n'),
  )
})

test('histograms: buckets add up, the last is everything', () => {
  const registry = new MetricsRegistry()
  const seconds = registry.histogram('wait_seconds', 'Wait.', [0.1, 1, 10], ['kind'])
  for (const value of [0.05, 0.1, 0.5, 10, 11]) {
    seconds.observe(value, { kind: 'a' })
  }
  expect(registry.render().split('\n').slice(2, -1)).toEqual([
    'wait_seconds_bucket{kind="a",le="0.1"} 2',
    'wait_seconds_bucket{kind="a",le="1"} 3',
    'wait_seconds_bucket{kind="a",le="10"} 4',
    'wait_seconds_bucket{kind="a",le="+Inf"} 5',
    'wait_seconds_sum{kind="a"} 21.65',
    'wait_seconds_count{kind="a"} 5',
  ])
})

test('label combinations are bounded: the rest is counted together', () => {
  const registry = new MetricsRegistry()
  const many = registry.counter('many_total', 'Many.', ['id'])
  for (let id = 0; id < 1_000; id++) {
    many.add({ id: String(id) })
  }
  const lines = registry.render().split('\n')
  expect(lines.length).toBeLessThan(262)
  expect(lines).toContain('many_total{id="_other"} 744')
})

test('names are valid and taken once, buckets rise', () => {
  const registry = new MetricsRegistry()
  registry.counter('a_total', 'A.')
  expect(() => registry.gauge('a_total', 'A.')).toThrow('taken')
  expect(() => registry.counter('a-b', 'A.')).toThrow('no metric name')
  expect(() => registry.histogram('h', 'H.', [1, 1])).toThrow('do not rise')
})
