/**
 * A real local network of processes for tests of paid work: chain node, two companions, gateway, supervised as `tailrace start`
 * does it, without a screen. Both companions compute on the processor. Read next: work-audit.ts (whether its money adds up).
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChainClient } from '../../../src/chain-client/create-chain-client.ts'
import { connectChainClient } from '../../../src/chain-client/create-chain-client.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import type { ClosableChainPort } from '../../../src/main/chain-port.ts'
import { connectChainPort } from '../../../src/main/chain-port.ts'
import { storedDeveloperKey } from '../../../src/main/developer-key.ts'
import { loadOrCreateHostKeys } from '../../../src/main/host-keys.ts'
import { signerOfHostKeys } from '../../../src/main/keys/local-signer.ts'
import { ensureLocalDeveloper } from '../../../src/main/local-developer.ts'
import type { LocalNetwork } from '../../../src/main/network/local-network.ts'
import { memberHome, modelsFolder, startLocalNetwork } from '../../../src/main/network/local-network.ts'
import { loadNetworkPorts } from '../../../src/main/network/network-file.ts'
import type { SupervisedChild } from '../../../src/main/network/supervisor.ts'
import { superviseChild } from '../../../src/main/network/supervisor.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../../src/main/system.ts'
import { epochHeights } from '../../../src/protocol/params.ts'
import { waitFor } from '../wait-for.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PROGRAM = join(ROOT, 'dist', 'node', 'tailrace.js')
const MODELS = join(ROOT, 'models')
const COMPONENTS = { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER, rng: SYSTEM_RNG }
/** More than a companion races beside an app: its finds must count on a slow machine too, for who has no weight serves nobody. */
const DUTY_PPM = 50_000
/** Two epochs: so long may it take until a race has given weight back. */
const SERVING_DEADLINE_MS = 150_000

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface LocalGateway {
  readonly home: string
  readonly network: LocalNetwork
  /** `tailrace` and its first argument, as a process is started with it. */
  readonly program: readonly [string, string]
  readonly chain: ChainClient
  /** As an observer, whose own keys hold nothing. */
  readonly port: ClosableChainPort
  /** The local developer's, of the genesis. */
  readonly apiKey: string
  /** Process id of a member that runs. */
  pid(name: string): number | undefined
  /** `companion-1` …, by the owner address of its host. */
  nameOf(address: string): Promise<string>
  /** Runs a `tailrace` command to its end. */
  command(args: readonly string[]): Promise<CommandResult>
  /** A further gateway by hand, with a folder and a port of its own. */
  startGateway(name: string, port: number): SupervisedChild
  /** Resolves when `hosts` companions or more can be drawn, and that for `blocks` blocks: no race begins, no race is settled. */
  untilServing(blocks: number, hosts?: number): Promise<void>
  stop(): Promise<void>
}

export async function startLocalGateway(say: (line: string) => void): Promise<LocalGateway> {
  const home = mkdtempSync(join(tmpdir(), 'tailrace-gateway-'))
  const program = [process.execPath, PROGRAM] as const
  const stopping = new AbortController()
  const { ports } = await loadNetworkPorts(home, { rpcPort: 0 })
  const network = await startLocalNetwork(COMPONENTS, {
    home,
    ports,
    program,
    builtInModels: MODELS,
    companionDutyPpm: DUTY_PPM,
    onExit: ({ name }, exit) => say(`${name} stopped (${exit})`),
  })
  try {
    const developer = { home: memberHome(home, 'developer'), rpcUrl: network.rpcUrl }
    await ensureLocalDeveloper(COMPONENTS, developer, stopping.signal)
    const chain = await connectChainClient(COMPONENTS, { rpcUrl: network.rpcUrl }, stopping.signal)
    const keys = loadOrCreateHostKeys(join(home, 'observer'), SYSTEM_RNG)
    const port = await connectChainPort(
      COMPONENTS,
      { rpcUrl: network.rpcUrl, signer: signerOfHostKeys(keys) },
      stopping.signal,
    )
    return {
      home,
      network,
      program: [...program],
      chain,
      port,
      apiKey: storedDeveloperKey(developer.home)?.apiKey ?? '',
      pid: (name) => network.statuses().find((status) => status.name === name)?.pid,
      nameOf: async (address) => (await chain.host(address, stopping.signal))?.moniker ?? '',
      command: (args) => runCommand([...program, ...args]),
      startGateway: (name, port) => startGateway(name, port, { home, network, program }),
      untilServing: (blocks, hosts = 1) => untilServing(chain, blocks, hosts),
      async stop() {
        stopping.abort()
        chain.close()
        await port.close()
        await network.stop()
      },
    }
  } catch (error) {
    await network.stop()
    throw error
  }
}

export function removeFolder(home: string): void {
  rmSync(home, { recursive: true, force: true })
}

function runCommand([command, ...args]: readonly [string, ...string[]]): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}

function startGateway(
  name: string,
  port: number,
  { home, network, program }: Pick<LocalGateway, 'home' | 'network' | 'program'>,
): SupervisedChild {
  const [command, file] = program
  const args = [
    ...[file, 'gateway'],
    ...['--home', join(home, name)],
    ...['--rpc', network.rpcUrl],
    ...['--port', String(port)],
    ...['--listen', '/ip4/127.0.0.1/tcp/0'],
    ...['--models', modelsFolder(home)],
    ...network.bootstrap.flatMap((address) => ['--bootstrap', address]),
  ]
  return superviseChild({ name, command, args }, { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER })
}

/** While it races, a companion refuses orders; the settle may take the weight of both, and then nobody can be drawn. */
async function untilServing(chain: ChainClient, blocks: number, least: number): Promise<void> {
  const { signal } = new AbortController()
  const params = await chain.params(signal)
  await waitFor(
    `${least} hosts to be drawn, for ${blocks} blocks`,
    async () => {
      const { height, epoch } = await chain.epoch(signal)
      const { raceEndHeight, settleHeight, closeHeight } = epochHeights(params, Number(epoch))
      const now = Number(height)
      const end = now > settleHeight ? closeHeight : settleHeight - 1
      const isTime = now > raceEndHeight && now + blocks <= end
      const models = isTime ? await chain.work.models(signal) : []
      return models.length > 0 && models.every(({ hosts }) => hosts >= least)
    },
    { deadlineMs: SERVING_DEADLINE_MS, everyMs: 200 },
  )
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? Number.NaN) * 1_024
}
