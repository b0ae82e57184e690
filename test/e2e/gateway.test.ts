/**
 * Paid completions through a real network of processes: the clients that developers use, keys and receipts by the command line,
 * a thousand malformed bodies, gateways and executors killed in the middle of streams. One network for the whole file; at its end
 * every batch is closed and all money accounted for.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { ChainClient } from '../../src/chain-client/create-chain-client.ts'
import { sumBigint } from '../../src/lib/fixed-point.ts'
import { loadOrCreateHostKeys } from '../../src/main/host-keys.ts'
import { tryPort } from '../../src/main/network/free-port.ts'
import { memberHome } from '../../src/main/network/local-network.ts'
import type { SupervisedChild } from '../../src/main/network/supervisor.ts'
import { checkReceipt } from '../../src/main/receipt-check.ts'
import { SYSTEM_RNG } from '../../src/main/system.ts'
import { addressOfPublicKey, decodeAddress } from '../../src/protocol/address.ts'
import { publicKeyOf } from '../../src/protocol/signature.ts'
import { decodeBundle } from '../../src/protocol/work/bundle.ts'
import { priceOf } from '../../src/protocol/work/price.ts'
import { createApiKey } from '../../src/protocol/work/session.ts'
import { ledgerMatches } from '../support/check/watch-network.ts'
import type { StreamEnd } from '../support/gateway/broken-stream.ts'
import { breakStream } from '../support/gateway/broken-stream.ts'
import type { ExpectedAnswer, WireBody } from '../support/gateway/client-matrix.ts'
import { MESSAGES, testClientMatrix } from '../support/gateway/client-matrix.ts'
import type { CommandResult, LocalGateway } from '../support/gateway/local-gateway.ts'
import { removeFolder, residentBytes, startLocalGateway } from '../support/gateway/local-gateway.ts'
import { malformedBodies } from '../support/gateway/malformed-bodies.ts'
import type { Answer, NetworkClient, OrderLine } from '../support/gateway/network-client.ts'
import { createNetworkClient, textOf } from '../support/gateway/network-client.ts'
import { CONNECTIONS, ERROR_BODY, postAll } from '../support/gateway/raw-client.ts'
import { readWhale } from '../support/gateway/whale.ts'
import type { BatchWatch } from '../support/gateway/work-audit.ts'
import { readExecutorBook, readGatewayBook, readWorkMoney, watchBatches } from '../support/gateway/work-audit.ts'
import { createRandom } from '../support/sampling-logits.ts'
import { waitFor } from '../support/wait-for.ts'

const WHALE = readWhale()
const MODEL = WHALE.id
const NEVER = new AbortController().signal
const COMPANIONS = ['companion-1', 'companion-2'] as const
const CREATED = z.strictObject({
  apiKey: z.string().startsWith('tr-'),
  payer: z.string().startsWith('tail1'),
  txHash: z.string().regex(/^[0-9A-F]{64}$/),
  height: z.int().positive(),
})
type Created = z.infer<typeof CREATED>

let local: LocalGateway
let batches: BatchWatch
let developer: string
let emptyKey: Created
let client: NetworkClient
/** A second gateway, started by hand, and who asks there with a key of its own. */
let second: SupervisedChild
let secondPort: number
let other: NetworkClient
/** File of a receipt that was fetched early. */
let keptReceipt: string
const random = createRandom(2_026)
beforeAll(async () => {
  local = await startLocalGateway((line) => process.stderr.write(`${line}\n`))
  batches = watchBatches(local.chain)
  const { ownerKey } = loadOrCreateHostKeys(memberHome(local.home, 'developer'), SYSTEM_RNG)
  developer = addressOfPublicKey(publicKeyOf(ownerKey))
  client = createNetworkClient(local.network.openaiUrl, local.apiKey, MODEL)
  emptyKey = await createKey('--amount', '1000')
})

afterAll(async () => {
  batches?.stop()
  await second?.stop()
  await local?.stop()
  removeFolder(local?.home ?? '')
})

