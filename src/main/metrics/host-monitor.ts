/** The metrics of a host process: put around its ports before it starts, served on loopback when it runs. */
import { MetricsRegistry } from '../../lib/metrics.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import type { HostProcess, HostProcessComponents } from '../host-process.ts'
import { steadyMs } from '../system.ts'
import { watchHost } from './host-gauges.ts'
import { createHostMetrics } from './host-metrics.ts'
import type { MetricsServer } from './metrics-server.ts'
import { startMetricsServer } from './metrics-server.ts'
import { addProcessMetrics } from './process-metrics.ts'

export interface HostMonitor {
  /** The same components, measured. */
  measure(components: HostProcessComponents): HostProcessComponents
  /** Serves what was measured, and what the running host shows. @throws CodedError `port_taken`, `cannot_listen` */
  serve(host: Pick<HostProcess, 'contributor'>, port: number): Promise<MetricsServer>
}

export function createHostMonitor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }): HostMonitor {
  const registry = new MetricsRegistry()
  const metrics = createHostMetrics(registry, steadyMs)
  addProcessMetrics(registry, clock.nowMs())
  return {
    measure(components) {
      const { compute, inference, around = {} } = components
      return {
        ...components,
        compute: metrics.compute(compute),
        ...(inference && { inference: metrics.inference(inference) }),
        around: {
          ...around,
          chain: (chain) => metrics.chain(around.chain?.(chain) ?? chain),
          store: (store) => metrics.store(around.store?.(store) ?? store),
        },
      }
    },
    serve(host, port) {
      watchHost(registry, host.contributor, () => clock.nowMs())
      return startMetricsServer({ registry, logger: logger.child('metrics'), port })
    },
  }
}
