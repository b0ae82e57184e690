/** One node of a test network: its folder, its keys and its two processes. Read next: comet-network.ts. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ValidatorKey } from '../../../src/chain-node/validator-key.ts'
import type { NodeAccount } from '../../../src/main/cometbft/comet-home.ts'
import { openIdentity, prepareNodeHome } from '../../../src/main/cometbft/comet-home.ts'
import type { CometStatus } from '../../../src/main/cometbft/comet-rpc.ts'
import { cometStatus, isRpcUp } from '../../../src/main/cometbft/comet-rpc.ts'
import type { NodeSettings } from '../../../src/main/cometbft/node-settings.ts'
import { rpcUrlOf } from '../../../src/main/cometbft/node-settings.ts'
import type { HostKeys } from '../../../src/main/host-keys.ts'
import { parseReady } from '../../../src/main/network/ready-line.ts'
import { SYSTEM_RNG } from '../../../src/main/system.ts'
import type { ProcessSpec, TestProcess } from './process.ts'
import { createTestProcess } from './process.ts'

const PROGRAM = fileURLToPath(new URL('../../../src/cli/tailrace.ts', import.meta.url))

export interface CometTestNode {
  readonly index: number
  readonly home: string
  readonly rpcUrl: string
  /** Prometheus of CometBFT, and the port kept for the application's. */
  readonly metrics: NodeSettings['metrics']
  readonly nodeId: string
  readonly validatorKey: ValidatorKey
  readonly account: NodeAccount
  /** Keys of the host that owns the validator in the genesis; undefined for a full node. */
  readonly owner: HostKeys | undefined
  readonly app: TestProcess
  readonly comet: TestProcess
  status(): Promise<CometStatus>
}

/** How the processes of the nodes are started. */
export interface LaunchOptions {
  /** Further arguments of `tailrace node app` for node i. */
  readonly appArguments?: (node: number) => readonly string[]
  /** Puts something before the command of a process (`app-2`, `comet-2`): `faketime`, `ip netns exec …`. */
  readonly wrap?: (process: string, command: readonly string[]) => readonly string[]
  readonly env?: (process: string) => Readonly<Record<string, string>>
  /** Instead of the source: a built `tailrace.js`. */
  readonly program?: string
}

interface NodeParts {
  readonly index: number
  readonly home: string
  readonly logs: string
  readonly binary: string
  readonly owner: HostKeys | undefined
  readonly options: LaunchOptions
}

export function createNode({ index, home, logs, binary, owner, options }: NodeParts): CometTestNode {
  const { settings } = prepareNodeHome(home)
  const identity = openIdentity(home, SYSTEM_RNG)
  const rpcUrl = rpcUrlOf(settings)
  const makeProcess = (name: string, command: readonly string[], isReady: ProcessSpec['isReady']): TestProcess => {
    const [program = '', ...args] = options.wrap?.(name, command) ?? command
    const logFile = join(logs, `${name}.log`)
    writeFileSync(logFile, '', { flag: 'a' })
    return createTestProcess({ name, command: program, args, env: options.env?.(name) ?? {}, logFile, isReady })
  }
  const appCommand = [process.execPath, options.program ?? PROGRAM, 'node', 'app', '--home', home]
  const isAppReady = (text: string): boolean => text.split('\n').some((line) => parseReady(line)?.role === 'app')
  return {
    index,
    home,
    rpcUrl,
    metrics: settings.metrics,
    ...identity,
    owner,
    app: makeProcess(`app-${index}`, [...appCommand, ...(options.appArguments?.(index) ?? [])], isAppReady),
    comet: makeProcess(`comet-${index}`, [binary, 'start', '--home', home], () => isRpcUp(rpcUrl)),
    status: () => cometStatus(rpcUrl),
  }
}
