/**
 * What makes receipts on a test network of CometBFT nodes: the hosts of the validators and a gateway, each a process of its own
 * that talks to another node's RPC, and the developer's key. They are not what is killed here; their nodes are.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { ensureLocalDeveloper } from '../../../src/main/local-developer.ts'
import { findServerPorts } from '../../../src/main/network/free-port.ts'
import type { ReadyLine } from '../../../src/main/network/ready-line.ts'
import { parseReady } from '../../../src/main/network/ready-line.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../../src/main/system.ts'
import { decodeManifest, manifestHash } from '../../../src/models/manifest.ts'
import type { GenesisModel } from '../../../src/protocol/genesis.ts'
import type { CometNetwork } from '../comet/comet-network.ts'
import type { TestProcess } from '../comet/process.ts'
import { createTestProcess } from '../comet/process.ts'

const PROGRAM = fileURLToPath(new URL('../../../dist/node/tailrace.js', import.meta.url))
const MODELS = fileURLToPath(new URL('../../../models', import.meta.url))
const PRICE = 1_000_000_000n
/** At `dev` enough to count, and most of the machine is left. */
const DUTY_PPM = 10_000

export interface WorkProcesses {
  /** Folders of the hosts that execute orders. */
  readonly executors: readonly string[]
  readonly gatewayHome: string
  readonly openai: string
  readonly apiKey: string
  stop(): Promise<void>
}

/** What the network sells: the model that comes with the program. */
export function builtInGenesisModel(): GenesisModel {
  const manifest = decodeManifest(readFileSync(join(MODELS, 'whale-0.9m', 'manifest.json'), 'utf8'))
  return { id: manifest.id, manifestHash: manifestHash(manifest), contextTokens: manifest.contextTokens, price: PRICE }
}

/** `home`: of the network, which has `executors` validators or more. */
export async function startWorkProcesses(
  network: CometNetwork,
  home: string,
  executors: readonly number[] = [0, 1, 2, 3],
): Promise<WorkProcesses> {
  const homes = executors.map((index) => join(home, `owner-${index}`))
  const gatewayHome = join(home, 'gateway')
  const [port = 0] = await findServerPorts(1, SYSTEM_RNG)
  const rpcOf = (node: number): string => network.rpcUrls[node % network.rpcUrls.length] as string
  const { start, stop } = createMembers(join(home, 'logs'))
  try {
    const developer = { home: join(home, 'developer'), rpcUrl: rpcOf(0) }
    const components = { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER, rng: SYSTEM_RNG }
    const { apiKey } = await ensureLocalDeveloper(components, developer, new AbortController().signal)
    const shared = (bootstrap: readonly string[], models: string): string[] => [
      ...['--listen', '/ip4/127.0.0.1/tcp/0', '--models', models],
      ...bootstrap.flatMap((address) => ['--bootstrap', address]),
    ]
    const addresses: string[] = []
    for (const [position, index] of executors.entries()) {
      const args = [
        '--home',
        homes[position] as string,
        '--rpc',
        rpcOf(index),
        '--duty-ppm',
        String(DUTY_PPM),
        '--join',
      ]
      const { p2p = [] } = await start(`host-${index}`, 'host', [...args, ...shared(addresses, MODELS)])
      addresses.push(...p2p)
    }
    const args = ['--home', gatewayHome, '--rpc', rpcOf(3), '--port', String(port)]
    const { openai = '' } = await start('gateway', 'gateway', [...args, ...shared(addresses, join(home, 'models'))])
    return { executors: homes, gatewayHome, openai, apiKey, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Members {
  /** Resolves to the ready line of the process. */
  start(name: string, role: ReadyLine['role'], args: readonly string[]): Promise<ReadyLine>
  stop(): Promise<void>
}

function createMembers(logs: string): Members {
  mkdirSync(logs, { recursive: true })
  const started: TestProcess[] = []
  return {
    async start(name, role, args) {
      const readyLine = (text: string): ReadyLine | undefined =>
        text
          .split('\n')
          .flatMap((line) => parseReady(line) ?? [])
          .find((line) => line.role === role)
      const child = createTestProcess({
        name,
        command: process.execPath,
        args: [PROGRAM, role, ...args],
        logFile: join(logs, `${name}.log`),
        isReady: (text) => readyLine(text) !== undefined,
      })
      started.push(child)
      await child.start()
      return readyLine(child.printed()) as ReadyLine
    },
    async stop() {
      await Promise.all(started.map((child) => child.kill('SIGTERM')))
    },
  }
}
