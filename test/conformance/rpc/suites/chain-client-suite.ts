/** The chain client against a node: what a host does with it, and what it does when the node goes away. */
import { expect, onTestFinished, test } from 'vitest'
import type { ChainClient, ChainClientOptions } from '../../../../src/chain-client/create-chain-client.ts'
import { connectChainClient } from '../../../../src/chain-client/create-chain-client.ts'
import { createSigner } from '../../../../src/chain-client/tx-signing.ts'
import { toHex } from '../../../../src/lib/bytes.ts'
import { SILENT_LOGGER } from '../../../../src/lib/runtime.ts'
import type { TypedMessage } from '../../../../src/protocol/messages.ts'
import { DENOM } from '../../../../src/protocol/params.ts'
import { waitFor } from '../../../support/wait-for.ts'
import type { TestKey } from '../network-fixture.ts'
import { REAL_CLOCK } from '../real-clock.ts'
import type { RpcSubject, SubjectNode } from './subject.ts'
import { freshKey } from './subject.ts'

const never = new AbortController().signal
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

function transfer(from: TestKey, to: string, amount: bigint): TypedMessage {
  return {
    typeUrl: '/cosmos.bank.v1beta1.MsgSend',
    value: { fromAddress: from.address, toAddress: to, amount: [{ denom: DENOM, amount: amount.toString() }] },
  }
}

/** An account with money of its own, so that tests of one network do not use up each other's sequences. */
async function funded(node: SubjectNode, client: ChainClient, name: string): Promise<TestKey> {
  const key = freshKey(name)
  const signer = createSigner(node.developer.secret)
  const outcome = await client.submit([transfer(node.developer, key.address, 1_000n)], { signer }, never)
  expect(outcome).toMatchObject({ code: 0 })
  return key
}

export function testChainClient(subject: RpcSubject): void {
  testQuestions(subject)
  testSubmitting(subject)
  testCrowding(subject)
  testFollowing(subject)
}

function testQuestions(subject: RpcSubject): void {
  test('asks everything a host asks', async () => {
    const node = await subject.start()
    const client = await connect(node.url, { chainId: node.chainId })
    await waitFor('blocks', async () => (await client.status(never)).height >= 3)
    expect((await client.params(never)).epochLength).toBeGreaterThan(0)
    expect((await client.epoch(never)).races.map((race) => race.shape)).toContain('dev')
    const nobody = freshKey('nobody').address
    expect(await client.host(nobody, never)).toBeUndefined()
    expect((await client.hosts(never)).map(({ owner }) => owner)).not.toContain(nobody)
    expect(await client.assignment(0n, nobody, never)).toEqual([])
    expect(await client.openings(0n, never)).toEqual([])
    expect(await client.finds(0n, nobody, never)).toEqual([])
    expect((await client.supply(never)).genesis).toBe('1000000000000')
    expect((await client.randomness(2n, never)).length).toBe(32)
    expect(await client.balance(node.developer.address, never)).toBeGreaterThan(0n)
    expect(await client.balance(nobody, never)).toBe(0n)
    // The app hash after block 2 stands in block 3's header; that of the newest block in the node's info.
    const { result } = await node.call('block', { height: '3' })
    expect(toHex((await client.appHash(2, never)) ?? new Uint8Array(0)).toUpperCase()).toBe(
      result.block.header.app_hash,
    )
    expect(await client.appHash(1_000_000, never)).toBeUndefined()
    await expect(client.balance('not an address', never)).rejects.toMatchObject({ code: 'query_refused' })
  })

  test('block times are those of the headers; blocks that are not there are missing', async () => {
    const node = await subject.start()
    const client = await connect(node.url)
    await waitFor('blocks', async () => (await client.status(never)).height >= 4)
    const times = await client.history.blockTimes([3, 1, 1, 0, 1_000_000, 900_000], never)
    expect([...times.keys()].sort()).toEqual([1, 3])
    const { result } = await node.call('header', { height: '3' })
    expect(times.get(3)).toBe(Date.parse(result.header.time))
    expect(await client.history.registrations(freshKey('somebody').address, never)).toEqual([])
  })
}

