/** What every process tells of itself, under the names that Prometheus clients agree on. */
import { readdirSync } from 'node:fs'
import type { MetricsRegistry } from '../../lib/metrics.ts'

/** Of this process; open files where the system tells them (Linux). */
export function addProcessMetrics(registry: MetricsRegistry, startedMs: number): void {
  const memory = registry.gauge('process_resident_memory_bytes', 'Memory that the process has, in bytes.')
  const heap = registry.gauge('nodejs_heap_size_used_bytes', 'Heap in use, in bytes.')
  const cpu = registry.counter('process_cpu_seconds_total', 'Processor time, user and system, in seconds.')
  const started = registry.gauge('process_start_time_seconds', 'When the process started, Unix seconds.')
  const files = registry.gauge('process_open_fds', 'Open file descriptors.')
  const busy = registry.gauge(
    'nodejs_eventloop_utilization_ratio',
    'Share of the time since the last question that the event loop worked.',
  )
  started.set(startedMs / 1_000)
  let countedSeconds = 0
  let before = performance.eventLoopUtilization()
  registry.onCollect(() => {
    const { rss, heapUsed } = process.memoryUsage()
    memory.set(rss)
    heap.set(heapUsed)
    const { user, system } = process.cpuUsage()
    cpu.add({}, (user + system) / 1_000_000 - countedSeconds)
    countedSeconds = (user + system) / 1_000_000
    const open = openFiles()
    if (open !== undefined) {
      files.set(open)
    }
    const now = performance.eventLoopUtilization()
    busy.set(performance.eventLoopUtilization(now, before).utilization)
    before = now
  })
}

function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    // No such folder on this system.
    return undefined
  }
}
