/** The process behind `tailrace node`: the chain on an embedded engine with its RPC, until it is told to stop. */
import { join } from 'node:path'
import { createChainNode } from '../chain-node/chain-node.ts'
import { readGenesisFile } from '../chain-node/genesis-file.ts'
import { CodedError } from '../lib/coded-error.ts'
import type { Clock, Logger, Rng } from '../lib/runtime.ts'
import type { Genesis } from '../protocol/genesis.ts'
import { LOCAL_CHAIN_ID } from '../protocol/params.ts'
import { createNodeMonitor } from './metrics/node-monitor.ts'
import { VERSION } from './version.ts'

export interface NodeProcessOptions {
  readonly home: string
  readonly rpcPort: number
  /** Port of loopback for Prometheus; none where absent. */
  readonly metricsPort?: number | undefined
}

export interface NodeProcess {
  readonly rpcUrl: string
  /** Rejects with what broke the node. */
  readonly done: Promise<void>
  stop(): Promise<void>
}

/** Time that a person and the companions have before the first race of a new local network. */
const BEFORE_FIRST_RACE_MS = 16_000

/** Epoch 0 of a local network has nobody who could race yet, so it is made at once but for its end. */
function leadInHeightOf({ chainId, params }: Genesis): number {
  const left = Math.ceil(BEFORE_FIRST_RACE_MS / params.blockTimeMs)
  return chainId === LOCAL_CHAIN_ID ? Math.max(0, params.epochLength - left) : 0
}

/** @throws CodedError `no_genesis`, `invalid_genesis`, `port_taken` and the codes of the block store. */
export async function startNodeProcess(
  components: { readonly clock: Clock; readonly logger: Logger; readonly rng: Rng },
  options: NodeProcessOptions,
): Promise<NodeProcess> {
  const file = join(options.home, 'genesis.json')
  const genesis = readGenesisFile(file)
  if (genesis === undefined) {
    throw new CodedError('no_genesis', `no genesis at ${file}`, { fields: { file } })
  }
  const { metricsPort } = options
  const monitor = metricsPort === undefined ? undefined : createNodeMonitor(components, genesis.chainId)
  const node = createChainNode(
    { ...components, metrics: monitor?.metrics },
    {
      home: options.home,
      genesis,
      rpcPort: options.rpcPort,
      version: VERSION,
      leadInHeight: leadInHeightOf(genesis),
    },
  )
  const metrics = await monitor?.serve(metricsPort ?? 0)
  try {
    await node.start()
  } catch (error) {
    await metrics?.stop()
    throw error
  }
  return {
    rpcUrl: node.rpcUrl(),
    done: node.done,
    async stop() {
      await metrics?.stop()
      await node.stop()
    },
  }
}
