/** The chain client against a real node: what a host does with it, and what it does when the node goes away. */
import { expect, onTestFinished, test } from 'vitest'
import type { ChainClient, ChainClientOptions } from '../../../src/chain-client/create-chain-client.ts'
import { connectChainClient } from '../../../src/chain-client/create-chain-client.ts'
import { createSigner } from '../../../src/chain-client/tx-signing.ts'
import { errorCode } from '../../../src/lib/coded-error.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'
import { DENOM } from '../../../src/protocol/params.ts'
import { tempTree } from '../../support/temp-tree.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { TestKey } from './network-fixture.ts'
import { DEVELOPER, testGenesis, testKey } from './network-fixture.ts'
import { REAL_CLOCK } from './real-clock.ts'
import { runNode, TEST_BLOCK_MS } from './running-node.ts'

const never = new AbortController().signal
const signer = createSigner(DEVELOPER.secret)
const QUICK = { pollIntervalMs: 100, rebroadcastMs: 300, firstRetryMs: 20, longestRetryMs: 100, blockPollMs: 100 }

async function connect(rpcUrl: string, options: Partial<ChainClientOptions> = {}): Promise<ChainClient> {
  const client = await connectChainClient(
    { clock: REAL_CLOCK, logger: SILENT_LOGGER },
    { rpcUrl, times: QUICK, ...options },
    never,
  )
  onTestFinished(() => client.close())
  return client
}

function transfer(to: string, amount: bigint, from: TestKey = DEVELOPER): TypedMessage {
  return {
    typeUrl: '/cosmos.bank.v1beta1.MsgSend',
    value: { fromAddress: from.address, toAddress: to, amount: [{ denom: DENOM, amount: amount.toString() }] },
  }
}

test('asks everything a host asks', async () => {
  const node = await runNode()
  const client = await connect(node.url, { chainId: 'tailrace-local-1' })
  await waitFor('blocks', async () => (await client.status(never)).height >= 3)
  expect(await client.params(never)).toEqual(testGenesis(0, { blockTimeMs: TEST_BLOCK_MS }).params)
  const epoch = await client.epoch(never)
  expect(epoch.races.map((race) => race.shape)).toContain('dev')
  expect(await client.host(testKey('nobody').address, never)).toBeUndefined()
  expect(await client.hosts(never)).toEqual([])
  expect(await client.assignment(0n, testKey('nobody').address, never)).toEqual([])
  expect(await client.openings(0n, never)).toEqual([])
  expect(await client.finds(0n, testKey('nobody').address, never)).toEqual([])
  expect((await client.supply(never)).genesis).toBe('1000000000000')
  expect((await client.randomness(2n, never)).length).toBe(32)
  expect(await client.balance(DEVELOPER.address, never)).toBe(1_000_000_000_000n)
  expect(await client.balance(testKey('nobody').address, never)).toBe(0n)
  // The app hash after block 2 stands in block 3's header; that of the newest block in the node's info.
  const { result } = await node.call('block', { height: '3' })
  expect(
    Buffer.from((await client.appHash(2, never)) ?? [])
      .toString('hex')
      .toUpperCase(),
  ).toBe(result.block.header.app_hash)
  expect(await client.appHash(1_000_000, never)).toBeUndefined()
  await expect(client.balance('not an address', never)).rejects.toMatchObject({ code: 'query_refused' })
})

test('submits and waits for the block; a refusal is a value with its code', async () => {
  const client = await connect((await runNode()).url)
  const to = testKey('receiver').address
  const outcome = await client.submit([transfer(to, 7n)], { signer, memo: 'hi' }, never)
  expect(outcome).toMatchObject({ code: 0, hash: expect.stringMatching(/^[0-9A-F]{64}$/) })
  expect(outcome.height).toBeGreaterThan(0)
  expect(outcome.events.map((event) => event.type)).toContain('transfer')
  expect(await client.findTx(outcome.hash, never)).toEqual(outcome)
  expect(await client.findTx('0'.repeat(64), never)).toBeUndefined()
  expect(await client.balance(to, never)).toBe(7n)
  const poor = testKey('poor')
  const failed = await client.submit([transfer(to, 1n, poor)], { signer: createSigner(poor.secret) }, never)
  expect(failed).toMatchObject({ code: 5, codespace: 'sdk' })
  const late = await client.submit([transfer(to, 1n)], { signer, timeoutHeight: 1n }, never)
  expect(late).toMatchObject({ code: 30, height: 0 })
  const foreign = await client.submitSync([transfer(to, 1n, poor)], { signer }, never)
  expect(foreign.code).not.toBe(0)
})

