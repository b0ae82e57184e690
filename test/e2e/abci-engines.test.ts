import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { decodeRecordedBlock } from '../../src/chain-node/abci/recorded-blocks.ts'
import { replayBlocks } from '../../src/chain-node/abci/replay-blocks.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../src/main/system.ts'
import { DEVELOPER, signedTransfer, testKey } from '../conformance/rpc/network-fixture.ts'
import type { SingleNode } from '../support/abci/single-node.ts'
import { createSingleNode, stateOf } from '../support/abci/single-node.ts'
import { cometIsMissing } from '../support/comet/comet-network.ts'
import { titleOrReason } from '../support/reporter.ts'

const BOB = testKey('bob').address
const missing = cometIsMissing()
const components = { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER, rng: SYSTEM_RNG }

/** Short: the path of a unix socket has hardly room. */
function tempHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'abci-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return home
}

async function nodeIn(home: string, abci: 'unix' | 'tcp'): Promise<SingleNode> {
  const node = await createSingleNode(home, abci)
  onTestFinished(() => node.stop())
  return node
}

/** App hash after each height as CometBFT's own headers have it: each carries that of the block before. */
async function headerHashes(node: SingleNode, to: number): Promise<Map<number, string>> {
  const hashes = new Map<number, string>()
  for (let height = 2; height <= to; height++) {
    const { block } = (await node.ask(`block?height=${height}`)) as { block: { header: { app_hash: string } } }
    hashes.set(height - 1, block.header.app_hash.toLowerCase())
  }
  return hashes
}

/** Replays what the node recorded and compares everything: app hashes of all blocks, those of CometBFT's headers, the state. */
function expectSameUnderEmbedded(home: string, node: SingleNode, headers: ReadonlyMap<number, string>): number {
  const lines = node.recording()
  const replayed = replayBlocks(components, { home: `${home}/embedded`, genesis: node.genesis }, lines)
  const recorded = new Map(
    lines.map(decodeRecordedBlock).map(({ input, appHash }) => [Number(input.height), toHex(appHash)]),
  )
  expect([...recorded.keys()]).toEqual(Array.from({ length: replayed.height }, (_none, index) => index + 1))
  for (const [height, hash] of headers) {
    expect([height, recorded.get(height)]).toEqual([height, hash])
  }
  expect(toHex(replayed.appHash)).toBe(recorded.get(replayed.height))
  expect(stateOf(`${home}/embedded/chain.db`)).toEqual(stateOf(`${home}/app.db`))
  return replayed.height
}

describe.skipIf(missing !== undefined)(titleOrReason('both engines', missing), () => {
  it('give the same app hashes and the same state for the same blocks', async () => {
    const home = tempHome()
    const node = await nodeIn(home, 'tcp')
    await node.start()
    for (let sequence = 0n; sequence < 12n; sequence++) {
      await node.send(signedTransfer(DEVELOPER, BOB, 1_000n + sequence, sequence))
      if (sequence % 3n === 2n) {
        await node.waitForHeight((await node.height()) + 2)
      }
    }
    await node.waitForHeight(20)
    const headers = await headerHashes(node, 20)
    await node.stop()
    const height = expectSameUnderEmbedded(home, node, headers)
    expect(height).toBeGreaterThanOrEqual(20)
    const transfers = node.recording().reduce((sum, line) => sum + decodeRecordedBlock(line).input.txs.length - 1, 0)
    expect(transfers).toBe(12)
  })

  it('agree after the application was killed at each moment of a block', async () => {
    const home = tempHome()
    const node = await nodeIn(home, 'unix')
    let sequence = 0n
    await node.start('3:executed')
    await node.died()
    for (const [height, moment] of [
      [6, 'asked'],
      [9, 'written'],
      [12, 'told'],
      [15, ''],
    ] as const) {
      await node.start(moment === '' ? '' : `${height}:${moment}`)
      await node.send(signedTransfer(DEVELOPER, BOB, 7n, sequence))
      sequence += 1n
      await (moment === '' ? node.waitForHeight(height) : node.died())
    }
    const headers = await headerHashes(node, 15)
    await node.stop()
    expectSameUnderEmbedded(home, node, headers)
  })
})
