/** An unmodified CosmJS client over real sockets: what a Cosmos wallet does must work as it stands. */
import type { OfflineDirectSigner } from '@cosmjs/proto-signing'
import { coins, DirectSecp256k1Wallet } from '@cosmjs/proto-signing'
import type { SigningStargateClientOptions } from '@cosmjs/stargate'
import { assertIsDeliverTxSuccess, GasPrice, SigningStargateClient } from '@cosmjs/stargate'
import { Comet38Client, HttpBatchClient, WebsocketClient } from '@cosmjs/tendermint-rpc'
import { TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import { expect, onTestFinished, test } from 'vitest'
import { DENOM } from '../../../../src/protocol/params.ts'
import { waitFor } from '../../../support/wait-for.ts'
import type { TestKey } from '../network-fixture.ts'
import type { RpcSubject, SubjectNode } from './subject.ts'
import { freshKey } from './subject.ts'

const OPTIONS: SigningStargateClientOptions = {
  broadcastPollIntervalMs: 50,
  gasPrice: GasPrice.fromString(`0.01${DENOM}`),
}

function walletOf(key: TestKey): Promise<OfflineDirectSigner> {
  return DirectSecp256k1Wallet.fromKey(key.secret, 'tail')
}

async function connect(node: SubjectNode, key: TestKey): Promise<SigningStargateClient> {
  await waitFor(
    'a first block',
    async () => Number((await node.call('status')).result.sync_info.latest_block_height) > 0,
  )
  const client = await SigningStargateClient.connectWithSigner(node.url, await walletOf(key), OPTIONS)
  onTestFinished(() => client.disconnect())
  return client
}

export function testCosmjs(subject: RpcSubject): void {
  testReading(subject)
  testSending(subject)
  testRefusals(subject)
  testListening(subject)
}

function testReading(subject: RpcSubject): void {
  test('chain id, height, blocks', async () => {
    const node = await subject.start()
    const client = await connect(node, node.developer)
    expect(await client.getChainId()).toBe(node.chainId)
    const height = await client.getHeight()
    const block = await client.getBlock(height)
    expect(block.header).toMatchObject({ height, chainId: node.chainId })
    expect(block.txs.length).toBeGreaterThanOrEqual(1)
  })

  test('an empty wallet has account number 0, sequence 0 and nothing', async () => {
    const empty = freshKey('empty')
    const client = await connect(await subject.start(), empty)
    const { address } = empty
    expect(await client.getSequence(address)).toEqual({ accountNumber: 0n, sequence: 0 })
    expect(await client.getBalance(address, DENOM)).toEqual({ denom: DENOM, amount: '0' })
  })
}

function testSending(subject: RpcSubject): void {
  test('simulates, signs, broadcasts, polls and finds a transfer', async () => {
    const node = await subject.start()
    const { developer } = node
    const client = await connect(node, developer)
    const receiver = freshKey('receiver').address
    const { sequence } = await client.getSequence(developer.address)
    const message = {
      typeUrl: '/cosmos.bank.v1beta1.MsgSend',
      value: { fromAddress: developer.address, toAddress: receiver, amount: coins(5_000, DENOM) },
    }
    const sent = await client.signAndBroadcast(developer.address, [message], 'auto', 'hello')
    assertIsDeliverTxSuccess(sent)
    expect(sent.msgResponses).toHaveLength(1)
    expect(sent.gasUsed).toBeGreaterThan(0n)
    expect((await client.getBalance(receiver, DENOM)).amount).toBe('5000')
    expect(await client.getTx(sent.transactionHash)).toMatchObject({ height: sent.height, code: 0 })
    const bySender = await client.searchTx([
      { key: 'message.sender', value: developer.address },
      { key: 'tx.height', value: sent.height },
    ])
    expect(bySender.map((tx) => tx.hash)).toEqual([sent.transactionHash])
    expect(await client.searchTx(`transfer.recipient='${receiver}'`)).toHaveLength(1)
    expect(await client.searchTx(`transfer.recipient='${developer.address}'`)).toHaveLength(0)
    expect((await client.getSequence(developer.address)).sequence).toBe(sequence + 1)
  })
}

function testRefusals(subject: RpcSubject): void {
  test('what is refused says why: no funds, a duplicate, a sequence that is used up, a flipped bit', async () => {
    const node = await subject.start()
    const { developer } = node
    const client = await connect(node, developer)
    const poor = freshKey('poor')
    const { sequence } = await client.getSequence(developer.address)
    const poorClient = await connect(node, poor)
    const fee = { amount: [], gas: '100000' }
    const refused = (promise: Promise<unknown>) =>
      promise.then(
        () => 0,
        (error: { code: number }) => error.code,
      )
    // Without a fee only what would succeed may wait for a block.
    expect(await refused(poorClient.sendTokens(poor.address, developer.address, coins(1, DENOM), fee))).toBe(5)
    const sign = async (amount: number) => {
      const value = { fromAddress: developer.address, toAddress: poor.address, amount: coins(amount, DENOM) }
      const data = { accountNumber: 0n, sequence, chainId: node.chainId }
      const message = { typeUrl: '/cosmos.bank.v1beta1.MsgSend', value }
      return TxRaw.encode(await client.sign(developer.address, [message], fee, '', data)).finish()
    }
    const first = await sign(1)
    const flipped = Uint8Array.from(first)
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
    expect(await refused(client.broadcastTxSync(flipped))).toBe(4)
    await client.broadcastTxSync(first)
    await expect(client.broadcastTxSync(first)).rejects.toThrow('tx already exists in cache')
    expect(await refused(client.broadcastTxSync(await sign(2)))).toBe(32)
    // What the next test sends follows it.
    const isIncluded = async () => (await client.getSequence(developer.address)).sequence === sequence + 1
    await waitFor('the first transfer in a block', isIncluded)
  })
}

function testListening(subject: RpcSubject): void {
  test('subscribes to blocks and transactions over a WebSocket, and asks in batches', async () => {
    const node = await subject.start()
    const { developer } = node
    const client = await connect(node, developer)
    const socket = new WebsocketClient(node.webSocketUrl, () => undefined)
    const comet = Comet38Client.create(socket)
    onTestFinished(() => comet.disconnect())
    const heights: number[] = []
    const hashes: string[] = []
    const listening = [
      comet.subscribeNewBlock().subscribe({ next: (block) => heights.push(block.header.height) }),
      comet
        .subscribeTx(`message.sender='${developer.address}'`)
        .subscribe({ next: (tx) => hashes.push(Buffer.from(tx.hash).toString('hex').toUpperCase()) }),
    ]
    await waitFor('a block', () => heights.length > 0)
    const sent = await client.sendTokens(developer.address, freshKey('x').address, coins(1, DENOM), {
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
    expect(results.results.length).toBe(block.block.txs.length)
    expect(chain.blockMetas.map((meta) => meta.header.height)).toEqual([2, 1])
    expect(validators.total).toBe(1)
    expect(genesis.chainId).toBe(node.chainId)
    expect(health).toBeNull()
    expect((await batched.commit(2)).commit.blockId.hash).toEqual(block.blockId.hash)
    expect((await batched.numUnconfirmedTxs()).total).toBeGreaterThanOrEqual(0)
    expect((await batched.abciInfo()).lastBlockHeight).toBeGreaterThanOrEqual(3)
  })
}