test('many at once from one account: each is executed exactly once', async () => {
  const client = await connect((await runNode()).url)
  const to = testKey('many').address
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, index) => client.submit([transfer(to, 1n)], { signer, memo: `${index}` }, never)),
  )
  expect(outcomes.map((outcome) => outcome.code)).toEqual(outcomes.map(() => 0))
  expect(new Set(outcomes.map((outcome) => outcome.hash)).size).toBe(20)
  expect(await client.balance(to, never)).toBe(20n)
})

test('two clients of one account get in each other’s way and both come through, once', async () => {
  const node = await runNode()
  const [one, two] = await Promise.all([connect(node.url), connect(node.url)])
  const to = testKey('both').address
  const submissions = [one, two].flatMap((client, index) =>
    Array.from({ length: 5 }, (_, count) =>
      client.submit([transfer(to, 1n)], { signer, memo: `${index}/${count}` }, never),
    ),
  )
  const outcomes = await Promise.all(submissions)
  expect(outcomes.map((outcome) => outcome.code)).toEqual(outcomes.map(() => 0))
  expect(await one.balance(to, never)).toBe(10n)
})

test('blocks are told in order, over the subscription', async () => {
  const node = await runNode()
  const client = await connect(node.url, { times: { ...QUICK, blockPollMs: 600_000 } })
  const heights: number[] = []
  const stop = client.onBlock((block) => heights.push(block.height))
  await waitFor('blocks', () => heights.length >= 5)
  stop()
  const [, ...subscribed] = heights
  expect(subscribed).toEqual(subscribed.map((_, index) => (subscribed[0] as number) + index))
})

test('without a WebSocket the height is asked for', async () => {
  const node = await runNode()
  const openSocket = () => {
    throw new Error('no WebSocket here')
  }
  const client = await connectChainClient(
    { clock: REAL_CLOCK, logger: SILENT_LOGGER, openSocket },
    { rpcUrl: node.url, times: QUICK },
    never,
  )
  onTestFinished(() => client.close())
  const heights: number[] = []
  client.onBlock((block) => heights.push(block.height))
  await waitFor('blocks', () => heights.length >= 3)
  expect(heights).toEqual([...new Set(heights)].sort((a, b) => a - b))
})

test('a node that restarts: states are told, blocks go on, what was submitted meanwhile gets through once', async () => {
  const home = tempTree({})
  const first = await runNode({ home })
  const client = await connect(first.url)
  const port = Number(new URL(first.url).port)
  const states: string[] = []
  const heights: number[] = []
  client.onConnection((state) => states.push(state))
  client.onBlock((block) => heights.push(block.height))
  await waitFor('blocks', () => heights.length >= 2)
  await first.node.stop()
  await waitFor('the loss', () => states.at(-1) === 'disconnected')
  const before = heights.length
  const to = testKey('meanwhile').address
  const submitted = client.submit([transfer(to, 3n)], { signer }, never)
  await runNode({ home, rpcPort: port })
  expect(await submitted).toMatchObject({ code: 0 })
  expect(await client.balance(to, never)).toBe(3n)
  await waitFor('more blocks', () => heights.length > before + 2)
  expect(heights).toEqual([...new Set(heights)].sort((a, b) => a - b))
  expect(states).toEqual(['connected', 'disconnected', 'connected'])
})

test('another network behind the address is refused, at once and later', async () => {
  const first = await runNode()
  const refused = connect(first.url, { chainId: 'tailrace-1' })
  await expect(refused).rejects.toMatchObject({ code: 'wrong_chain', fields: { found: 'tailrace-local-1' } })
})

test('a node that does not answer: chain_unreachable after the retries, at once when aborted', async () => {
  const options = { rpcUrl: 'http://127.0.0.1:1', times: { ...QUICK, retryForMs: 100 } }
  const components = { clock: REAL_CLOCK, logger: SILENT_LOGGER }
  await expect(connectChainClient(components, options, never)).rejects.toMatchObject({ code: 'chain_unreachable' })
  const abort = new AbortController()
  const connecting = connectChainClient(components, { ...options, times: { retryForMs: 600_000 } }, abort.signal)
  abort.abort()
  expect(errorCode(await connecting.catch((error: unknown) => error))).toBe('aborted')
  await expect(connectChainClient(components, { rpcUrl: 'ftp://x' }, never)).rejects.toMatchObject({
    code: 'invalid_rpc_url',
  })
})
