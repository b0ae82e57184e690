/**
 * A network of validators on this computer: of each the application, CometBFT and a host that races and owns the validator's key;
 * further hosts, whose weight the validators carry; a gateway. Each is a process of its own, kept alive from here, the same parts as on
 * machines of their own. Invariant: keys, genesis and ports are made once; a restart goes on with them.
 * Read next: plan.ts, homes.ts, ../../cometbft/comet-node.ts, ../supervisor.ts.
 */
import { join } from 'node:path'
import type { Clock, Logger, Rng } from '../../../lib/runtime.ts'
import { peerIdOfKey } from '../../../p2p/peer-key.ts'
import type { CometNode } from '../../cometbft/comet-node.ts'
import { startCometNode } from '../../cometbft/comet-node.ts'
import { createFileLogger } from '../../file-logger.ts'
import { loadPeerKey } from '../../gateway/gateway-process.ts'
import { loadOrCreateHostKeys } from '../../host-keys.ts'
import type { ChildStatus, SupervisedChild } from '../supervisor.ts'
import { superviseChild } from '../supervisor.ts'
import { settleHomes } from './homes.ts'
import type { ValidatorPlan } from './plan.ts'
import { gatewayHome, hostHome, validatorHome, validatorHostHome } from './plan.ts'

/** Peers that a host begins with; the others it hears of. */
const BOOTSTRAP_PEERS = 3

export interface ValidatorNetworkComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
}

export interface ValidatorNetworkOptions {
  readonly home: string
  readonly plan: ValidatorPlan
  /** How to run `tailrace`: the program and its first arguments. */
  readonly program: readonly [string, ...string[]]
  /** Path of CometBFT. */
  readonly cometbft: string
  readonly builtInModels: string
  readonly dutyPpm: number
  readonly onExit: (status: ChildStatus, exit: string) => void
}

export interface ValidatorNetwork {
  readonly chainId: string
  /** Of the validators, in order. */
  readonly rpcUrls: readonly string[]
  /** `http://127.0.0.1:port/v1` */
  readonly openaiUrl: string
  readonly bootstrap: readonly string[]
  statuses(): readonly ChildStatus[]
  /** Rejects where a node must not go on as it is (an upgrade is due). */
  readonly done: Promise<void>
  stop(): Promise<void>
}

