/**
 * What goes on while processes are killed, until it is told to stop: a developer who orders one completion after the other, every
 * second one streamed, and an account that sends one utail after the other. Kept is what somebody was told was done: a whole
 * answer, a transaction in a block, a block's hash. Failures are counted by their code; the next attempt follows.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { ChainClient } from '../../../src/chain-client/create-chain-client.ts'
import type { TxSigner } from '../../../src/chain-client/tx-signing.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { errorCode } from '../../../src/lib/coded-error.ts'
import { DENOM } from '../../../src/protocol/params.ts'

const EXTRA = z.object({
  tailrace: z.object({ orders: z.array(z.object({ order: z.string(), price_utail: z.string() })).min(1) }),
})
const ERROR = z.object({ error: z.object({ code: z.string() }) })
const PROMPTS = ['Tell me of the white whale.', 'Where does the ship sail?', 'Who is the captain?', 'Describe the sea.']
const PAUSE_MS = 300
const BLOCK_POLL_MS = 300
/** So many developers at a time: with one alone, most kills would hit nobody's order. */
const DEVELOPERS = 3
/** Longer than a gateway takes to say that nobody serves. */
const REQUEST_TIMEOUT_MS = 40_000

/** What was acknowledged. */
export interface Told {
  /** Price in utail by order hash, of answers that came whole. */
  readonly orders: Map<string, bigint>
  /** Height by transaction hash, of transfers that a block holds. */
  readonly transfers: Map<string, number>
  /** Block hash by height, hex. */
  readonly blocks: Map<number, string>
  /** How often which failure was met. */
  readonly failures: Map<string, number>
}

export interface LoadOptions {
  readonly chain: ChainClient
  readonly sender: TxSigner
  readonly receiver: string
  readonly model: string
  readonly gateway: () => { readonly openai: string; readonly apiKey: string }
}

export interface KillLoad {
  readonly told: Told
  /** Ends after what is under way. */
  stop(): Promise<void>
}

export function startKillLoad(options: LoadOptions): KillLoad {
  const told: Told = { orders: new Map(), transfers: new Map(), blocks: new Map(), failures: new Map() }
  const stopping = new AbortController()
  const { signal } = stopping
  const loops = [
    ...Array.from({ length: DEVELOPERS }, (_, index) =>
      repeat(told, signal, PAUSE_MS, (turn) => order(options, told, turn + index)),
    ),
    repeat(told, signal, PAUSE_MS, (turn) => send(options, told, turn)),
    repeat(told, signal, BLOCK_POLL_MS, () => noteBlock(options, told)),
  ]
  return {
    told,
    async stop() {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}

async function repeat(
  told: Told,
  signal: AbortSignal,
  pauseMs: number,
  once: (turn: number) => Promise<void>,
): Promise<void> {
  for (let turn = 0; !signal.aborted; turn++) {
    try {
      await once(turn)
    } catch (error) {
      const code = error instanceof TypeError ? 'connection' : errorCode(error)
      told.failures.set(code, (told.failures.get(code) ?? 0) + 1)
    }
    await sleep(pauseMs)
  }
}

async function order({ gateway, model }: LoadOptions, told: Told, turn: number): Promise<void> {
  const { openai, apiKey } = gateway()
  const isStreamed = turn % 2 === 1
  const content = PROMPTS[turn % PROMPTS.length]
  const response = await fetch(`${openai}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }], max_tokens: 24, stream: isStreamed }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  })
  const text = await response.text()
  if (!response.ok) {
    const { code } = ERROR.parse(JSON.parse(text)).error
    told.failures.set(code, (told.failures.get(code) ?? 0) + 1)
    return
  }
  const [line] = EXTRA.parse(isStreamed ? lastChunk(text) : JSON.parse(text)).tailrace.orders
  if (line !== undefined) {
    told.orders.set(line.order, BigInt(line.price_utail))
  }
}

/** The chunk with the order's line. @throws where the stream has no end: its gateway or its executor died. */
function lastChunk(text: string): unknown {
  const events = text.split('\n\n').flatMap((event) => (event.startsWith('data: ') ? [event.slice(6)] : []))
  if (events.at(-1) !== '[DONE]') {
    throw new TypeError('the stream broke')
  }
  return events
    .slice(0, -1)
    .map((event): unknown => JSON.parse(event))
    .findLast((chunk) => EXTRA.safeParse(chunk).success)
}

async function send({ chain, sender, receiver }: LoadOptions, told: Told, turn: number): Promise<void> {
  const value = { fromAddress: sender.address, toAddress: receiver, amount: [{ denom: DENOM, amount: '1' }] }
  const { signal } = new AbortController()
  const outcome = await chain.submit(
    [{ typeUrl: '/cosmos.bank.v1beta1.MsgSend', value }],
    { signer: sender, memo: memoOf(turn) },
    signal,
  )
  if (outcome.code === 0) {
    told.transfers.set(outcome.hash, outcome.height)
  }
}

/** Each transfer has its own: two with one memo would be one that was executed twice. */
function memoOf(turn: number): string {
  return `transfer ${turn}`
}

async function noteBlock({ chain }: LoadOptions, told: Told): Promise<void> {
  const { height, blockHash } = await chain.status(new AbortController().signal)
  told.blocks.set(height, toHex(blockHash))
}
