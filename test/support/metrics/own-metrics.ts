/** Names of everything that our processes measure, from the registries themselves. */
import { createNodeMetrics } from '../../../src/chain-node/metrics/node-metrics.ts'
import { createGatewayMetrics } from '../../../src/gateway/gateway-metrics.ts'
import type { HostView } from '../../../src/host/view.ts'
import { MetricsRegistry } from '../../../src/lib/metrics.ts'
import { createGatewayRegistry } from '../../../src/main/metrics/gateway-registry.ts'
import { watchHost } from '../../../src/main/metrics/host-gauges.ts'
import { createHostMetrics } from '../../../src/main/metrics/host-metrics.ts'

/** Names and types as they stand in the text that Prometheus reads. */
export function ownMetrics(): ReadonlyMap<string, string> {
  const node = new MetricsRegistry()
  createNodeMetrics({ registry: node, version: '0', appVersion: 1, steadyMs: () => 0 })
  const host = new MetricsRegistry()
  createHostMetrics(host, () => 0)
  // Nothing is read here, so nothing is shown.
  const view = (): HostView => ({}) as HostView
  watchHost(
    host,
    { view, onChange: () => undefined, work: { view: () => ({}) as never, onChange: () => undefined } },
    () => 0,
  )
  const silent = { onConnection: () => undefined, onBlock: () => undefined }
  const gateway = createGatewayRegistry({ client: silent, peers: { counts: () => ({ connected: 0 }) } }, 0)
  createGatewayMetrics(gateway)
  return new Map([node, host, gateway].flatMap((registry) => registry.types()))
}

/** Every name that a query of Prometheus' language uses as a metric, and the labels that it matches on. */
export function metricsOfQuery(expression: string): readonly string[] {
  const bare = expression
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
  const words = [...bare.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*(\s*\()?/g)]
  return words.filter(([word, call]) => call === undefined && !WORDS.has(word)).map(([word]) => word)
}

const WORDS: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'bool', 'offset', 'e9', 'e6'])

/** Whether the series can exist: a histogram has three suffixes, all others none. */
export function isSeriesOf(types: ReadonlyMap<string, string>, series: string): boolean {
  const base = series.replace(/_(bucket|sum|count)$/, '')
  return types.get(series) !== undefined || (base !== series && types.get(base) === 'histogram')
}
