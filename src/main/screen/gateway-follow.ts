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
  const reading = oneAtATime(async () => {
    try {
      const orders = await gateway.orders(MAX_ORDERS)
      snapshot = { ...snapshot, state: 'ready', orders: orders.map(orderOf) }
    } catch (error) {
      if (!signal.aborted) {
        snapshot = { ...snapshot, state: 'down' }
        logger.log('debug', 'gateway not read', { code: errorCode(error) })
      }
    }
    notify()
  })
  /** By itself: a chain that is away takes no gateway down. */
  const readingDeposit = oneAtATime(async () => {
    try {
      const escrow = await readEscrow(components, options, signal)
      snapshot = { ...snapshot, escrow }
      notify()
    } catch (error) {
      if (!signal.aborted) {
        logger.log('debug', 'escrow not read', { code: errorCode(error) })
      }
    }
  })
  const stopBlocks = components.chain.onBlock(() => {
    reading()
    readingDeposit()
  })
  // Orders move faster than blocks.
  const timer = setInterval(reading, REFRESH_MS)
  timer.unref()
  signal.addEventListener(
    'abort',
    () => {
      stopBlocks()
      clearInterval(timer)
    },
    { once: true },
  )
  reading()
  readingDeposit()
  return { current: () => snapshot, refresh: reading }
}

/** Starts `work`, unless it is under way: who comes meanwhile sees what that one brings. It must not reject. */
function oneAtATime(work: () => Promise<void>): () => void {
  let isBusy = false
  return () => {
    if (!isBusy) {
      isBusy = true
      void work().finally(() => {
        isBusy = false
      })
    }
  }
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
