/**
 * The node is killed with SIGKILL at random moments under load. Whatever it had told anybody about a block must still be true
 * after the restart, and the blocks it kept must give the same app hashes when they are replayed from the genesis.
 */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { toBase64 } from '../../../src/chain-node/base64.ts'
import { encodeGenesis } from '../../../src/chain-node/genesis-file.ts'
import { utf8 } from '../../../src/lib/bytes.ts'
import { createDrawStream } from '../../../src/protocol/draw.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import { replayBlocks } from '../../support/kills/replay.ts'
import { tempTree } from '../../support/temp-tree.ts'
import { waitFor } from '../../support/wait-for.ts'
import { DEVELOPER, signedTransfer, testGenesis, testKey } from './network-fixture.ts'

const KILLS = 12
const genesis = testGenesis(1_700_000_000_000, { blockTimeMs: 60 })
const receiver = testKey('receiver').address

interface Told {
  readonly blocks: Map<number, string>
  readonly txs: Map<string, number>
}

test(`${KILLS} kills lose no block that anybody heard of, and the chain replays to the same app hashes`, async () => {
  const home = tempTree({})
  writeFileSync(`${home}/genesis.json`, encodeGenesis(genesis))
  const told: Told = { blocks: new Map(), txs: new Map() }
  const random = createDrawStream(sha256(utf8(`kill ${process.env.KILL_SEED ?? '1'}`)))
  for (let kill = 0; kill < KILLS; kill++) {
    const node = await startChild(home)
    await checkTold(node.url, told)
    const moreTxs = 1 + Number(random.below(3n))
    const thenMs = Number(random.below(200n))
    await Promise.all([killLater(node.child, told, moreTxs, thenMs), loadUntilGone(node.url, told)])
  }
  const last = await startChild(home)
  await checkTold(last.url, told)
  last.child.kill('SIGKILL')
  await once(last.child, 'exit')
  expect(told.txs.size).toBeGreaterThanOrEqual(KILLS)
  replay(home, told)
}, 900_000)

/** Sends transfers and notes what the node tells of blocks, until it does not answer any more. */
async function loadUntilGone(url: string, told: Told): Promise<void> {
  try {
    let sequence = await nextSequence(url)
    for (;;) {
      const tx = signedTransfer(DEVELOPER, receiver, 1n, sequence, `${sequence}`)
      const { code } = await call(url, 'broadcast_tx_sync', { tx: toBase64(tx) })
      sequence = code === 0 ? sequence + 1n : await nextSequence(url)
      const { sync_info } = await call(url, 'status')
      told.blocks.set(Number(sync_info.latest_block_height), sync_info.latest_block_hash)
      const query = `message.sender='${DEVELOPER.address}'`
      const { txs } = await call(url, 'tx_search', { query, order_by: 'desc', per_page: '10' })
      for (const { hash, height } of txs) {
        told.txs.set(hash, Number(height))
      }
    }
  } catch (error) {
    // The connection broke: that is the kill. Anything else fails the test.
    if (!(error instanceof TypeError)) {
      throw error
    }
  }
}

async function checkTold(url: string, told: Told): Promise<void> {
  for (const [height, hash] of told.blocks) {
    if (height > 0) {
      const { block_id } = await call(url, 'block', { height: String(height) })
      expect(block_id.hash).toBe(hash)
    }
  }
  for (const [hash, height] of told.txs) {
    const { txs } = await call(url, 'tx_search', { query: `tx.hash='${hash}'` })
    expect(txs.map((tx: { height: string }) => Number(tx.height))).toEqual([height])
  }
}

function replay(home: string, told: Told): void {
  const { height, txs } = replayBlocks(home, genesis)
  for (const { hash } of txs) {
    told.txs.delete(hash)
  }
  expect(height).toBeGreaterThanOrEqual(Math.max(...told.blocks.keys()))
  expect(told.txs.size).toBe(0)
}

async function startChild(home: string): Promise<{ child: ChildProcess; url: string }> {
  const script = fileURLToPath(new URL('./node-child.ts', import.meta.url))
  const child = spawn(process.execPath, [script, home], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const lines = createInterface({ input: child.stdout })
  const [url] = await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the node exits with ${code}`))),
  ])
  return { child, url: String(url) }
}

/** Under load first, so that a slow machine is hit at work too; then at any moment. */
async function killLater(child: ChildProcess, told: Told, moreTxs: number, thenMs: number): Promise<void> {
  const enough = told.txs.size + moreTxs
  await waitFor('transactions in blocks', () => told.txs.size >= enough, { deadlineMs: 60_000, everyMs: 5 })
  await new Promise((resolve) => setTimeout(resolve, thenMs))
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function nextSequence(url: string): Promise<bigint> {
  const { txs, total_count } = await call(url, 'tx_search', {
    query: `message.sender='${DEVELOPER.address}'`,
    per_page: '1',
  })
  return txs.length === 0 ? 0n : BigInt(total_count)
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
async function call(url: string, method: string, params: object = {}): Promise<any> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const response = await fetch(url, { method: 'POST', body })
  const answer = (await response.json()) as { result?: unknown; error?: unknown }
  if (answer.error !== undefined) {
    throw new Error(JSON.stringify(answer.error))
  }
  return answer.result
}