function keyCreate(...options: string[]): Promise<CommandResult> {
  const at = ['--home', memberHome(local.home, 'developer'), '--rpc', local.network.rpcUrl]
  return local.command(['key', 'create', ...at, '--json', ...options])
}

async function createKey(...options: string[]): Promise<Created> {
  const { code, stdout, stderr } = await keyCreate(...options)
  expect(code, stderr).toBe(0)
  return CREATED.parse(JSON.parse(stdout))
}

async function expected(path: '/chat/completions' | '/completions', body: WireBody): Promise<ExpectedAnswer> {
  await local.untilServing(6)
  const answer = await client.ask(body, path)
  return {
    texts: answer.choices.map((_choice, index) => textOf(answer, index)),
    finishes: answer.choices.map(({ finish_reason }) => finish_reason),
    outputTokens: answer.usage.completion_tokens,
    scoredTokens: answer.choices[0]?.logprobs?.content?.length ?? 0,
  }
}

testClientMatrix({
  model: WHALE,
  baseUrl: () => local.network.openaiUrl,
  apiKey: () => local.apiKey,
  emptyKey: () => emptyKey.apiKey,
  expected,
  ready: () => local.untilServing(3),
})

/** Of a receipt that is verified later, when its batch is on chain. */
let firstOrder: string

test('one seed gives one text, whoever serves it', async () => {
  const body = { messages: MESSAGES, seed: 11, temperature: 1, max_tokens: 24 }
  const texts = new Set<string>()
  const executors = new Set<string>()
  await waitFor(
    'both companions to have served it',
    async () => {
      await local.untilServing(3, 2)
      const answer = await client.ask(body)
      texts.add(textOf(answer))
      executors.add(answer.tailrace.orders[0]?.executor ?? '')
      firstOrder ??= answer.tailrace.orders[0]?.order ?? ''
      return executors.size === 2
    },
    { deadlineMs: 300_000 },
  )
  expect(texts.size).toBe(1)
  const others = [
    { ...body, seed: 12 },
    { ...body, temperature: 0 },
    { ...body, messages: MESSAGES.slice(1) },
  ]
  for (const changed of others) {
    texts.add(textOf(await client.ask(changed)))
  }
  expect(texts.size).toBe(1 + others.length)
})

test('log-probabilities are those of one distribution', async () => {
  const answer = await client.ask({
    messages: MESSAGES,
    temperature: 0,
    max_tokens: 24,
    logprobs: true,
    top_logprobs: 5,
  })
  const tokens = answer.choices[0]?.logprobs?.content ?? []
  expect(tokens.length).toBeGreaterThan(0)
  for (const { token, logprob, top_logprobs: top } of tokens) {
    const total = top.reduce((sum, each) => sum + Math.exp(each.logprob), 0)
    expect(total).toBeLessThanOrEqual(1.001)
    expect(top.map((each) => each.logprob)).toEqual(top.map((each) => each.logprob).sort((a, b) => b - a))
    // Without temperature the best token is the chosen one.
    expect(top[0]).toMatchObject({ token, logprob })
  }
  expect(tokens.map(({ token }) => token).join('')).toBe(textOf(answer))
})

test('stop texts, limits and choices are kept; the usage is what was paid', async () => {
  const body = { messages: MESSAGES, temperature: 0, max_tokens: 40 }
  const whole = textOf(await client.ask(body))
  const stop = whole.slice(Math.floor(whole.length / 2)).split(' ')[1] ?? ''
  expect(stop).not.toBe('')
  const stopped = await client.ask({ ...body, stop: ['never said', stop] })
  expect([textOf(stopped), stopped.choices[0]?.finish_reason]).toEqual([whole.slice(0, whole.indexOf(stop)), 'stop'])
  const short = await client.ask({ ...body, max_tokens: 3 })
  expect([short.usage.completion_tokens, short.choices[0]?.finish_reason]).toEqual([3, 'length'])
  expect(whole.startsWith(textOf(short))).toBe(true)
  const two = await client.ask({ ...body, temperature: 1, seed: 3, n: 2, max_tokens: 12 })
  expect(two.choices).toHaveLength(2)
  expect(textOf(two, 0)).not.toBe(textOf(two, 1))
  const prompt = WHALE.text.renderChat(MESSAGES).length
  expect(two.usage).toEqual({ prompt_tokens: prompt, completion_tokens: 24, total_tokens: prompt + 24 })
  const rows = await linesOf(two)
  expect(rows.map(({ price_utail }) => price_utail)).toEqual(two.tailrace.orders.map((order) => order.price_utail))
  expect(rows.map((row) => [row.prompt_tokens, row.output_tokens, row.state])).toEqual([
    [prompt, 12, 'done'],
    [prompt, 12, 'done'],
  ])
})