function testSubmitting(subject: RpcSubject): void {
  test('submits and waits for the block; a refusal is a value with its code', async () => {
    const node = await subject.start()
    const client = await connect(node.url)
    const sender = await funded(node, client, 'sender')
    const signer = createSigner(sender.secret)
    const to = freshKey('receiver').address
    const outcome = await client.submit([transfer(sender, to, 7n)], { signer, memo: 'hi' }, never)
    expect(outcome).toMatchObject({ code: 0, hash: expect.stringMatching(/^[0-9A-F]{64}$/) })
    expect(outcome.height).toBeGreaterThan(0)
    expect(outcome.events.map((event) => event.type)).toContain('transfer')
    expect(await client.findTx(outcome.hash, never)).toEqual(outcome)
    expect(await client.findTx('0'.repeat(64), never)).toBeUndefined()
    expect(await client.balance(to, never)).toBe(7n)
    const poor = freshKey('poor')
    const failed = await client.submit([transfer(poor, to, 1n)], { signer: createSigner(poor.secret) }, never)
    expect(failed).toMatchObject({ code: 5, codespace: 'sdk' })
    const late = await client.submit([transfer(sender, to, 1n)], { signer, timeoutHeight: 1n }, never)
    expect(late).toMatchObject({ code: 30, height: 0 })
    const foreign = await client.submitSync([transfer(poor, to, 1n)], { signer }, never)
    expect(foreign.code).not.toBe(0)
  })
}

function testCrowding(subject: RpcSubject): void {
  test('many at once from one account: each is executed exactly once', async () => {
    const node = await subject.start()
    const client = await connect(node.url)
    const sender = await funded(node, client, 'sender')
    const signer = createSigner(sender.secret)
    const to = freshKey('many').address
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        client.submit([transfer(sender, to, 1n)], { signer, memo: `${index}` }, never),
      ),
    )
    expect(outcomes.map((outcome) => outcome.code)).toEqual(outcomes.map(() => 0))
    expect(new Set(outcomes.map((outcome) => outcome.hash)).size).toBe(20)
    expect(await client.balance(to, never)).toBe(20n)
  })

  test('two clients of one account get in each other’s way and both come through, once', async () => {
    const node = await subject.start()
    const [one, two] = await Promise.all([connect(node.url), connect(node.url)])
    const sender = await funded(node, one, 'sender')
    const signer = createSigner(sender.secret)
    const to = freshKey('both').address
    const submissions = [one, two].flatMap((client, index) =>
      Array.from({ length: 5 }, (_, count) =>
        client.submit([transfer(sender, to, 1n)], { signer, memo: `${index}/${count}` }, never),
      ),
    )
    const outcomes = await Promise.all(submissions)
    expect(outcomes.map((outcome) => outcome.code)).toEqual(outcomes.map(() => 0))
    expect(await one.balance(to, never)).toBe(10n)
  })
}

function testFollowing(subject: RpcSubject): void {
  test('blocks are told in order, over the subscription', async () => {
    const node = await subject.start()
    const client = await connect(node.url, { times: { ...QUICK, blockPollMs: 600_000 } })
    const heights: number[] = []
    const stop = client.onBlock((block) => heights.push(block.height))
    await waitFor('blocks', () => heights.length >= 5)
    stop()
    const [, ...subscribed] = heights
    expect(subscribed).toEqual(subscribed.map((_, index) => (subscribed[0] as number) + index))
  })

  test('without a WebSocket the height is asked for', async () => {
    const node = await subject.start()
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

  test('another network behind the address is refused', async () => {
    const node = await subject.start()
    await expect(connect(node.url, { chainId: 'tailrace-1' })).rejects.toMatchObject({
      code: 'wrong_chain',
      fields: { found: node.chainId },
    })
  })
}

/** Apart: nobody else may use the node meanwhile. */
export function testRestart(subject: RpcSubject): void {
  test('a node that restarts: states are told, blocks go on, what was submitted meanwhile gets through once', async () => {
    const node = await subject.start()
    const client = await connect(node.url)
    const sender = await funded(node, client, 'sender')
    const to = freshKey('meanwhile').address
    const states: string[] = []
    const heights: number[] = []
    client.onConnection((state) => states.push(state))
    client.onBlock((block) => heights.push(block.height))
    await waitFor('blocks', () => heights.length >= 2)
    let submitted: Promise<unknown> = Promise.resolve()
    await node.restart(async () => {
      await waitFor('the loss', () => states.at(-1) === 'disconnected')
      submitted = client.submit([transfer(sender, to, 3n)], { signer: createSigner(sender.secret) }, never)
      submitted.catch(() => undefined)
    })
    const before = heights.length
    expect(await submitted).toMatchObject({ code: 0 })
    expect(await client.balance(to, never)).toBe(3n)
    await waitFor('more blocks', () => heights.length > before + 2)
    expect(heights).toEqual([...new Set(heights)].sort((a, b) => a - b))
    expect(states).toEqual(['connected', 'disconnected', 'connected'])
  })
}
