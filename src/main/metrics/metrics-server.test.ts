import { request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { parseMetrics } from '../../../test/support/metrics/parse-metrics.ts'
import { MetricsRegistry } from '../../lib/metrics.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { startMetricsServer } from './metrics-server.ts'
import { addProcessMetrics } from './process-metrics.ts'

async function start(registry: MetricsRegistry) {
  const server = await startMetricsServer({ registry, logger: SILENT_LOGGER, port: 0 })
  onTestFinished(() => server.stop())
  return `http://127.0.0.1:${server.port}`
}

function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

test('GET /metrics in the text format, what the process tells of itself included; nothing else is answered', async () => {
  const registry = new MetricsRegistry()
  addProcessMetrics(registry, 1_700_000_000_000)
  const url = await start(registry)
  const response = await fetch(`${url}/metrics`)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const values = parseMetrics(await response.text())
  expect(values.get('process_start_time_seconds')).toBe(1_700_000_000)
  expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
  expect(values.get('process_cpu_seconds_total')).toBeGreaterThan(0)
  const busy = values.get('nodejs_eventloop_utilization_ratio') ?? -1
  expect(busy >= 0 && busy <= 1).toBe(true)
  expect((await fetch(`${url}/`)).status).toBe(404)
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405)
  expect(await statusFor(`${url}/metrics`, 'rebound.example')).toBe(403)
})

test('a fact that cannot be read is no answer, and the next reading is one', async () => {
  const registry = new MetricsRegistry()
  let isBroken = true
  registry.onCollect(() => {
    if (isBroken) {
      throw new Error('closed')
    }
  })
  const url = await start(registry)
  expect((await fetch(`${url}/metrics`)).status).toBe(503)
  isBroken = false
  expect((await fetch(`${url}/metrics`)).status).toBe(200)
})

test('a taken port is an error with its code', async () => {
  const port = Number(new URL(await start(new MetricsRegistry())).port)
  const again = startMetricsServer({ registry: new MetricsRegistry(), logger: SILENT_LOGGER, port })
  await expect(again).rejects.toMatchObject({ code: 'port_taken', fields: { port } })
})
