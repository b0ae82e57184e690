/** The metrics of a node's application: handed to it before it starts, served on loopback while it runs. */
import { APP_VERSION } from '../../chain/app-version.ts'
import type { NodeMetrics } from '../../chain-node/metrics/node-metrics.ts'
import { createNodeMetrics } from '../../chain-node/metrics/node-metrics.ts'
import { MetricsRegistry } from '../../lib/metrics.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import { steadyMs } from '../system.ts'
import { VERSION } from '../version.ts'
import type { MetricsServer } from './metrics-server.ts'
import { startMetricsServer } from './metrics-server.ts'
import { addProcessMetrics } from './process-metrics.ts'

export interface NodeMonitor {
  readonly metrics: NodeMetrics
  /** @throws CodedError `port_taken`, `cannot_listen` */
  serve(port: number): Promise<MetricsServer>
}

export function createNodeMonitor(
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  chainId: string,
): NodeMonitor {
  const registry = new MetricsRegistry({ chain_id: chainId })
  addProcessMetrics(registry, clock.nowMs())
  return {
    metrics: createNodeMetrics({ registry, version: VERSION, appVersion: APP_VERSION, steadyMs }),
    serve: (port) => startMetricsServer({ registry, logger: logger.child('metrics'), port }),
  }
}