/** Resolves when all are ready. @throws CodedError `child_failed`, `child_timeout` and those of the folders */
export async function startValidatorNetwork(
  components: ValidatorNetworkComponents,
  options: ValidatorNetworkOptions,
): Promise<ValidatorNetwork> {
  const { genesis } = await settleHomes(components, options)
  const nodes: CometNode[] = []
  const children: SupervisedChild[] = []
  const stop = async (): Promise<void> => {
    // Hosts and gateway first: they still talk to the chain while they stop.
    await Promise.all(children.map((child) => child.stop()))
    await Promise.all(nodes.map((node) => node.stop()))
  }
  try {
    const started = await Promise.allSettled(
      options.plan.validators.map(async (_validator, index) => {
        nodes[index] = await startNode(components, options, index)
      }),
    )
    throwFirst(started)
    const rpcUrls = nodes.map(({ rpcUrl }) => rpcUrl)
    const addresses = await peerAddresses(components, options)
    const specs = [...hostSpecs(options, rpcUrls, addresses), gatewaySpec(options, rpcUrls, addresses.hosts)]
    children.push(...specs.map((spec) => supervise(components, options, spec)))
    const ready = await Promise.all(children.map((child) => child.ready))
    const openaiUrl = ready.at(-1)?.openai ?? `http://127.0.0.1:${options.plan.gateway.api}/v1`
    const done = Promise.all(nodes.map((node) => node.done)).then(() => undefined)
    done.catch(() => {
      // Who does not look at it still has the log.
    })
    const statuses = (): readonly ChildStatus[] => [
      ...nodes.flatMap((node) => node.statuses()),
      ...children.map((child) => child.status()),
    ]
    const bootstrap = [...addresses.hosts, addresses.gateway]
    return { chainId: genesis.chainId, rpcUrls, openaiUrl, bootstrap, statuses, done, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function startNode(
  { clock, logger }: ValidatorNetworkComponents,
  { home, program, cometbft, onExit }: ValidatorNetworkOptions,
  index: number,
): Promise<CometNode> {
  const nodeHome = validatorHome(home, index)
  const cometLogger = createFileLogger({ folder: join(nodeHome, 'logs'), name: 'cometbft' })
  return startCometNode(
    { clock, logger, cometLogger },
    { name: `validator-${index + 1}`, home: nodeHome, program, binary: cometbft, onExit },
  )
}

/** All have ended one way or the other before the first failure is told: none is left behind. */
function throwFirst(results: readonly PromiseSettledResult<unknown>[]): void {
  for (const result of results) {
    if (result.status === 'rejected') {
      throw result.reason
    }
  }
}

interface ProcessSpec {
  readonly name: string
  readonly args: readonly string[]
}

function supervise(
  { clock, logger }: ValidatorNetworkComponents,
  { program, onExit }: ValidatorNetworkOptions,
  { name, args }: ProcessSpec,
): SupervisedChild {
  const [command, ...first] = program
  return superviseChild({ name, command, args: [...first, ...args] }, { clock, logger, onExit })
}

interface PeerAddresses {
  /** Of the validators' hosts, then of the further ones. */
  readonly hosts: readonly string[]
  readonly gateway: string
}

async function peerAddresses(
  { rng }: ValidatorNetworkComponents,
  { home, plan }: ValidatorNetworkOptions,
): Promise<PeerAddresses> {
  const members = [
    ...plan.validators.map(({ hostP2p }, index) => ({ folder: validatorHostHome(home, index), port: hostP2p })),
    ...plan.hosts.map(({ p2p }, index) => ({ folder: hostHome(home, index), port: p2p })),
  ]
  const hosts = await Promise.all(
    members.map(async ({ folder, port }) => {
      const peerId = await peerIdOfKey(loadOrCreateHostKeys(folder, rng).peerKey)
      return `/ip4/127.0.0.1/tcp/${port}/p2p/${peerId}`
    }),
  )
  const gatewayId = await peerIdOfKey(loadPeerKey(gatewayHome(home), rng))
  return { hosts, gateway: `/ip4/127.0.0.1/tcp/${plan.gateway.p2p}/p2p/${gatewayId}` }
}

/** A validator's host asks its own node; the further ones are spread over the validators. */
function hostSpecs(
  { home, plan, dutyPpm, builtInModels }: ValidatorNetworkOptions,
  rpcUrls: readonly string[],
  addresses: PeerAddresses,
): ProcessSpec[] {
  const members = [
    ...plan.validators.map(({ hostP2p }, index) => {
      return { name: `validator-host-${index + 1}`, folder: validatorHostHome(home, index), port: hostP2p, rpc: index }
    }),
    ...plan.hosts.map(({ p2p }, index) => {
      return { name: `host-${index + 1}`, folder: hostHome(home, index), port: p2p, rpc: index % rpcUrls.length }
    }),
  ]
  return members.map(({ name, folder, port, rpc }, index) => {
    const around = [...addresses.hosts.slice(index + 1), ...addresses.hosts.slice(0, index)].slice(0, BOOTSTRAP_PEERS)
    const args = [
      'host',
      ...['--home', folder],
      ...['--rpc', rpcUrls[rpc] ?? ''],
      ...['--moniker', name],
      ...['--duty-ppm', String(dutyPpm)],
      ...['--models', builtInModels],
      ...['--listen', `/ip4/127.0.0.1/tcp/${port}`],
      ...[...around, addresses.gateway].flatMap((address) => ['--bootstrap', address]),
      '--join',
    ]
    return { name, args }
  })
}

function gatewaySpec(
  { home, plan }: ValidatorNetworkOptions,
  rpcUrls: readonly string[],
  hosts: readonly string[],
): ProcessSpec {
  const args = [
    'gateway',
    ...['--home', gatewayHome(home)],
    ...['--rpc', rpcUrls.at(-1) ?? ''],
    ...['--port', String(plan.gateway.api)],
    ...['--models', join(home, 'models')],
    ...['--listen', `/ip4/127.0.0.1/tcp/${plan.gateway.p2p}`],
    ...hosts.flatMap((address) => ['--bootstrap', address]),
  ]
  return { name: 'gateway', args }
}
