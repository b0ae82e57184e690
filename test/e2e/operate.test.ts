/**
 * The commands of docs/operate.md, run as they stand there, in their order, by a shell: a node joins a real network of one validator, is
 * looked at, backed up, exported, restored. Only the default ports are put in place by free ones. Between the blocks the node is
 * started and stopped as each block's mark says, and `validator` runs it on the node that has the power; what marks there are, test/conformance/deploy.test.ts checks.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { repoRoot } from '../../scripts/files.ts'
import { cometStatus } from '../../src/main/cometbft/comet-rpc.ts'
import type { NodeSettings } from '../../src/main/cometbft/node-settings.ts'
import { NODE_PORTS } from '../../src/main/cometbft/node-settings.ts'
import { findServerPorts } from '../../src/main/network/free-port.ts'
import { SYSTEM_RNG } from '../../src/main/system.ts'
import { cometIsMissing, startCometNetwork } from '../support/comet/comet-network.ts'
import type { TestProcess } from '../support/comet/process.ts'
import { createTestProcess } from '../support/comet/process.ts'
import { titleOrReason } from '../support/reporter.ts'
import { waitFor } from '../support/wait-for.ts'

const PROGRAM = fileURLToPath(new URL('../../dist/node/tailrace.js', import.meta.url))
const BLOCK = /<!-- run by: test\/e2e\/operate\.test\.ts \((running|stopped|validator)\) -->\n```sh\n([\s\S]*?)```/g
const missing = cometIsMissing()
if (missing !== undefined) {
  process.stderr.write(`operate is skipped: ${missing}\n`)
}

interface Ran {
  readonly block: string
  readonly output: string
}

interface World {
  /** Folder in which the commands are typed. */
  readonly desk: string
  /** `$NODE` */
  readonly home: string
  /** `$NODE` of a validator. */
  readonly validatorHome: string
  /** `$RPC` */
  readonly rpcUrl: string
  /** `$PEER` */
  readonly peer: string
  /** Free ports by the default ones in whose place they are. */
  readonly ports: ReadonlyMap<number, number>
  /** Where the operator's own node answers. */
  readonly ownUrl: string
  readonly node: TestProcess
}

test.skipIf(missing !== undefined)(
  titleOrReason('an operator’s commands do what the guide says', missing),
  async () => {
    const world = await openWorld()
    const { desk, node, ownUrl, rpcUrl } = world
    const ran = await runGuide(world)
    expect(ran.length).toBeGreaterThan(7)
    const outputOf = (part: string): string => ran.find(({ block }) => block.includes(part))?.output ?? ''
    expect(outputOf('/commit?height=2')).toMatch(/"hash":"[0-9A-F]{64}"/)
    expect(outputOf('node status')).toContain('"running":true')
    expect(outputOf('node upgrade')).toMatch(/^Voted for version 2 .*\nAccepted: version 2 from block 120000 on/)
    expect(outputOf('node upgrade')).toMatch(/^Upgrade +version 2 .*: accepted$/m)
    expect(outputOf('node upgrade')).toMatch(/Voted for no upgrade .*\nNo upgrade is accepted/)
    expect(outputOf('tar --create')).toContain('priv_validator_key.json')
    expect(outputOf('tar --create')).not.toContain('priv_validator_state.json')
    expect(outputOf('snapshot create')).toMatch(/height [0-9]+/)
    expect(readFileSync(join(desk, 'state.jsonl'), 'utf8').split('\n').length).toBeGreaterThan(10)
    expect(outputOf('/metrics')).toMatch(/^cometbft_consensus_height/m)
    const signed = JSON.parse(readFileSync(join(desk, 'restored', 'data', 'priv_validator_state.json'), 'utf8'))
    expect(Number(signed.height)).toBeGreaterThan(20)

    // The folder whose app.db was thrown away and restored follows the chain to the same state.
    await node.start()
    const tip = (await cometStatus(rpcUrl)).height
    await waitFor('the restored node', async () => (await cometStatus(ownUrl)).height > tip, { deadlineMs: 90_000 })
    expect(await appHashAt(ownUrl, tip)).toBe(await appHashAt(rpcUrl, tip))
  },
)

