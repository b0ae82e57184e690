/** The registry of a gateway process: what the process and its connections are; the gateway adds what it measures of its work. */
import { MetricsRegistry } from '../../lib/metrics.ts'
import { addProcessMetrics } from './process-metrics.ts'

/** What a gateway stands on: without a chain it signs no order, without peers it reaches no host. */
export interface GatewayConnections {
  readonly client: {
    onConnection(listener: (state: string) => void): unknown
    onBlock(listener: (block: { readonly height: number }) => void): unknown
  }
  readonly peers: { counts(): { readonly connected: number } }
}

/** `startedMs`: Unix milliseconds of the start of the process. */
export function createGatewayRegistry({ client, peers }: GatewayConnections, startedMs: number): MetricsRegistry {
  const registry = new MetricsRegistry()
  addProcessMetrics(registry, startedMs)
  const connected = registry.gauge('tailrace_gateway_chain_connected', '1 while the chain node answers.')
  const height = registry.gauge('tailrace_gateway_chain_height', 'Height of the last block that the gateway saw.')
  const count = registry.gauge('tailrace_gateway_peers', 'Connected peers.')
  client.onConnection((state) => connected.set(state === 'connected' ? 1 : 0))
  client.onBlock((block) => height.set(block.height))
  registry.onCollect(() => count.set(peers.counts().connected))
  return registry
}