/** What the gateway says of an answer's orders, choice by choice. */
async function linesOf(answer: Answer): Promise<OrderLine[]> {
  const all = await client.orders()
  return answer.tailrace.orders.flatMap(({ order }) => all.filter((line) => line.order === order))
}

function refusalOf(apiKey: string): Promise<readonly [number, string]> {
  return createNetworkClient(client.baseUrl, apiKey, MODEL).refusal({ messages: MESSAGES })
}

describe('keys', () => {
  test('unknown, empty, dear and expired ones are refused, each with its code', async () => {
    expect(await refusalOf('tr-wrong')).toEqual([401, 'invalid_api_key'])
    // A key that is none of anybody's escrow.
    expect(await refusalOf(createApiKey(SYSTEM_RNG.bytes(32)))).toEqual([401, 'key_unknown'])
    expect(await refusalOf(emptyKey.apiKey)).toEqual([402, 'insufficient_quota'])
    const capped = await createKey('--max-price', '1')
    expect(await refusalOf(capped.apiKey)).toEqual([402, 'price_above_cap'])
    const limited = await createKey('--limit', '1000')
    expect(await refusalOf(limited.apiKey)).toEqual([402, 'insufficient_quota'])
    const short = await createKey('--expiry-blocks', '6')
    await waitFor('the key to expire', async () => (await refusalOf(short.apiKey))[1] === 'key_expired')
    expect(await refusalOf(short.apiKey)).toEqual([401, 'key_expired'])
  })

  test('the command line says what is wrong', async () => {
    const none = await keyCreate('--model', 'no-such-model')
    expect([none.code, none.stdout]).toEqual([1, ''])
    expect(none.stderr).toContain('no such model')
    const poor = await local.command([
      ...['key', 'create', '--home', join(local.home, 'nobody')],
      ...['--rpc', local.network.rpcUrl, '--amount', '5'],
    ])
    expect([poor.code, poor.stdout]).toEqual([1, ''])
    expect(poor.stderr).toContain('deposit')
    expect((await keyCreate('--amount', '-1')).code).toBe(2)
  })
})

