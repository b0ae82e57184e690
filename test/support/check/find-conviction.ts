/** The evidence of a conviction, read back through the chain's public RPC: `tx_search` must know it, the block must tell the verdict. */
import { z } from 'zod'
import type { HostRecord } from '../../../src/host/ports.ts'

export interface Conviction {
  /** Who brought the evidence, or `audit` where the chain's own re-execution found it. */
  readonly finder: string
  readonly epoch: bigint
}

const SEARCH = z.object({ result: z.object({ total_count: z.string(), txs: z.array(z.object({ hash: z.string() })) }) })
const ATTRIBUTES = z.array(z.object({ key: z.string(), value: z.string() }))
const RESULTS = z.object({
  result: z.object({
    finalize_block_events: z.array(z.object({ type: z.string(), attributes: ATTRIBUTES })).nullish(),
  }),
})

/** @throws Error where the evidence is not found. */
export async function findConviction(rpcUrl: string, record: HostRecord, signal: AbortSignal): Promise<Conviction> {
  await requireTx(rpcUrl, record.lastFaultTx, signal)
  const results = RESULTS.parse(await get(`${rpcUrl}/block_results?height=${record.lastFaultHeight}`, signal))
  const fault = (results.result.finalize_block_events ?? [])
    .filter((event) => event.type === 'fault')
    .map((event) => new Map(event.attributes.map(({ key, value }) => [key, value])))
    .find((attributes) => attributes.get('host') === record.owner)
  if (fault === undefined) {
    throw new Error(`block ${record.lastFaultHeight} tells no verdict about ${record.owner}`)
  }
  return { finder: fault.get('finder') || 'audit', epoch: BigInt(fault.get('epoch') ?? '0') }
}

/** @throws Error where `tx_search` does not know it. */
export async function requireTx(rpcUrl: string, hash: string, signal: AbortSignal): Promise<void> {
  const query = encodeURIComponent(`"tx.hash='${hash}'"`)
  const search = SEARCH.parse(await get(`${rpcUrl}/tx_search?query=${query}&page=1&per_page=1`, signal))
  if (search.result.txs[0]?.hash !== hash) {
    throw new Error(`tx_search does not know the evidence ${hash}`)
  }
}

async function get(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal })
  return response.json()
}