/** A network of one validator, and a place for a node that joins it. */
async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-operate-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const options = { params: { blockTimeMs: 500 }, links: 'direct' as const }
  const network = await startCometNetwork({ validators: 1, home: join(folder, 'network'), options })
  onTestFinished(() => network.stop())
  await network.waitForHeight(3)
  const desk = join(folder, 'desk')
  const home = join(folder, 'node')
  mkdirSync(desk)
  const [validator] = network.nodes
  copyFileSync(join(validator?.home ?? '', 'genesis.json'), join(desk, 'genesis.json'))
  const { p2p } = JSON.parse(readFileSync(join(validator?.home ?? '', 'node.json'), 'utf8')) as NodeSettings
  const ports = await freePorts()
  const node = createTestProcess({
    name: 'node',
    command: process.execPath,
    args: [PROGRAM, 'node', 'start', '--home', home],
    logFile: join(folder, 'node.log'),
    isReady: (printed) => printed.includes('"ready"'),
  })
  onTestFinished(() => node.kill('SIGTERM'))
  return {
    validatorHome: validator?.home ?? '',
    ...{ desk, home, ports, node, rpcUrl: network.rpcUrls[0] ?? '' },
    peer: `${validator?.nodeId}@127.0.0.1:${p2p.port}`,
    ownUrl: `http://127.0.0.1:${ports.get(NODE_PORTS.rpc)}`,
  }
}

async function runGuide(world: World): Promise<readonly Ran[]> {
  const { node, home, ports, rpcUrl, ownUrl } = world
  const shell = createShell(world)
  const ran: Ran[] = []
  const guide = readFileSync(join(repoRoot, 'docs', 'operate.md'), 'utf8')
  for (const [, phase, block = ''] of guide.matchAll(BLOCK)) {
    if (phase === 'running' && !node.isRunning) {
      await node.start()
      const { height } = await cometStatus(rpcUrl)
      const hasCaughtUp = async (): Promise<boolean> => (await cometStatus(ownUrl)).height >= height
      await waitFor('the node to catch up', hasCaughtUp, { deadlineMs: 60_000 })
    } else if (phase === 'stopped' && node.isRunning) {
      await node.kill('SIGTERM')
    }
    ran.push({ block, output: shell(block, phase === 'validator' ? world.validatorHome : home) })
    if (block.includes('node init')) {
      settlePorts(home, ports)
    }
  }
  return ran
}

async function appHashAt(url: string, height: number): Promise<string> {
  const response = await fetch(`${url}/block?height=${height}`)
  const { result } = (await response.json()) as { result: { block: { header: { app_hash: string } } } }
  return result.block.header.app_hash
}

/** Free ports in place of the default ones. */
async function freePorts(): Promise<ReadonlyMap<number, number>> {
  const defaults = Object.values(NODE_PORTS)
  const free = await findServerPorts(defaults.length, SYSTEM_RNG)
  return new Map(defaults.map((port, index) => [port, free[index] ?? 0]))
}

/** Runs a block with `sh -e` and gives what it printed; throws with it where a command failed. */
function createShell(world: World): (block: string, home: string) => string {
  const bin = join(world.desk, '..', 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'tailrace'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`, { mode: 0o755 })
  return (block, home) => {
    const text = [...world.ports].reduce((all, [port, free]) => all.replaceAll(`:${port}/`, `:${free}/`), block)
    const done = spawnSync('sh', ['-e', '-c', text], {
      cwd: world.desk,
      encoding: 'utf8',
      timeout: 120_000,
      env: {
        ...process.env,
        PATH: `${bin}:${process.env.PATH}`,
        NODE: home,
        RPC: world.rpcUrl,
        PEER: world.peer,
      },
    })
    if (done.status !== 0) {
      throw new Error(`${block}\n${done.stdout}\n${done.stderr}`)
    }
    return done.stdout
  }
}

/** The default ports may be taken on the machine of a test. */
function settlePorts(home: string, ports: ReadonlyMap<number, number>): void {
  const file = join(home, 'node.json')
  const settings = JSON.parse(readFileSync(file, 'utf8')) as NodeSettings
  const port = (name: keyof typeof NODE_PORTS): number => ports.get(NODE_PORTS[name]) ?? 0
  const own: NodeSettings = {
    ...settings,
    rpc: { ...settings.rpc, port: port('rpc') },
    p2p: { ...settings.p2p, host: '127.0.0.1', port: port('p2p') },
    metrics: { cometPort: port('cometMetrics'), appPort: port('appMetrics') },
    ...(settings.abci === 'unix' ? {} : { abci: port('abci') }),
  }
  writeFileSync(file, JSON.stringify(own), { mode: 0o600 })
}
