/**
 * An unmodified CosmJS client against a real node over real sockets: what a Cosmos wallet does must work as it stands.
 */
import type { OfflineDirectSigner } from '@cosmjs/proto-signing'
import { coins, DirectSecp256k1Wallet } from '@cosmjs/proto-signing'
import type { SigningStargateClientOptions } from '@cosmjs/stargate'
import { assertIsDeliverTxSuccess, GasPrice, SigningStargateClient } from '@cosmjs/stargate'
import { Comet38Client, HttpBatchClient, WebsocketClient } from '@cosmjs/tendermint-rpc'
import { TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import { expect, onTestFinished, test } from 'vitest'
import { DENOM } from '../../../src/protocol/params.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { TestKey } from './network-fixture.ts'
import { DEVELOPER, testKey } from './network-fixture.ts'
import type { RunningNode } from './running-node.ts'
import { runNode } from './running-node.ts'

const OPTIONS: SigningStargateClientOptions = {
  broadcastPollIntervalMs: 50,
  gasPrice: GasPrice.fromString(`0.01${DENOM}`),
}

function walletOf(key: TestKey): Promise<OfflineDirectSigner> {
  return DirectSecp256k1Wallet.fromKey(key.secret, 'tail')
}

async function connect(node: RunningNode, key: TestKey): Promise<SigningStargateClient> {
  await waitFor(
    'a first block',
    async () => Number((await node.call('status')).result.sync_info.latest_block_height) > 0,
  )
  const client = await SigningStargateClient.connectWithSigner(node.url, await walletOf(key), OPTIONS)
  onTestFinished(() => client.disconnect())
  return client
}

test('chain id, height, blocks', async () => {
  const client = await connect(await runNode(), DEVELOPER)
  expect(await client.getChainId()).toBe('tailrace-local-1')
  const height = await client.getHeight()
  const block = await client.getBlock(height)
  expect(block.header).toMatchObject({ height, chainId: 'tailrace-local-1' })
  expect(block.txs.length).toBe(1)
})

test('an empty wallet has account number 0, sequence 0 and nothing', async () => {
  const client = await connect(await runNode(), testKey('empty'))
  const { address } = testKey('empty')
  expect(await client.getSequence(address)).toEqual({ accountNumber: 0n, sequence: 0 })
  expect(await client.getBalance(address, DENOM)).toEqual({ denom: DENOM, amount: '0' })
})

test('simulates, signs, broadcasts, polls and finds a transfer', async () => {
  const client = await connect(await runNode(), DEVELOPER)
  const receiver = testKey('receiver').address
  const message = {
    typeUrl: '/cosmos.bank.v1beta1.MsgSend',
    value: { fromAddress: DEVELOPER.address, toAddress: receiver, amount: coins(5_000, DENOM) },
  }
  const sent = await client.signAndBroadcast(DEVELOPER.address, [message], 'auto', 'hello')
  assertIsDeliverTxSuccess(sent)
  expect(sent.msgResponses).toHaveLength(1)
  expect(sent.gasUsed).toBeGreaterThan(0n)
  expect((await client.getBalance(receiver, DENOM)).amount).toBe('5000')
  expect(await client.getTx(sent.transactionHash)).toMatchObject({ height: sent.height, code: 0 })
  const bySender = await client.searchTx([
    { key: 'message.sender', value: DEVELOPER.address },
    { key: 'tx.height', value: sent.height },
  ])
  expect(bySender.map((tx) => tx.hash)).toEqual([sent.transactionHash])
  expect(await client.searchTx(`transfer.recipient='${receiver}'`)).toHaveLength(1)
  expect(await client.searchTx(`transfer.recipient='${DEVELOPER.address}'`)).toHaveLength(0)
  expect((await client.getSequence(DEVELOPER.address)).sequence).toBe(1)
})

test('what is refused says why: no funds, a duplicate, a sequence that is used up, a flipped bit', async () => {
  const node = await runNode()
  const client = await connect(node, DEVELOPER)
  const poor = testKey('poor')
  const poorClient = await connect(node, poor)
  const fee = { amount: [], gas: '100000' }
  const refused = (promise: Promise<unknown>) =>
    promise.then(
      () => 0,
      (error: { code: number }) => error.code,
    )
  // Without a fee only what would succeed may wait for a block.
  expect(await refused(poorClient.sendTokens(poor.address, DEVELOPER.address, coins(1, DENOM), fee))).toBe(5)
  const sign = async (amount: number) => {
    const value = { fromAddress: DEVELOPER.address, toAddress: poor.address, amount: coins(amount, DENOM) }
    const data = { accountNumber: 0n, sequence: 0, chainId: 'tailrace-local-1' }
    const message = { typeUrl: '/cosmos.bank.v1beta1.MsgSend', value }
    return TxRaw.encode(await client.sign(DEVELOPER.address, [message], fee, '', data)).finish()
  }
  const first = await sign(1)
  const flipped = Uint8Array.from(first)
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  expect(await refused(client.broadcastTxSync(flipped))).toBe(4)
  await client.broadcastTxSync(first)
  await expect(client.broadcastTxSync(first)).rejects.toThrow('tx already exists in cache')
  expect(await refused(client.broadcastTxSync(await sign(2)))).toBe(32)
})

test('subscribes to blocks and transactions over a WebSocket, and asks in batches', async () => {
  const node = await runNode()
  const client = await connect(node, DEVELOPER)
  const socket = new WebsocketClient(node.webSocketUrl, () => undefined)
  const comet = Comet38Client.create(socket)
  onTestFinished(() => comet.disconnect())
  const heights: number[] = []
  const hashes: string[] = []
  const listening = [
    comet.subscribeNewBlock().subscribe({ next: (block) => heights.push(block.header.height) }),
    comet
      .subscribeTx(`message.sender='${DEVELOPER.address}'`)
      .subscribe({ next: (tx) => hashes.push(Buffer.from(tx.hash).toString('hex').toUpperCase()) }),
  ]
  await waitFor('a block', () => heights.length > 0)
  const sent = await client.sendTokens(DEVELOPER.address, testKey('x').address, coins(1, DENOM), {
    amount: [],
    gas: '100000',
  })
  await waitFor('the transaction', () => hashes.includes(sent.transactionHash))
  await waitFor('more blocks', () => heights.length > 3)
  expect(heights).toEqual(heights.map((_, index) => (heights[0] as number) + index))
  for (const subscription of listening) {
    subscription.unsubscribe()
  }
  const batch = new HttpBatchClient(node.url)
  onTestFinished(() => batch.disconnect())
  const batched = Comet38Client.create(batch)
  const [status, block, results, chain, validators, genesis, health] = await Promise.all([
    batched.status(),
    batched.block(2),
    batched.blockResults(2),
    batched.blockchain(1, 2),
    batched.validatorsAll(2),
    batched.genesis(),
    batched.health(),
  ])
  expect(status.syncInfo.latestBlockHeight).toBeGreaterThanOrEqual(3)
  expect(block.block.lastCommit?.height).toBe(1)
  expect(results.results).toHaveLength(1)
  expect(chain.blockMetas.map((meta) => meta.header.height)).toEqual([2, 1])
  expect(validators.total).toBe(1)
  expect(genesis.chainId).toBe('tailrace-local-1')
  expect(health).toBeNull()
  expect((await batched.commit(2)).commit.blockId.hash).toEqual(block.blockId.hash)
  expect((await batched.numUnconfirmedTxs()).total).toBe(0)
  expect((await batched.abciInfo()).lastBlockHeight).toBeGreaterThanOrEqual(3)
})
