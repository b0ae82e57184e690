/** This computer's clock against the time in the chain's newest block. */
import { z } from 'zod'
import type { Finding } from '../../ipc/wires/machine-wire.ts'
import { ok, problem, skipped, warning } from './check.ts'

const STATUS = z.object({
  result: z.object({ sync_info: z.object({ latest_block_time: z.string().max(64), catching_up: z.boolean() }) }),
})
const TIMEOUT_MS = 3_000
/** Heartbeats of a clock that is further off are refused by other hosts. */
const MOST_SECONDS = 30
const MANY_SECONDS = 5

export interface ChainClock {
  readonly rpcUrl: string
  /** Nominal: the newest block is up to so old. */
  readonly blockTimeMs: number
  /** The newest block is old for a reason of its own and tells nothing. */
  readonly isHalted: boolean
}

export async function checkClock(
  { rpcUrl, blockTimeMs, isHalted }: ChainClock,
  nowMs: () => number,
  signal: AbortSignal,
): Promise<Finding> {
  const both = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  const response = await fetch(`${rpcUrl}/status`, { signal: both })
  const { sync_info: info } = STATUS.parse(await response.json()).result
  const blockMs = Date.parse(info.latest_block_time)
  if (Number.isNaN(blockMs) || isHalted || info.catching_up) {
    return skipped('clock', { seconds: 0, reason: 'no_fresh_block' })
  }
  const aheadMs = nowMs() - blockMs
  const seconds = Math.round((aheadMs > 0 ? Math.max(0, aheadMs - 2 * blockTimeMs) : aheadMs) / 1_000)
  return Math.abs(seconds) > MOST_SECONDS
    ? problem('clock', { seconds })
    : Math.abs(seconds) > MANY_SECONDS
      ? warning('clock', { seconds })
      : ok('clock', { seconds })
}
