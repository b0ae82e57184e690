import { toHex } from '../../../lib/bytes.ts'
import { CodedError, errorCode } from '../../../lib/coded-error.ts'
import { decodeAddress, encodeAddress } from '../../../protocol/address.ts'
import type { Skip } from '../../../protocol/gen/tailrace/v1/work.ts'
import { SkipReason } from '../../../protocol/gen/tailrace/v1/work.ts'
import type { InferenceReport } from '../../../protocol/inference.ts'
import { WORK_LIMITS } from '../../../protocol/work/limits.ts'
import type { ChainSnapshot } from '../../chain-snapshot.ts'
import { withTimeLimit } from '../../tasks.ts'
import { unpaidOf } from '../lanes.ts'
import type { WorkContext } from '../work-context.ts'
import type { OpenedOrder, OrderFacts } from './acceptance.ts'

/** Blocks from the end of an order's work to its expiry: its receipt may have to wait for a batch without a voucher. */
export function settlingBlocks(countersignBlocks: number): number {
  return countersignBlocks + BATCHING_BLOCKS
}

/** A batch that is sent has so many blocks to arrive before a receipt in it expires. */
export const BATCHING_BLOCKS = 8
/** Blocks that work on an order may take at least. */
const WORKING_BLOCKS = 4
const PROBE_TIMEOUT_MS = 2_000

/** What does not change while an order is judged. */
export interface Arrival {
  /** See OrderFacts. */
  readonly arrivedHeight: number
  readonly mostAge: number
  /** Hosts that were skipped as silent and take orders after all, by hex address. */
  readonly readyHosts: Promise<ReadonlySet<string>>
}

/**
 * Waits for the order's height where this host is behind it by no more than gateways may be ahead, and asks the silent.
 * @throws CodedError `chain_unreachable`, the signal's reason
 */
export async function awaitHeight(
  work: WorkContext,
  opened: OpenedOrder,
  signal: AbortSignal,
): Promise<{ readonly arrival: Arrival; readonly snapshot: ChainSnapshot }> {
  const { watch } = work.host
  const { order, skipped } = opened
  const latest = watch.latest()
  if (latest === undefined) {
    throw new CodedError('chain_unreachable', 'the chain has not been read yet')
  }
  // A gateway may have heard of blocks before this host has: that a host is behind is no fault of the order.
  const ahead = order.height - BigInt(latest.height)
  const isBehind = ahead > 0n && ahead <= BigInt(WORK_LIMITS.orderAge)
  const snapshot = isBehind ? await watch.until(({ height }) => BigInt(height) >= order.height, signal) : latest
  const readyHosts = probeSilent(work, opened, signal)
  // Whoever gathers awaits it; where nobody comes to that, its failure is the signal's.
  readyHosts.catch(() => undefined)
  // The gateway waited for each that it skipped.
  const skips = Math.min(skipped.length, WORK_LIMITS.skips)
  const mostAge = WORK_LIMITS.orderAge + skips * Math.ceil(WORK_LIMITS.acceptMs / latest.params.blockTimeMs)
  return { arrival: { arrivedHeight: latest.height, mostAge, readyHosts }, snapshot }
}

/** What the chain shows now. @throws CodedError as the chain port does */
export async function gatherFacts(
  work: WorkContext,
  opened: OpenedOrder,
  report: InferenceReport,
  { arrival, snapshot }: { readonly arrival: Arrival; readonly snapshot: ChainSnapshot },
  signal: AbortSignal,
): Promise<OrderFacts> {
  const { chain, host } = work
  const { order } = opened
  const { height, params } = snapshot
  const { arrivedHeight, mostAge } = arrival
  const [models, escrow, accepted, roster, randomness, skippedKeys, readyHosts] = await Promise.all([
    chain.models(signal),
    chain.escrow(order.payer, signal),
    chain.lane(order.payer, host.keys.ownerAddress, signal),
    chain.roster(order.model, Number(order.height), signal),
    chain.randomness(Number(order.height), signal),
    keysOfRefusing(work, opened.skipped, signal),
    arrival.readyHosts,
  ])
  return {
    chainId: host.chain.chainId,
    height,
    arrivedHeight,
    mostAge,
    executor: decodeAddress(host.keys.ownerAddress),
    report,
    model: models.find(({ id }) => id === order.model),
    escrow,
    accepted,
    unpaid: unpaidOf(work.book, order.payer),
    roster,
    randomness,
    leastLifetime: settlingBlocks(params.serving.countersignBlocks) + WORKING_BLOCKS,
    priceBlocks: params.serving.priceBlocks,
    skippedKeys,
    readyHosts,
  }
}

async function keysOfRefusing(
  { host }: WorkContext,
  skipped: readonly Skip[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const keys = new Map<string, Uint8Array>()
  for (const skip of skipped.filter(({ reason }) => reason === SkipReason.SKIP_REASON_REFUSED)) {
    const record = await host.chain.host(encodeAddress(skip.host), signal)
    if (record !== undefined) {
      keys.set(toHex(skip.host), record.devicePubkey)
    }
  }
  return keys
}

/** Asks hosts that were skipped as silent whether they take orders: this host's receipt will be the witness that they did not. */
async function probeSilent(
  { host, peers }: WorkContext,
  { hash, order, skipped }: OpenedOrder,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const silent = skipped.filter(({ reason }) => reason === SkipReason.SKIP_REASON_TIMEOUT)
  const answers = await Promise.all(
    silent.map(async (skip) => {
      const record = await host.chain.host(encodeAddress(skip.host), signal)
      try {
        const request = { orderHash: hash, model: order.model }
        const isReady =
          record !== undefined &&
          (await withTimeLimit(host.clock, PROBE_TIMEOUT_MS, signal, (end) => peers.probe(record.peerId, request, end)))
        return { skip, isReady }
      } catch (error) {
        signal.throwIfAborted()
        host.logger.log('debug', 'skipped host does not answer', { code: errorCode(error) })
        return { skip, isReady: false }
      }
    }),
  )
  return new Set(answers.filter(({ isReady }) => isReady).map(({ skip }) => toHex(skip.host)))
}
