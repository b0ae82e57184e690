/** The blocks of a CometBFT network as its nodes tell them, for comparison: each answer decoded, nothing kept between questions. */
import { z } from 'zod'

const ANSWER_LIMIT_MS = 20_000
/** CometBFT answers at most so many headers at once. */
const HEADERS_AT_ONCE = 20
const NUMBER = z
  .string()
  .regex(/^[0-9]{1,16}$/)
  .transform(Number)
const HEX = z.string().regex(/^[0-9A-F]*$/)

const HEADERS = z.object({
  block_metas: z.array(
    z.object({
      block_id: z.object({ hash: HEX }),
      header: z.object({ height: NUMBER, app_hash: HEX, proposer_address: HEX }),
    }),
  ),
})
const BLOCK = z.object({
  block: z.object({
    data: z.object({ txs: z.array(z.string()).nullable().default([]) }),
    last_commit: z.object({ round: z.number() }).nullable(),
  }),
})
const RESULTS = z.object({
  txs_results: z
    .array(z.object({ code: z.number().default(0) }))
    .nullable()
    .default([]),
})

export interface Header {
  readonly height: number
  /** Upper-case hex, as everything here. */
  readonly hash: string
  /** State after the block before this one. */
  readonly appHash: string
  readonly proposer: string
}

/** From `first` to `last`, ascending; a node that began later leaves out what it does not have. */
export async function readHeaders(rpcUrl: string, first: number, last: number): Promise<Header[]> {
  const headers: Header[] = []
  for (let from = first; from <= last; from += HEADERS_AT_ONCE) {
    const to = Math.min(last, from + HEADERS_AT_ONCE - 1)
    const { block_metas: metas } = HEADERS.parse(
      await ask(rpcUrl, 'blockchain', { minHeight: String(from), maxHeight: String(to) }),
    )
    const page = metas.map(({ block_id: { hash }, header }) => ({
      height: header.height,
      hash,
      appHash: header.app_hash,
      proposer: header.proposer_address,
    }))
    headers.push(...page.filter(({ height }) => height >= from && height <= to).sort((a, b) => a.height - b.height))
  }
  return headers
}

export interface BlockBody {
  readonly txs: readonly Uint8Array[]
  /** Of the round that decided the block before. */
  readonly lastRound: number
}

export async function readBody(rpcUrl: string, height: number): Promise<BlockBody> {
  const { block } = BLOCK.parse(await ask(rpcUrl, 'block', { height: String(height) }))
  return {
    txs: (block.data.txs ?? []).map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
    lastRound: block.last_commit?.round ?? 0,
  }
}

/** Code of each transaction of a block, in order. */
export async function readCodes(rpcUrl: string, height: number): Promise<number[]> {
  const { txs_results: results } = RESULTS.parse(await ask(rpcUrl, 'block_results', { height: String(height) }))
  return (results ?? []).map(({ code }) => code)
}

async function ask(rpcUrl: string, method: string, params: unknown): Promise<unknown> {
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  })
  const { result, error } = z
    .object({ result: z.unknown(), error: z.unknown() })
    .partial()
    .parse(await response.json())
  if (error !== undefined) {
    throw new Error(`${method}: ${JSON.stringify(error)}`)
  }
  return result
}
