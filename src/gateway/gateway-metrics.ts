/** What the gateway measures: OpenTelemetry's GenAI metrics in Prometheus words, and the gateway's own counts. */
import type { Counter, Gauge, Histogram, MetricsRegistry } from '../lib/metrics.ts'

export interface GatewayMetrics {
  /** Labels: route, status. */
  readonly requests: Counter
  /** Labels: outcome (`stop`, `length` or an error code). */
  readonly orders: Counter
  readonly activeOrders: Gauge
  /** Labels: gen_ai_operation_name, gen_ai_request_model, error_type (empty where it went well). */
  readonly duration: Histogram
  /** Labels: gen_ai_operation_name, gen_ai_request_model. */
  readonly timeToFirstToken: Histogram
  readonly timePerOutputToken: Histogram
  /** Labels: gen_ai_request_model, gen_ai_token_type (`input`, `output`). */
  readonly tokenUsage: Histogram
}

/** 0.01 … 81.92, doubling, as OpenTelemetry advises. */
const DURATION_BUCKETS = Array.from({ length: 14 }, (_, index) => 2 ** index / 100)
const FAST_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** 1, 4, 16 … 4^13. */
const TOKEN_BUCKETS = Array.from({ length: 14 }, (_, index) => 4 ** index)

const OPERATION = 'gen_ai_operation_name'
const MODEL = 'gen_ai_request_model'

export function createGatewayMetrics(registry: MetricsRegistry): GatewayMetrics {
  return {
    requests: registry.counter('tailrace_gateway_requests_total', 'HTTP requests answered.', ['route', 'status']),
    orders: registry.counter('tailrace_gateway_orders_total', 'Orders by how they ended.', ['outcome']),
    activeOrders: registry.gauge('tailrace_gateway_active_orders', 'Orders in work.'),
    duration: registry.histogram(
      'gen_ai_server_request_duration_seconds',
      'Time from the request to the last byte of its answer.',
      DURATION_BUCKETS,
      [OPERATION, MODEL, 'error_type'],
    ),
    timeToFirstToken: registry.histogram(
      'gen_ai_server_time_to_first_token_seconds',
      'Time from the request to its first token.',
      FAST_BUCKETS,
      [OPERATION, MODEL],
    ),
    timePerOutputToken: registry.histogram(
      'gen_ai_server_time_per_output_token_seconds',
      'Time for each token after the first.',
      FAST_BUCKETS,
      [OPERATION, MODEL],
    ),
    tokenUsage: registry.histogram(
      'gen_ai_client_token_usage_tokens',
      'Tokens of a request and of its answer.',
      TOKEN_BUCKETS,
      [MODEL, 'gen_ai_token_type'],
    ),
  }
}
