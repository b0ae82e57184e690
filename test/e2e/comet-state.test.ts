/**
 * The state of nodes under real CometBFT: a new one joins by a snapshot, a lost database comes back from one, an upgrade stops the
 * old program and the new one goes on.
 */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { StateStore } from '../../src/chain/application.ts'
import { createApplication } from '../../src/chain/create-application.ts'
import { openNodeState } from '../../src/chain-node/snapshots/node-state.ts'
import { listSnapshots, restoreSnapshot } from '../../src/chain-node/snapshots/snapshot-files.ts'
import { readUpgradeNotice } from '../../src/chain-node/upgrade.ts'
import { toHex, utf8 } from '../../src/lib/bytes.ts'
import { errorCode } from '../../src/lib/coded-error.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { openIdentity } from '../../src/main/cometbft/comet-home.ts'
import type { NodeSettings } from '../../src/main/cometbft/node-settings.ts'
import { SYSTEM_RNG } from '../../src/main/system.ts'
import type { Genesis } from '../../src/protocol/genesis.ts'
import { cometIsMissing } from '../support/comet/comet-network.ts'
import { titleOrReason } from '../support/reporter.ts'
import type { CometPair, PairOptions } from '../support/snapshots/comet-pair.ts'
import { pairGenesis, pairSettings, startApp, startPair } from '../support/snapshots/comet-pair.ts'
import { tempHome } from '../support/snapshots/snapshot-nodes.ts'
import { voteForUpgrade } from '../support/snapshots/upgrade-vote.ts'
import { waitFor } from '../support/wait-for.ts'

const missing = cometIsMissing()
const SNAPSHOTS = { snapshots: { intervalBlocks: 5, keep: 200 } }

function stopsWithTheTest(pair: CometPair): CometPair {
  onTestFinished(() => pair.stop())
  return pair
}

async function headerAt(rpcUrl: string, height: number): Promise<{ hash: string; appHash: string; app: string }> {
  const answer = await fetch(`${rpcUrl}/block?height=${height}`)
  const { result } = (await answer.json()) as {
    result: { block_id: { hash: string }; block: { header: { app_hash: string; version: { app?: string } } } }
  }
  const { app_hash, version } = result.block.header
  return { hash: result.block_id.hash, appHash: app_hash, app: version.app ?? '0' }
}

