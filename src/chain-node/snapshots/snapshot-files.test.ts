import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { seededRng, testGenesis, VALIDATOR_SEED } from '../../../test/conformance/rpc/network-fixture.ts'
import { tempHome } from '../../../test/support/snapshots/snapshot-nodes.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { createApplication } from '../../chain/create-application.ts'
import { createStateTree } from '../../chain/state-tree.ts'
import { toHex } from '../../lib/bytes.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { openAppStore } from '../abci/app-store.ts'
import { bytesFromBase64 } from '../base64.ts'
import { createChainNode } from '../chain-node.ts'
import { encodeGenesis, genesisHash, readGenesisFile } from '../genesis-file.ts'
import { exportGenesis, exportState } from './export-state.ts'
import { openNodeState } from './node-state.ts'
import { listSnapshots, restoreSnapshot, takeSnapshotNow } from './snapshot-files.ts'

const START_MS = 1_700_000_000_000
const genesis = testGenesis(START_MS)

let made: Promise<string> | undefined

/** A home with three blocks of the embedded engine, its own for each test. */
async function homeWithBlocks(): Promise<string> {
  made ??= makeBlocks()
  const home = tempHome()
  cpSync(await made, home, { recursive: true })
  return home
}

async function makeBlocks(): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'tailrace-snapshot-files-'))
  const clock = new VirtualClock(START_MS)
  const node = createChainNode(
    { clock, logger: SILENT_LOGGER, rng: seededRng(VALIDATOR_SEED) },
    { home, genesis, rpcPort: 0 },
  )
  await node.start()
  await clock.advance(2 * genesis.params.blockTimeMs)
  expect(codeOf(() => openNodeState(home))).toBe('node_running')
  await node.stop()
  return home
}

afterAll(async () => {
  rmSync((await made) ?? '', { recursive: true, force: true })
})

/** The same state as that of a node under CometBFT. */
function underCometbft(home: string): string {
  const state = openNodeState(home)
  state.close()
  const other = tempHome()
  cpSync(join(home, 'genesis.json'), join(other, 'genesis.json'))
  const store = openAppStore(join(other, 'app.db'), genesisHash(genesis))
  store.replace({ height: BigInt(state.height), appHash: state.appHash }, state.state.entries())
  store.close()
  return other
}

function codeOf(action: () => unknown): string {
  try {
    action()
    return 'done'
  } catch (error) {
    return errorCode(error)
  }
}

test('a snapshot by hand brings back a state that was lost, damaged or older', async () => {
  const home = await homeWithBlocks()
  const taken = await takeSnapshotNow(home, SILENT_LOGGER)
  expect(listSnapshots(home, SILENT_LOGGER)).toEqual([taken])
  const comet = underCometbft(home)
  const expected = toHex(taken.metadata.appHash)
  const appHash = (): string => {
    const state = openNodeState(comet)
    state.close()
    return toHex(state.appHash)
  }
  await restoreSnapshot(comet, taken.path)
  expect(appHash()).toBe(expected)
  writeFileSync(join(comet, 'app.db'), 'this is no database, and long enough for its header to be read as one')
  await restoreSnapshot(comet, taken.path)
  expect(appHash()).toBe(expected)
  expect(readFileSync(join(comet, 'app.db.damaged'), 'utf8')).toContain('no database')
})

test('a damaged snapshot, or one of another chain, leaves the state as it is', async () => {
  const home = await homeWithBlocks()
  const taken = await takeSnapshotNow(home, SILENT_LOGGER)
  const comet = underCometbft(home)
  const before = openNodeState(comet)
  const codeOfRestore = async (): Promise<string> =>
    await restoreSnapshot(comet, taken.path).then(() => 'restored', errorCode)
  expect(await codeOfRestore()).toBe('node_running')
  before.close()
  const chunk = join(taken.path, '00000.chunk')
  const whole = readFileSync(chunk)
  truncateSync(chunk, whole.length - 1)
  expect(await codeOfRestore()).toBe('snapshot_damaged')
  writeFileSync(chunk, whole)
  const metadata = join(taken.path, 'metadata.json')
  const said = readFileSync(metadata, 'utf8')
  writeFileSync(metadata, said.replace(genesis.chainId, 'another-1'))
  expect(await codeOfRestore()).toBe('snapshot_of_another_chain')
  writeFileSync(metadata, '{}')
  expect(await codeOfRestore()).toBe('snapshot_damaged')
  expect(await restoreSnapshot(comet, join(comet, 'nowhere')).then(() => 'restored', errorCode)).toBe(
    'snapshot_damaged',
  )
  const after = openNodeState(comet)
  after.close()
  expect(after.appHash).toEqual(before.appHash)
})

test('an export holds every entry with its kind, and gives the app hash again', async () => {
  const home = await homeWithBlocks()
  const file = join(home, 'state.ndjson')
  const summary = exportState(home, { file })
  const [head = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n')
  const { file: _file, ...described } = summary
  expect(JSON.parse(head)).toEqual({ format: 'tailrace-state/1', ...described })
  const entries = lines.map((line) => JSON.parse(line) as { kind: string; key: string; value: string })
  expect(entries).toHaveLength(summary.entries)
  expect(new Set(entries.map(({ kind }) => kind))).toContain('balance')
  expect(entries.map(({ kind }) => kind)).not.toContain('unknown')
  const tree = createStateTree(entries.map(({ key, value }) => [bytesFromBase64(key), bytesFromBase64(value)] as const))
  expect(toHex(tree.root)).toBe(summary.appHash)
})

test('an exported genesis starts a network in which everybody has what they had', async () => {
  const home = await homeWithBlocks()
  const file = join(home, 'next.json')
  expect(codeOf(() => exportGenesis(home, { file, chainId: genesis.chainId, timeMs: START_MS }))).toBe('same_chain_id')
  const report = exportGenesis(home, { file, chainId: 'tailrace-local-2', timeMs: START_MS + 60_000 })
  expect(report).toMatchObject({ height: 3, leftBehind: 0n, validatorsLeftOut: [] })
  const next = readGenesisFile(file)
  expect(next).toMatchObject({ chainId: 'tailrace-local-2', accounts: genesis.accounts, params: genesis.params })
  expect(next?.validators).toEqual(genesis.validators)
  expect(createApplication().initChain(next ?? genesis).appHash).toHaveLength(32)
})

test('says what is missing', () => {
  const home = tempHome()
  expect(codeOf(() => openNodeState(home))).toBe('genesis_missing')
  writeFileSync(join(home, 'genesis.json'), encodeGenesis(genesis))
  expect(codeOf(() => openNodeState(home))).toBe('nothing_stored')
  expect(listSnapshots(home, SILENT_LOGGER)).toEqual([])
})
