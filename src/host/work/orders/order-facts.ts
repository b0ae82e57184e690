import { toHex } from '../../../lib/bytes.ts'
import { CodedError, errorCode } from '../../../lib/coded-error.ts'
import { decodeAddress, encodeAddress } from '../../../protocol/address.ts'
import type { Skip } from '../../../protocol/gen/tailrace/v1/work.ts'
import { SkipReason } from '../../../protocol/gen/tailrace/v1/work.ts'
import type { InferenceReport } from '../../../protocol/inference.ts'
import { WORK_LIMITS } from '../../../protocol/work/limits.ts'
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
const JUDGE_TIMEOUT_MS = 5_000

/** @throws CodedError `timed_out`, or what the chain port throws */
export function gatherFacts(
  work: WorkContext,
  opened: OpenedOrder,
  report: InferenceReport,
  signal: AbortSignal,
): Promise<OrderFacts> {
  const limitMs = work.options.judgeTimeoutMs ?? JUDGE_TIMEOUT_MS
  return withTimeLimit(work.host.clock, limitMs, signal, (end) => gather(work, opened, report, end))
}

async function gather(
  work: WorkContext,
  opened: OpenedOrder,
  report: InferenceReport,
  signal: AbortSignal,
): Promise<OrderFacts> {
  const { chain, host } = work
  const { order } = opened
  const latest = host.watch.latest()
  if (latest === undefined) {
    throw new CodedError('chain_unreachable', 'the chain has not been read yet')
  }
  // A gateway may have heard of blocks before this host has: that a host is behind is no fault of the order.
  const ahead = order.height - BigInt(latest.height)
  const isBehind = ahead > 0n && ahead <= BigInt(WORK_LIMITS.orderAge)
  const { height, params } = isBehind
    ? await host.watch.until((snapshot) => BigInt(snapshot.height) >= order.height, signal)
    : latest
  const [models, escrow, accepted, roster, randomness, skippedKeys, readyHosts] = await Promise.all([
    chain.models(signal),
    chain.escrow(order.payer, signal),
    chain.lane(order.payer, host.keys.ownerAddress, signal),
    chain.roster(order.model, Number(order.height), signal),
    chain.randomness(Number(order.height), signal),
    keysOfRefusing(work, opened.skipped, signal),
    probeSilent(work, opened, signal),
  ])
  return {
    chainId: host.chain.chainId,
    height,
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
