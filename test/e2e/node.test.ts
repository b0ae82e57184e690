/**
 * A node as its operator runs it: made by `tailrace node init`, kept alive by `tailrace node start`, asked by `status`, copied by `snapshot` and
 * `export`. Whatever is killed comes back on the same chain, and nothing outlives its supervisor.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { cometStatus } from '../../src/main/cometbft/comet-rpc.ts'
import { readNodeSettings, rpcUrlOf, writeNodeSettings } from '../../src/main/cometbft/node-settings.ts'
import { findServerPorts } from '../../src/main/network/free-port.ts'
import { parseReady } from '../../src/main/network/ready-line.ts'
import { SYSTEM_RNG } from '../../src/main/system.ts'
import { cometIsMissing } from '../support/comet/comet-network.ts'
import type { RunningCommand } from '../support/comet/tailrace.ts'
import { runTailrace, startTailrace } from '../support/comet/tailrace.ts'
import { processesOf } from '../support/failures/processes.ts'
import { titleOrReason } from '../support/reporter.ts'
import { waitFor } from '../support/wait-for.ts'

const missing = cometIsMissing()
if (missing !== undefined) {
  process.stderr.write(`skipped, the tests of a node: ${missing}\n`)
}

const CHAIN_ID = 'tailrace-node-test-1'

/** A node of a network of its own, on ports that nobody uses. */
async function initNode(): Promise<{ readonly home: string; readonly rpcUrl: string }> {
  const home = mkdtempSync(join(tmpdir(), 'tailrace-node-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const init = await runTailrace('node', 'init', '--home', home, '--chain-id', CHAIN_ID, '--moniker', 'alone', '--json')
  expect([init.code, JSON.parse(init.out).chainId]).toEqual([0, CHAIN_ID])
  const settings = readNodeSettings(home)
  if (settings === undefined) {
    throw new Error('init left no settings')
  }
  const [rpc = 0, p2p = 0, cometPort = 0, appPort = 0] = await findServerPorts(4, SYSTEM_RNG)
  const moved = {
    ...settings,
    rpc: { ...settings.rpc, port: rpc },
    p2p: { ...settings.p2p, host: '127.0.0.1', port: p2p },
    metrics: { cometPort, appPort },
  }
  writeNodeSettings(home, moved)
  return { home, rpcUrl: rpcUrlOf(moved) }
}

async function start(home: string): Promise<RunningCommand> {
  const node = await startTailrace('node', 'start', '--home', home)
  onTestFinished(async () => {
    await node.end('SIGTERM')
  })
  expect(parseReady(node.firstLine)?.role).toBe('node')
  return node
}

async function heightOf(rpcUrl: string): Promise<number> {
  return (await cometStatus(rpcUrl)).height
}

async function untilHeight(rpcUrl: string, height: number): Promise<void> {
  await waitFor(`height ${height}`, async () => (await heightOf(rpcUrl)) >= height, { deadlineMs: 120_000 })
}

type Part = 'application' | 'CometBFT'

/** The process of this node that is its application or its CometBFT; the supervisor is neither. */
function processOf(home: string, part: Part): number | undefined {
  return processesOf(home).find((pid) => {
    const [, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return part === 'CometBFT' ? args[0] === 'start' : args.includes('app')
  })
}

async function killAndWait(home: string, part: Part): Promise<void> {
  const pid = await waitFor(`${part} to run`, () => processOf(home, part))
  process.kill(pid, 'SIGKILL')
  await waitFor(`another ${part}`, () => {
    const now = processOf(home, part)
    return now !== undefined && now !== pid
  })
}

/** The only validator votes: what it votes for is accepted at once, shown, and taken back. */
async function voteAndTakeBack(home: string): Promise<void> {
  const upgrade = async (...given: readonly string[]): Promise<Record<string, unknown>> => {
    const { code, out, said } = await runTailrace('node', 'upgrade', '--home', home, '--json', ...given)
    expect([code, said]).toEqual([0, ''])
    return JSON.parse(out)
  }
  const plan = { height: 120_000, version: 2, name: 'v2 https://example.org/v2' }
  const name = ['--name', 'v2', '--url', 'https://example.org/v2']
  const voted = await upgrade('--height', '120000', '--version', '2', ...name)
  expect(voted).toMatchObject({
    vote: { ...plan, txHash: expect.stringMatching(/^[0-9A-F]{64}$/), block: expect.any(Number) },
    appVersion: 1,
    plan,
    votes: [{ ...plan, share: 1_000_000 }],
  })
  const status = await runTailrace('node', 'status', '--home', home)
  expect(status.out).toContain('version 2 from block 120000 on (v2 https://example.org/v2): accepted')
  const past = await runTailrace('node', 'upgrade', '--home', home, '--json', '--height', '1', '--version', '2')
  expect([past.code, JSON.parse(past.said).error.code]).toEqual([1, 'upgrade_invalid'])
  const half = await runTailrace('node', 'upgrade', '--home', home, '--height', '120000')
  expect([half.code, half.said]).toEqual([2, expect.stringContaining('--height and --version')])
  expect(await upgrade()).toEqual({ ...voted, vote: null })
  expect(await upgrade('--withdraw')).toMatchObject({ plan: null, votes: [{ height: 0, share: 1_000_000 }] })
}

test.skipIf(missing !== undefined)(
  titleOrReason('a killed application or CometBFT comes back on the same chain', missing),
  async () => {
    const { home, rpcUrl } = await initNode()
    const node = await start(home)
    await untilHeight(rpcUrl, 2)
    const second = await runTailrace('node', 'start', '--home', home)
    expect([second.code, second.said]).toEqual([1, expect.stringContaining('already runs')])
    const busy = await runTailrace('node', 'snapshot', 'create', '--home', home, '--json')
    expect([busy.code, JSON.parse(busy.said).error.code]).toEqual([1, 'node_running'])
    await voteAndTakeBack(home)
    for (const part of ['application', 'CometBFT'] as const) {
      const before = await heightOf(rpcUrl)
      await killAndWait(home, part)
      await untilHeight(rpcUrl, before + 2)
    }
    const status = await runTailrace('node', 'status', '--home', home, '--json')
    expect(JSON.parse(status.out)).toMatchObject({
      running: true,
      chainId: CHAIN_ID,
      moniker: 'alone',
      isCatchingUp: false,
      plan: null,
    })
    expect(await node.end('SIGTERM')).toBe(0)
    expect(processesOf(home)).toEqual([])
  },
)

test.skipIf(missing !== undefined)(
  titleOrReason('nothing outlives a killed supervisor, and what is left can be copied and started again', missing),
  async () => {
    const { home, rpcUrl } = await initNode()
    const node = await start(home)
    await untilHeight(rpcUrl, 3)
    await node.end('SIGKILL')
    await waitFor('no process of the node', () => processesOf(home).length === 0, { deadlineMs: 60_000 })
    const stopped = await runTailrace('node', 'status', '--home', home)
    expect([stopped.code, stopped.said]).toEqual([1, expect.stringContaining('does not answer')])

    const taken = JSON.parse((await runTailrace('node', 'snapshot', 'create', '--home', home, '--json')).out)
    expect(taken).toMatchObject({ chainId: CHAIN_ID, height: expect.any(Number) })
    const listed = await runTailrace('node', 'snapshot', 'list', '--home', home, '--json')
    expect(JSON.parse(listed.out)).toContainEqual(taken)
    const file = join(home, 'state.jsonl')
    const exported = JSON.parse((await runTailrace('node', 'export', '--home', home, '--output', file, '--json')).out)
    expect(exported).toMatchObject({ height: taken.height, appHash: taken.appHash })
    expect(existsSync(file)).toBe(true)
    // A state that is lost comes back from the snapshot, and CometBFT replays its blocks from there.
    rmSync(join(home, 'app.db'))
    const restored = await runTailrace('node', 'snapshot', 'restore', taken.path, '--home', home, '--json')
    expect(restored.code).toBe(0)

    const again = await start(home)
    await untilHeight(rpcUrl, taken.height + 2)
    expect(await again.end('SIGTERM')).toBe(0)
  },
)