describe.skipIf(missing !== undefined)(titleOrReason('state under CometBFT', missing), () => {
  it('a new node joins by a snapshot; a lost database comes back from one', async () => {
    const root = tempHome()
    const [first, second] = [join(root, 'a'), join(root, 'b')]
    const genesis = pairGenesis([first])
    const giver = stopsWithTheTest(await startPair(first, { genesis, settings: await pairSettings('a') }, SNAPSHOTS))
    await giver.waitForHeight(13)
    const trusted = await headerAt(giver.rpcUrl, 6)
    const peer = `${openIdentity(first, SYSTEM_RNG).nodeId}@127.0.0.1:${giver.settings.p2p.port}`
    const settings = await pairSettings('b', (base) => ({
      ...base,
      p2p: { ...base.p2p, persistentPeers: [peer] },
      stateSync: { rpcServers: [giver.rpcUrl, giver.rpcUrl], trustHeight: 6, trustHash: trusted.hash, trustHours: 1 },
    }))
    const joiner = stopsWithTheTest(await startPair(second, { genesis, settings }, SNAPSHOTS))
    await waitFor('the new node to follow', async () => {
      const { height, isCatchingUp } = await joiner.status()
      return height > 20 && !isCatchingUp
    })
    const { height } = await joiner.status()
    const [given, taken] = [await headerAt(giver.rpcUrl, height), await headerAt(joiner.rpcUrl, height)]
    expect(taken).toEqual(given)
    const early = (await (await fetch(`${joiner.rpcUrl}/block?height=2`)).json()) as { error?: unknown }
    expect(early.error).toBeDefined()
    expect(joiner.comet.printed()).toContain('Snapshot restored')

    // The newer of the snapshots is some blocks old: CometBFT replays what came after.
    await giver.stop()
    const before = giver.app.status()
    rmSync(join(first, 'app.db'))
    const [snapshot] = listSnapshots(first, SILENT_LOGGER)
    await restoreSnapshot(first, snapshot?.path ?? '')
    expect(openedHeight(first)).toBe(snapshot?.metadata.height)
    const again = stopsWithTheTest(await startPair(first, { genesis, settings: giver.settings }, SNAPSHOTS))
    await again.waitForHeight(before.height + 2)
    expect((await headerAt(again.rpcUrl, before.height + 1)).appHash).toBe(toHex(before.appHash).toUpperCase())
  })

  it('an upgrade stops the old program before its height, and the new one goes on from the same folder', async () => {
    const root = tempHome()
    const homes = [join(root, 'a'), join(root, 'b')]
    const genesis = pairGenesis(homes)
    const settings = await pairsSettings(homes)
    const old = await startAll(homes, genesis, settings, {})
    old.forEach(stopsWithTheTest)
    const [first] = old
    await first?.waitForHeight(2)
    const height = ((await first?.status())?.height ?? 0) + 12
    for (const pair of old) {
      await voteForUpgrade(pair, { height: BigInt(height), version: 2, name: 'tailrace 2' })
    }
    // Both stop by themselves, also the one whose turn it is not; and CometBFT with them.
    for (const { app, comet, home } of old) {
      expect(errorCode(await app.done.catch((error: unknown) => error))).toBe('upgrade_needed')
      expect(app.status().height).toBe(height - 1)
      await comet.ended()
      expect(readUpgradeNotice(home)).toEqual({ height, version: 2, programVersion: 1, name: 'tailrace 2' })
    }
    for (const home of homes) {
      expect(await codeOfStart(home, {})).toBe('upgrade_needed')
      expect(await codeOfStart(home, programOf(3))).toBe('upgrade_too_early')
    }
    const upgraded = await startAll(homes, genesis, settings, programOf(2))
    for (const pair of upgraded) {
      stopsWithTheTest(pair)
      await pair.waitForHeight(height + 3)
      expect(readUpgradeNotice(pair.home)).toBeUndefined()
    }
    const [{ rpcUrl: one = '' } = {}, { rpcUrl: other = '' } = {}] = upgraded
    const headers = await Promise.all([height, height + 1, height + 2].map((at) => headerAt(one, at)))
    expect(headers.map(({ app }) => app)).toEqual(['1', '2', '2'])
    expect(await headerAt(other, height + 2)).toEqual(headers[2])
    await Promise.all(upgraded.map((pair) => pair.stop()))
    for (const home of homes) {
      const state = openNodeState(home)
      state.close()
      expect(state.appVersion).toBe(2)
      expect(state.state.get(MIGRATED)).toEqual(utf8('by the migration'))
      expect(existsSync(join(home, 'upgrade.json'))).toBe(false)
      expect(await codeOfStart(home, {})).toBe('upgrade_needed')
    }
  })
})

/** A key of no kind that the chain has. */
const MIGRATED = Uint8Array.of(0x7e)

function programOf(appVersion: number): PairOptions {
  const migrations = [{ version: 2, migrate: (store: StateStore) => store.set(MIGRATED, utf8('by the migration')) }]
  return { appVersion, openState: (store) => createApplication({ store, appVersion, migrations }) }
}

async function codeOfStart(home: string, program: PairOptions): Promise<string> {
  try {
    await (await startApp(home, program)).stop()
    return 'started'
  } catch (error) {
    return errorCode(error)
  }
}

/** For nodes that dial each other. */
async function pairsSettings(homes: readonly string[]): Promise<NodeSettings[]> {
  const all = await Promise.all(homes.map((home) => pairSettings(home.slice(-1))))
  const addresses = all.map(
    ({ p2p }, index) => `${openIdentity(homes[index] ?? '', SYSTEM_RNG).nodeId}@127.0.0.1:${p2p.port}`,
  )
  return all.map((settings, index) => ({
    ...settings,
    p2p: { ...settings.p2p, persistentPeers: addresses.filter((_address, other) => other !== index) },
  }))
}

async function startAll(
  homes: readonly string[],
  genesis: Genesis,
  settings: readonly NodeSettings[],
  program: PairOptions,
): Promise<CometPair[]> {
  return await Promise.all(
    homes.map((home, index) => startPair(home, { genesis, settings: settings[index] as NodeSettings }, program)),
  )
}

function openedHeight(home: string): number {
  const state = openNodeState(home)
  state.close()
  return state.height
}
