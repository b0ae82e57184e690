import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { seededRng, testGenesis, VALIDATOR_SEED } from '../../test/conformance/rpc/network-fixture.ts'
import { openTransferApplication } from '../../test/conformance/rpc/transfer-application.ts'
import { tempTree } from '../../test/support/temp-tree.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { ChainNode, ChainNodeOptions, OpenApplication } from './chain-node.ts'
import { createChainNode } from './chain-node.ts'

const START_MS = 1_700_000_000_000
const genesis = testGenesis(START_MS)

function nodeOf(options: Partial<ChainNodeOptions> & { readonly home: string }, openApplication?: OpenApplication) {
  const clock = new VirtualClock(START_MS)
  const node = createChainNode(
    {
      clock,
      logger: SILENT_LOGGER,
      rng: seededRng(VALIDATOR_SEED),
      ...(openApplication === undefined ? {} : { openApplication }),
    },
    { rpcPort: 0, ...options },
  )
  onTestFinished(() => node.stop())
  return { node, clock }
}

async function heightOf(node: ChainNode): Promise<number> {
  const answer = (await (await fetch(`${node.rpcUrl()}/status`)).json()) as {
    result: { sync_info: { latest_block_height: string } }
  }
  return Number(answer.result.sync_info.latest_block_height)
}

/** Runs a node for some blocks and stops it. */
async function runFor(home: string, blocks: number): Promise<void> {
  const { node, clock } = nodeOf({ home, genesis })
  await node.start()
  await clock.advance((blocks - 1) * genesis.params.blockTimeMs)
  expect(await heightOf(node)).toBeGreaterThanOrEqual(blocks)
  await node.stop()
}

test('starts on a new home, answers before the first block, stops, and goes on from its home alone', async () => {
  const home = `${tempTree({})}/node`
  const { node, clock } = nodeOf({ home, genesis: { ...genesis, timeMs: START_MS + 5_000 } })
  expect(() => node.rpcUrl()).toThrow('not started')
  await node.start()
  expect(node.rpcUrl()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(await heightOf(node)).toBe(0)
  await clock.advance(7_000)
  expect(await heightOf(node)).toBe(3)
  await expect(node.start()).rejects.toMatchObject({ code: 'already_started' })
  await node.stop()
  await node.done
  await expect(fetch(node.rpcUrl())).rejects.toThrow()
  const again = nodeOf({ home })
  await again.node.start()
  expect(await heightOf(again.node)).toBe(3)
})

test('an aborted signal stops the node', async () => {
  const abort = new AbortController()
  const { node } = nodeOf({ home: tempTree({}), genesis })
  await node.start(abort.signal)
  abort.abort()
  await node.done
  await expect(fetch(node.rpcUrl())).rejects.toThrow()
})

test('a state that is not the one of its last block is refused, and both hashes are named', async () => {
  const home = tempTree({})
  await runFor(home, 2)
  const raw = new DatabaseSync(`${home}/chain.db`)
  const stored = raw.prepare('SELECT hex(app_hash) AS hash FROM blocks ORDER BY height DESC LIMIT 1').get()
  raw.exec('DELETE FROM state WHERE key = (SELECT key FROM state ORDER BY key DESC LIMIT 1)')
  raw.close()
  const error = await nodeOf({ home })
    .node.start()
    .catch((cause: unknown) => cause)
  expect(errorCode(error)).toBe('app_hash_mismatch')
  const { fields } = error as CodedError
  expect(fields.stored).toBe(String(stored?.hash).toLowerCase())
  expect(fields.computed).toMatch(/^[0-9a-f]{64}$/)
  expect(fields.computed).not.toBe(fields.stored)
})

test('what does not belong together does not start', async () => {
  const home = tempTree({})
  const codeOf = async (options: Partial<ChainNodeOptions> & { readonly home: string }) => {
    return errorCode(
      await nodeOf(options)
        .node.start()
        .catch((error: unknown) => error),
    )
  }
  expect(await codeOf({ home })).toBe('genesis_missing')
  await runFor(home, 1)
  expect(await codeOf({ home, genesis: { ...genesis, timeMs: START_MS + 1 } })).toBe('genesis_mismatch')
  const stranger = { ...genesis, validators: [] }
  expect(await codeOf({ home: tempTree({}), genesis: stranger })).toBe('not_a_validator')
  const { node } = nodeOf({ home })
  await node.start()
  expect(await codeOf({ home })).toBe('store_in_use')
  const port = Number(new URL(node.rpcUrl()).port)
  const elsewhere = tempTree({})
  expect(await codeOf({ home: elsewhere, genesis, rpcPort: port })).toBe('port_taken')
  // What failed to start holds nothing: the home is free.
  await runFor(elsewhere, 1)
})

test('an engine that breaks ends the node, and `done` says why', async () => {
  const defect = new CodedError('broken', 'a defect')
  const onFinalize = ({ height }: { readonly height: bigint }) => {
    if (height === 2n) {
      throw defect
    }
  }
  const { node, clock } = nodeOf({ home: tempTree({}), genesis }, (entries) =>
    openTransferApplication(entries, { onFinalize }),
  )
  const ended = expect(node.done).rejects.toBe(defect)
  await node.start()
  await clock.advance(2 * genesis.params.blockTimeMs)
  await ended
  await node.stop()
  await expect(fetch(node.rpcUrl())).rejects.toThrow()
})
