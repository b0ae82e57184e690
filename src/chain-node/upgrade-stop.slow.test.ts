import { describe, expect, it, onTestFinished } from 'vitest'
import { pairGenesis } from '../../test/support/snapshots/comet-pair.ts'
import { embeddedNode } from '../../test/support/snapshots/embedded-node.ts'
import { tempHome } from '../../test/support/snapshots/snapshot-nodes.ts'
import { voteForUpgrade } from '../../test/support/snapshots/upgrade-vote.ts'
import { errorCode } from '../lib/coded-error.ts'
import type { ChainNode } from './chain-node.ts'
import { readUpgradeNotice } from './upgrade.ts'

describe('a node with the embedded engine', () => {
  it('stops before the height of an accepted upgrade, and the new program goes on', async () => {
    const home = tempHome()
    const genesis = pairGenesis([home])
    const nodeOf = (appVersion: number): ChainNode => {
      const node = embeddedNode(home, genesis, appVersion)
      onTestFinished(() => node.stop())
      return node
    }
    const old = nodeOf(1)
    await old.start()
    await voteForUpgrade({ home, rpcUrl: old.rpcUrl() }, { height: 8n, version: 2, name: 'two' })
    expect(errorCode(await old.done.catch((error: unknown) => error))).toBe('upgrade_needed')
    await old.stop()
    expect(readUpgradeNotice(home)).toMatchObject({ height: 8, version: 2, name: 'two' })
    await expect(nodeOf(1).start()).rejects.toMatchObject({ code: 'upgrade_needed' })
    const next = nodeOf(2)
    await next.start()
    expect(readUpgradeNotice(home)).toBeUndefined()
    await expect.poll(() => heightOf(next)).toBeGreaterThanOrEqual(9)
  })
})

async function heightOf(node: ChainNode): Promise<number> {
  const answer = await fetch(`${node.rpcUrl()}/status`)
  const { result } = (await answer.json()) as { result: { sync_info: { latest_block_height: string } } }
  return Number(result.sync_info.latest_block_height)
}
