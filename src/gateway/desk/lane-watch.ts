import { errorCode } from '../../lib/coded-error.ts'
import type { KeyedLock } from '../../lib/keyed-lock.ts'
import { decodeAddress } from '../../protocol/address.ts'
import { laneName } from './countersigning.ts'
import type { DeskComponents } from './ports.ts'

/** The lanes are compared, and the store forgets, once in so many blocks. */
const EVERY_BLOCKS = 50

/**
 * Executors may bring receipts to the chain that this gateway never countersigned, until their orders have expired. What the
 * chain took so is noted as owed before the reservation of an expired order is released. Runs until the signal aborts.
 */
export function settleLanes(components: DeskComponents, lanes: KeyedLock, signal: AbortSignal): void {
  const { chain, logger } = components
  let dueHeight = 0
  let isRunning = false
  const unsubscribe = chain.onBlock(({ height }) => {
    if (height < dueHeight || isRunning) {
      return
    }
    isRunning = true
    settle(components, lanes, height, signal)
      .then(
        () => {
          dueHeight = height + EVERY_BLOCKS
        },
        // The next block tries again.
        (error: unknown) => logger.log('warn', 'lanes not compared', { code: errorCode(error) }),
      )
      .finally(() => {
        isRunning = false
      })
  })
  signal.addEventListener('abort', unsubscribe, { once: true })
}

async function settle(
  { store, chain }: DeskComponents,
  lanes: KeyedLock,
  height: number,
  signal: AbortSignal,
): Promise<void> {
  for (const { payer, executor } of await store.watchedLanes()) {
    signal.throwIfAborted()
    const accepted = await chain.lane(decodeAddress(payer), executor, signal)
    // Between two vouchers of the lane: a voucher that is being signed builds on where the lane stands.
    await lanes.run(laneName(payer, executor), () => store.reconcileLane(payer, executor, accepted))
  }
  await store.prune(height)
}
