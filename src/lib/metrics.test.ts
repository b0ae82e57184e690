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

test('what is asked for is asked at each rendering; what nobody set is not there; what counts begins at nothing', () => {
  const registry = new MetricsRegistry()
  let height = 0
  const gauge = registry.gauge('height', 'Height.')
  const lanes = registry.gauge('lane', 'Lane.', ['name'])
  registry.counter('events_total', 'Events.')
  const values = () =>
    registry
      .render()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
  expect(values()).toEqual(['events_total 0'])
  registry.onCollect(() => {
    height += 1
    gauge.set(height)
    lanes.clear()
    lanes.set(height === 1 ? Infinity : Number.NaN, { name: String(height) })
  })
  expect(values()).toEqual(['height 1', 'lane{name="1"} +Inf', 'events_total 0'])
  expect(values()).toEqual(['height 2', 'lane{name="2"} NaN', 'events_total 0'])
  expect(registry.types()).toEqual([
    ['height', 'gauge'],
    ['lane', 'gauge'],
    ['events_total', 'counter'],
  ])
})

test('labels that every series has come first', () => {
  const registry = new MetricsRegistry({ chain_id: 'a"b' })
  registry.counter('blocks_total', 'Blocks.').add()
  registry.counter('txs_total', 'Transactions.', ['type']).add({ type: 'x' })
  registry.histogram('wait_seconds', 'Wait.', [1]).observe(2)
  expect(
    registry
      .render()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')),
  ).toEqual([
    'blocks_total{chain_id="a\\"b"} 1',
    'txs_total{chain_id="a\\"b",type="x"} 1',
    'wait_seconds_bucket{chain_id="a\\"b",le="1"} 0',
    'wait_seconds_bucket{chain_id="a\\"b",le="+Inf"} 1',
    'wait_seconds_sum{chain_id="a\\"b"} 2',
    'wait_seconds_count{chain_id="a\\"b"} 1',
  ])
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
  expect(() => registry.histogram('i', 'I.', [1, Infinity])).toThrow('do not rise')
  expect(() => registry.counter('b_total', 'B.', ['le'])).toThrow('no label names')
})