describe('receipts', () => {
  const verify = (file: string, ...options: string[]): Promise<CommandResult> =>
    local.command(['receipt', 'verify', file, '--rpc', local.network.rpcUrl, ...options])
  let file: string
  let text: string

  test('come with their batch, and hold by themselves and on the chain', async () => {
    const path = `/tailrace/receipts/${firstOrder}`
    await waitFor('the batch', async () => (await client.get(path)).status === 200, { deadlineMs: 120_000 })
    text = await (await client.get(path)).text()
    file = join(local.home, 'receipt.json')
    keptReceipt = join(local.home, 'kept-receipt.json')
    writeFileSync(file, text)
    writeFileSync(keptReceipt, text)
    const { code, stdout } = await verify(file)
    expect(stdout).toContain('stands on the chain')
    expect(code).toBe(0)
    const { opening } = decodeBundle(text)
    const { price = 0n, promptTokens = 0, outputTokens = 0 } = opening?.receipt?.receipt ?? {}
    expect(price).toBe(priceOf(opening?.order?.order?.price ?? 0n, promptTokens, outputTokens))
    const line = (await client.orders()).find(({ order }) => order === firstOrder)
    expect(line).toMatchObject({ price_utail: String(price), prompt_tokens: promptTokens, output_tokens: outputTokens })
  })

  test('of others are nobody’s business', async () => {
    const stranger = createNetworkClient(client.baseUrl, emptyKey.apiKey, MODEL)
    expect((await stranger.get(`/tailrace/receipts/${firstOrder}`)).status).toBe(404)
    expect((await client.get(`/tailrace/receipts/${'0'.repeat(64)}`)).status).toBe(404)
  })

  test('with one wrong bit, wherever it is, do not', async () => {
    const { bundle, ...rest } = JSON.parse(text) as { bundle: string }
    const bytes = Buffer.from(bundle, 'base64')
    const flipped = (at: number): string => {
      const other = Buffer.from(bytes)
      other[at] = (other[at] ?? 0) ^ (1 << (random() * 8))
      return JSON.stringify({ ...rest, bundle: other.toString('base64') })
    }
    const holds = (wrong: string, chain?: ChainClient): Promise<boolean> =>
      checkReceipt(wrong, chain, NEVER).then(
        ({ valid }) => valid,
        () => false,
      )
    const accepted: number[] = []
    for (let at = 0; at < bytes.length; at += 1 + Math.floor(random() * 6)) {
      const wrong = flipped(at)
      // The chain is asked only where nothing else is wrong.
      const isAccepted = (await holds(wrong)) && (await holds(wrong, local.chain))
      accepted.push(...(isAccepted ? [at] : []))
    }
    expect(accepted).toEqual([])
    writeFileSync(file, flipped(Math.floor(bytes.length / 3)))
    const { code, stdout, stderr } = await verify(file)
    expect(stdout + stderr).toMatch(/NOT valid|receipt: /)
    expect(code).toBe(1)
  })
})

describe('a second gateway', () => {
  const ENOUGH = { messages: MESSAGES, seed: 11, temperature: 1, max_tokens: 24 }
  let key: Created

  test('started by hand, with a key of its own, says the same', async () => {
    key = await createKey('--amount', '1000000000')
    secondPort = (await tryPort(0)) ?? 0
    second = local.startGateway('gateway-2', secondPort)
    const { openai = '' } = await second.ready
    expect(openai).toBe(`http://127.0.0.1:${secondPort}/v1`)
    other = createNetworkClient(openai, key.apiKey, MODEL)
    await local.untilServing(6)
    const [here, there] = [await other.ask(ENOUGH), await client.ask(ENOUGH)]
    expect(textOf(here)).toBe(textOf(there))
    const batched = async (): Promise<boolean> => (await other.orders()).every((line) => line.batched !== null)
    await waitFor('its batch', batched, { deadlineMs: 120_000 })
    const receipt = await other.get(`/tailrace/receipts/${here.tailrace.orders[0]?.order}`)
    expect((await checkReceipt(await receipt.text(), local.chain, NEVER)).valid).toBe(true)
  })

  test('answers a thousand malformed bodies, and nobody pays for them', async () => {
    const payer = decodeAddress(key.payer)
    const paid = async (): Promise<bigint> => (await local.chain.work.escrow(payer, NEVER)).escrow?.paid ?? -1n
    const memory = (): number[] => [second.status().pid ?? 0, local.pid('node') ?? 0].map(residentBytes)
    const before = { orders: await other.orders(), paid: await paid(), memory: memory() }
    const bodies = malformedBodies(1_000, 7, MODEL)
    const { answers, connections } = await postAll(`${other.baseUrl}/chat/completions`, key.apiKey, bodies, 120_000)
    const wrong = answers.filter(
      ({ status, headers, text }) =>
        status < 400 ||
        status >= 500 ||
        !/^req_[0-9a-f]{32}$/.test(String(headers['x-request-id'])) ||
        !isErrorBody(text),
    )
    expect(wrong.map(({ what, status, text }) => `${what}: ${status} ${text.slice(0, 200)}`)).toEqual([])
    expect(answers).toHaveLength(1_000)
    // A new connection only at first, and where an answer came before the end of its question.
    const closed = answers.filter(({ headers }) => headers.connection === 'close').length
    expect(connections).toBeLessThanOrEqual(CONNECTIONS + closed)
    expect(closed).toBeLessThan(250)
    const statuses = new Set(answers.map(({ status }) => status))
    expect([...statuses].sort()).toEqual([400, 404, 413, 415])
    expect({ orders: await other.orders(), paid: await paid() }).toEqual({ orders: before.orders, paid: before.paid })
    const grown = memory().map((bytes, index) => (bytes - (before.memory[index] ?? 0)) / 2 ** 20)
    expect(
      grown.every((megabytes) => megabytes < 256),
      `grew by ${grown} MiB`,
    ).toBe(true)
    expect(textOf(await other.ask(ENOUGH))).not.toBe('')
  })

  test('leaves a book without reservations, and goes on with it', async () => {
    const done = (await other.orders()).map((line) => BigInt(line.price_utail))
    await second.stop()
    const book = readGatewayBook(join(local.home, 'gateway-2'))
    expect({ owed: book.owed, reserved: book.reserved }).toEqual({ owed: sumBigint(done), reserved: 0n })
    second = local.startGateway('gateway-2', secondPort)
    await second.ready
    expect(await other.orders()).toHaveLength(done.length)
    expect(textOf(await other.ask(ENOUGH))).not.toBe('')
  })
})

