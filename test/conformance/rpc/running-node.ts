/** A real node on a free loopback port over a temporary home, stopped when the test ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ChainNode, OpenApplication } from '../../../src/chain-node/chain-node.ts'
import { createChainNode } from '../../../src/chain-node/chain-node.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import type { Params } from '../../../src/protocol/params.ts'
import { seededRng, testGenesis, VALIDATOR_SEED } from './network-fixture.ts'
import { REAL_CLOCK } from './real-clock.ts'

/** A block costs its proposer about 50 ms of BLS; slower machines need the rest. */
export const TEST_BLOCK_MS = 150

export interface RunningNodeOptions {
  readonly params?: Partial<Params>
  readonly openApplication?: OpenApplication
  readonly home?: string
  readonly rpcPort?: number
}

export interface RunningNode {
  readonly node: ChainNode
  readonly url: string
  readonly webSocketUrl: string
  /** One JSON-RPC call; the whole response object. */
  call(method: string, params?: unknown): Promise<RpcAnswer>
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field in the tests
export type RpcAnswer = { id: unknown; result?: any; error?: { code: number; message: string; data: string } }

export async function runNode(options: RunningNodeOptions = {}): Promise<RunningNode> {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'tailrace-node-'))
  const { openApplication } = options
  const node = createChainNode(
    {
      clock: REAL_CLOCK,
      logger: SILENT_LOGGER,
      rng: seededRng(VALIDATOR_SEED),
      ...(openApplication === undefined ? {} : { openApplication }),
    },
    {
      home,
      genesis: testGenesis(1_700_000_000_000, { blockTimeMs: TEST_BLOCK_MS, ...options.params }),
      rpcPort: options.rpcPort ?? 0,
    },
  )
  onTestFinished(async () => {
    await node.stop()
    rmSync(home, { recursive: true, force: true })
  })
  await node.start()
  const url = node.rpcUrl()
  return {
    node,
    url,
    webSocketUrl: url.replace('http', 'ws'),
    call: async (method, params) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 7, method, ...(params === undefined ? {} : { params }) }),
      })
      return (await response.json()) as RpcAnswer
    },
  }
}
