/** The orders of the gateway on this computer and what its developer key has left, read again after each block. */
import type { ChainPort } from '../../host/ports.ts'
import type { WorkChainPort } from '../../host/work/ports.ts'
import type { GatewaySnapshot } from '../../ipc/work-snapshot.ts'
import { MAX_ORDERS } from '../../ipc/work-snapshot.ts'
import { errorCode } from '../../lib/coded-error.ts'
import type { Logger } from '../../lib/runtime.ts'
import { decodeAddress } from '../../protocol/address.ts'
import type { GatewayClient, GatewayOrder } from '../gateway/gateway-client.ts'

export interface GatewayFollowComponents {
  readonly chain: Pick<ChainPort, 'onBlock'>
  readonly work: WorkChainPort
  readonly gateway: GatewayClient
  readonly logger: Logger
}

export interface GatewayFollowOptions {
  readonly apiKey: string
  /** `tail1…` of the escrow. */
  readonly payer: string
  readonly model: string
}

const REFRESH_MS = 1_000

/** Follows until the signal aborts. `refresh` reads at once: after a request that this application made itself. */
export function followGateway(
  components: GatewayFollowComponents,
  options: GatewayFollowOptions,
  signal: AbortSignal,
  notify: () => void,
): { current(): GatewaySnapshot; refresh(): void } {
  const { gateway, logger } = components
  let snapshot: GatewaySnapshot = {
    state: 'starting',
    baseUrl: gateway.baseUrl,
    apiKey: options.apiKey,
    model: options.model,
    escrow: null,
    orders: [],
  }
  let isReading = false
  async function read(): Promise<void> {
    if (isReading) {
      return
    }
    isReading = true
    try {
      const [orders, escrow] = await Promise.all([gateway.orders(MAX_ORDERS), readEscrow(components, options, signal)])
      snapshot = { ...snapshot, state: 'ready', orders: orders.map(orderOf), escrow }
    } catch (error) {
      if (!signal.aborted) {
        snapshot = { ...snapshot, state: 'down' }
        logger.log('debug', 'gateway not read', { code: errorCode(error) })
      }
    } finally {
      isReading = false
      notify()
    }
  }
  const stopBlocks = components.chain.onBlock(() => void read())
  // Orders move faster than blocks.
  const timer = setInterval(() => void read(), REFRESH_MS)
  timer.unref()
  signal.addEventListener(
    'abort',
    () => {
      stopBlocks()
      clearInterval(timer)
    },
    { once: true },
  )
  void read()
  return { current: () => snapshot, refresh: () => void read() }
}

async function readEscrow(
  { work }: GatewayFollowComponents,
  { payer }: GatewayFollowOptions,
  signal: AbortSignal,
): Promise<GatewaySnapshot['escrow']> {
  const { escrow, available } = await work.escrow(decodeAddress(payer), signal)
  if (escrow === undefined) {
    return null
  }
  return {
    payer,
    deposited: escrow.deposited.toString(),
    available: available.toString(),
    paid: escrow.paid.toString(),
  }
}

function orderOf({
  skipped,
  errorCode: code,
  batchTx: _batchTx,
  ...order
}: GatewayOrder): GatewaySnapshot['orders'][number] {
  return {
    ...order,
    skipped: skipped.map(({ executor, reason }) => ({ host: executor, reason })),
    errorCode: code ?? null,
  }
}