function isErrorBody(text: string): boolean {
  try {
    return ERROR_BODY.safeParse(JSON.parse(text)).success
  } catch {
    // No JSON.
    return false
  }
}

describe('killed in the middle of streams', () => {
  const EACH = 8
  const PIECES = 80
  /** Nobody to be drawn; all killed; one that was just killed. */
  const MAY_REFUSE = ['no_host', 'all_busy', 'executor_lost']

  test('gateways and executors come back, and no client waits for ever', async () => {
    const kinds = Array.from({ length: 2 * EACH }, (_, index) => (index % 2 === 0 ? 'gateway' : 'executor'))
    for (const [index, kind] of kinds.entries()) {
      const at = 1 + Math.floor(random() * PIECES)
      const end = await breakOne(kind, index, at)
      const wanted = kind === 'gateway' ? { kind: 'broken' } : { kind: 'error_event', code: 'executor_lost' }
      expect(end, `${kind} killed after ${at} pieces`).toEqual(wanted)
    }
    await waitFor('everybody to be back', () => local.network.statuses().every(({ running }) => running), {
      deadlineMs: 60_000,
    })
    for (const one of [client, other]) {
      expect(textOf(await one.ask({ messages: MESSAGES, max_tokens: 8, temperature: 0 }))).not.toBe('')
    }
  })

  /** Tries until a stream was under way when its gateway, or its executor, was killed; earlier where the answer outran the kill. */
  async function breakOne(kind: string, index: number, at: number): Promise<StreamEnd> {
    let attempt = 0
    let pieces = at
    const once = async (): Promise<StreamEnd | undefined> => {
      await local.untilServing(4)
      const { one, pid } = await healthyGateway(kind === 'gateway' ? (index / 2) % 2 : attempt % 2)
      attempt += 1
      const target = { baseUrl: one.baseUrl, apiKey: one.apiKey, model: MODEL, eosTokens: WHALE.eosTokens }
      const kill = async (executor: string): Promise<void> => {
        const victim = kind === 'gateway' ? pid : local.pid(await nameOf(executor))
        if (victim !== undefined) {
          process.kill(victim, 'SIGKILL')
        }
      }
      const end = await breakStream(target, index % 4 < 2 ? 'openai' : 'fetch', pieces, kill, 60_000)
      if (end.kind === 'whole') {
        pieces = Math.ceil(pieces / 2)
      }
      return end.kind === 'whole' || isRefusal(end) ? undefined : end
    }
    return waitFor(`a stream whose ${kind} was killed`, once, { deadlineMs: 300_000 })
  }

  const isRefusal = (end: StreamEnd): boolean => end.kind === 'refused' && MAY_REFUSE.includes(end.code)

  const names = new Map<string, string>()
  /** Asked of the chain once: between the kill's piece and the kill no time is lost. */
  async function nameOf(executor: string): Promise<string> {
    const name = names.get(executor) ?? (await local.nameOf(executor))
    names.set(executor, name)
    return name
  }

  async function healthyGateway(preferred: number): Promise<{ one: NetworkClient; pid: number | undefined }> {
    const gateways = [
      { one: client, pid: () => local.pid('gateway') },
      { one: other, pid: () => second.status().pid },
    ]
    const { one, pid } = gateways[preferred] ?? { one: client, pid: () => undefined }
    const health = new URL('/healthz', one.baseUrl)
    await waitFor('the gateway', async () => (await fetch(health)).ok, { deadlineMs: 60_000 })
    return { one, pid: pid() }
  }

  test('every batch is closed and all money is accounted for', async () => {
    const { height } = await local.chain.status(NEVER)
    await batches.untilAllClosed(height, 300_000)
    const money = await readWorkMoney(local.chain, local.port, developer)
    expect(money).toMatchObject({ paid: money.income, accepted: money.income, refunded: money.givenBack })
    expect([money.faults, money.frozen]).toEqual([0n, 0])
    const { supply } = money
    expect(supply).toEqual({ ...supply, issued: supply.placed, held: money.held, bonds: money.bonds })
    expect(supply.escrows).toBe(money.inEscrows)
    for (const { owner, moniker } of await local.chain.hosts(NEVER)) {
      expect(await ledgerMatches(local.port, owner, NEVER), moniker).toBe(true)
    }
    for (const one of [client, other]) {
      expect((await one.orders()).filter(({ state }) => state !== 'done' && state !== 'failed')).toEqual([])
    }
    const first = await local.command(['receipt', 'verify', keptReceipt, '--rpc', local.network.rpcUrl])
    expect(first.stdout).toContain('stands on the chain')
    await second.stop()
    await local.stop()
    checkBooks(money.paid)
  })

  /** What the executors wrote down says the same as the chain: each receipt once, in one batch, one after the other in its lane. */
  function checkBooks(paid: bigint): void {
    const executors = COMPANIONS.map((name) => readExecutorBook(join(local.home, name)))
    const receipts = executors.flatMap((book) => book.receipts)
    // A receipt that its killed gateway never countersigned may come too late: the payer's next voucher has passed its place.
    const lost = receipts.filter(({ state }) => state !== 'batched')
    expect(lost.filter(({ state, isCountersigned }) => isCountersigned || state !== 'failed')).toEqual([])
    expect(lost.length).toBeLessThanOrEqual(EACH)
    const batched = executors.flatMap((book) => book.batched)
    expect(new Set(batched).size).toBe(batched.length)
    const paidOnce = receipts.filter((receipt) => !lost.includes(receipt)).map(({ orderHash }) => orderHash)
    expect([...batched].sort()).toEqual(paidOnce.sort())
    for (const book of executors) {
      for (const lane of Map.groupBy(book.receipts, ({ payer }) => payer).values()) {
        const intervals = lane.flatMap(({ interval }) => (interval === undefined ? [] : [interval]))
        const inOrder = intervals.sort(([a], [b]) => (a < b ? -1 : 1))
        expect(inOrder.map(([from]) => from)).toEqual([0n, ...inOrder.slice(0, -1).map(([, to]) => to)])
      }
    }
    expect(sumBigint(receipts.map(({ interval: [from, to] = [0n, 0n] }) => to - from))).toBe(paid)
    const done = ['gateway', 'gateway-2'].flatMap((name) => readGatewayBook(join(local.home, name)).done)
    expect(done.filter(({ orderHash }) => !batched.includes(orderHash))).toEqual([])
  }
})
